/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other side of kickless/device.h: what a driver of a device type registers, and the steps of a
 * device's life that it goes through. The type is data, so a new one is a new driver and nothing
 * else.
 *
 * Life of a device, virtio 1.x, 3.1:
 *	(opening)		reset, ACKNOWLEDGE, DRIVER, offered features read, driver->probe
 *	kl_device_negotiate	features written, FEATURES_OK written and read back
 *	kl_device_interrupts_enable	optional
 *	kl_device_queue_add	once per queue: memory, addresses, enable
 *	kl_device_run		DRIVER_OK
 *	kl_device_reset		status 0, waited for; the queues are gone, then ACKNOWLEDGE and
 * DRIVER again
 *
 * Threads: a device has one control thread at a time.
 */
#ifndef KICKLESS_BUS_H
#define KICKLESS_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kickless/device.h>
#include <kickless/features.h>
#include <kickless/queue.h>
#include <kickless/version.h>

/*
 * bit is accepted only together with all bits in needed, or, if any is set, with at least one of
 * them.
 */
struct kl_feature_rule {
	unsigned int bit;
	bool any;
	uint8_t needed_count;
	uint8_t needed[4];
};

/*
 * One key=value of a device's name that a driver knows, besides feature_keys. It is checked before
 * the device is touched.
 */
struct kl_driver_option {
	const char *key;
	const char *allowed; /* the legal values, for messages */
	bool (*is_valid)(const char *value);
	/* Takes a valid value, after probe. */
	void (*apply)(struct kl_device *device, const char *value);
};

struct kl_driver {
	const char *name; /* how a person names the type */
	const uint32_t *types; /* virtio device types, ended by 0 */

	const struct kl_feature_name
		*feature_names; /* of the type's own bits, ended by a NULL name */
	/*
	 * Keys that are short words for one feature, KEY=1 insists, KEY=0 declines; as
	 * feature_names.
	 */
	const struct kl_feature_name *feature_keys;
	const struct kl_feature_rule *feature_rules; /* prerequisites, ended by needed_count 0 */

	/* Takes the device; features and configuration may be read. 0 or -errno after a message. */
	int (*probe)(struct kl_device *device);
	/* Gives it back; the device has been stopped by then. */
	void (*remove)(struct kl_device *device);
	const struct kl_driver_option *options; /* ended by a NULL key; NULL: none */
	/* The key that devices of the type are found by (TYPE:KEY=VALUE); NULL: none. */
	const char *name_key;
	/* Whether key=value names this device. NULL without name_key. */
	bool (*is_named)(struct kl_device *device, const char *key, const char *value);
	/* The device told of a configuration change. Control thread. May be NULL. */
	void (*config_changed)(struct kl_device *device);

	struct kl_driver *next; /* the bus's */
};

/* Adds a driver; called before main by KL_DRIVER. */
KL_API void kl_driver_register(struct kl_driver *driver);

#define KL_DRIVER(driver) \
	__attribute__((constructor)) static void register_##driver(void) \
	{ \
		kl_driver_register(&driver); \
	}

KL_API const struct kl_driver *kl_driver_find_type(uint32_t type);
KL_API const struct kl_driver *kl_driver_find_name(const char *name);
/* The registered drivers: the first for NULL, then the one after; NULL at the end. */
KL_API const struct kl_driver *kl_driver_next(const struct kl_driver *driver);

KL_API void kl_device_private_set(struct kl_device *device, void *private_data);
KL_API void *kl_device_private(const struct kl_device *device);

/* What the user asked for in the device's name; 0 where nothing was said. */
struct kl_device_options {
	uint16_t queues;
	uint16_t queue_size;
	bool kick_given;
	struct kl_kick_policy kick;
	struct kl_features insisted; /* +NAME and key=1: refused when not offered */
	struct kl_features declined; /* -NAME and key=0 */
};
KL_API const struct kl_device_options *kl_device_options(const struct kl_device *device);

/*
 * Offers wanted to the device: accepted = offered and wanted, minus what the user declined and what
 * lacks its prerequisites; the bits that belong to transport and rings are the core's own business
 * and need not be in wanted. Returns 0, -ENOTSUP when the user insisted on a bit that can't be had,
 * -EPROTO when the device refuses the set (FEATURES_OK reads back clear), -EIO when it is gone.
 * After an error the device has FAILED set and needs kl_device_reset. Spec 2.2, 3.1.1.
 */
KL_API int kl_device_negotiate(struct kl_device *device, const struct kl_features *wanted);

KL_API bool kl_device_offers(const struct kl_device *device, unsigned int bit);
KL_API bool kl_device_has(const struct kl_device *device, unsigned int bit); /* accepted */

/*
 * Connects interrupts to eventfds: vector 0 for configuration changes (kl_device_event_fd), vectors
 * 1 to queues for used buffers (conf.vector below). After kl_device_negotiate and before the first
 * kl_device_queue_add; again after each reset, and then with the same number of queues the eventfds
 * stay the same. 0; -ENOTSUP when the device has not so many: then perhaps only vector 0 works, or
 * none, and the caller polls.
 */
KL_API int kl_device_interrupts_enable(struct kl_device *device, uint16_t queues);
/* The eventfd of a queue's vector, -1 when there is none. */
KL_API int kl_device_queue_event_fd(const struct kl_device *device, uint16_t vector);

/*
 * One field of the configuration space: width 1, 2, 4 or 8 bytes at offset, count of them in a row.
 */
struct kl_config_field {
	uint16_t offset;
	uint8_t width;
	uint8_t count;
	void *value; /* count integers of that width */
};

/*
 * Reads fields so that all belong to one state of the device: between two equal generation counts,
 * or, on a legacy device, twice with the same result. Natural widths, 64 bits as two halves.
 * Returns 0, -ENODATA when a field lies beyond the device's configuration space, -EPROTO when the
 * device never holds still (100 tries), -EIO when it is gone. Spec 2.5, 4.1.3.1.
 */
KL_API int kl_device_config_read(struct kl_device *device, const struct kl_config_field *fields,
	size_t count);

/* Bytes of configuration space: a feature whose field lies beyond is best not accepted (2.5.1). */
KL_API size_t kl_device_config_size(const struct kl_device *device);

/* Writes one field of 1, 2 or 4 bytes. 0, -ENODATA. */
KL_API int kl_device_config_write(struct kl_device *device, uint16_t offset, uint8_t width,
	uint32_t value);

struct kl_queue_conf {
	uint16_t index; /* the queue's number in the device's type */
	uint16_t size; /* entries; 0 takes the user's queue_size or the device's maximum */
	uint16_t indirect_entries; /* per buffer, 0 for no indirect tables; cut to the queue's size
				    */
	bool chained; /* buffers of several ring descriptors will be added */
	uint16_t vector; /* interrupt vector from 1; 0: none, the queue is only polled */
	bool is_supply; /* buffers lie there until the device needs them, as for receiving: always
			 * eager, and that nothing moves says nothing */
	/*
	 * With buffers in flight and no progress for so long, as far as the queue is polled, the
	 * queue is broken (KL_QUEUE_STALLED); 0: the device may take as long as it likes.
	 */
	uint32_t stall_ms;
	struct kl_kick_policy kick; /* the user's kick= has precedence */
};

/*
 * How many queues the device has now (may depend on the accepted features), and their largest
 * sizes.
 */
KL_API uint16_t kl_device_queue_count(struct kl_device *device);
KL_API uint16_t kl_device_queue_max_size(struct kl_device *device, uint16_t index);

/*
 * False where the other side offers features of control queues but knows the data queues only: a
 * vhost-user back end counts on a hypervisor for them.
 */
KL_API bool kl_device_has_control_queues(const struct kl_device *device);

/*
 * Allocates the queue's memory on the device's NUMA node, and enables it. The device owns it until
 * kl_device_reset. Returns 0, or after a message -EINVAL (size not legal, too large, no such
 * queue), -ENOMEM, -EPROTO (the device refuses it), -EBUSY (enabled already).
 */
KL_API int kl_device_queue_add(struct kl_device *device, const struct kl_queue_conf *conf,
	struct kl_queue **queue);

/*
 * Stops one queue while the others run (RING_RESET): waits, at most 5 s, until the device has let go
 * of it. Nobody may use the queue meanwhile; afterwards what was in flight can be drained. 0; after a
 * message -ENOTSUP without the feature, -EPROTO or -EIO when the device breaks the rules or is gone,
 * -ETIMEDOUT when it never lets go: then only kl_device_reset helps. Spec 2.6.1.
 */
KL_API int kl_device_queue_stop(struct kl_device *device, struct kl_queue *queue);

/*
 * Starts it again, empty, with the size and the counters it had. What was in flight at the stop must
 * have been drained. 0; -EPROTO, after a message, when the device refuses it.
 */
KL_API int kl_device_queue_start(struct kl_device *device, struct kl_queue *queue);

/*
 * Start-up failed: tells the device that it was given up (FAILED). What helps is kl_device_reset.
 * Spec 2.1.
 */
KL_API void kl_device_fail(struct kl_device *device);

/*
 * DRIVER_OK: the device may work now. 0, -EPROTO when it asks for a reset at once, -EIO when gone.
 */
KL_API int kl_device_run(struct kl_device *device);

/*
 * Stops the device by a reset and waits, at most 5 s, until it reads back 0; then frees the queues.
 * Buffers that were in flight must be taken from the queues after the status read 0, so this calls
 * take(context) in between; take may be NULL. When the wait ends without success the queues' memory
 * and the buffers in them are abandoned on purpose (the device may still write them), take is not
 * called, and -ETIMEDOUT is returned: the device can't be used again.
 * -EAGAIN: the device is a back end that has gone away; the queues are gone too, but until a later
 * call of this function has returned 0, which it does when the back end is there again, nothing else
 * may be done. -EIO: it has left the bus. -EPROTO: something is there again, but unusable.
 */
KL_API int kl_device_reset(struct kl_device *device, void (*take)(void *context), void *context);

/*
 * Whether one more recovery of a running device is within the budget, and takes it: three within a
 * minute, since a device that needs more is not worth the work. No message.
 */
KL_API bool kl_device_take_recovery(struct kl_device *device);
/* The application starts the device: what it needed before is forgiven. */
KL_API void kl_device_renew_recoveries(struct kl_device *device);

/*
 * Reads the status: true when the device asks for a reset, has left the bus, or does not run any more although kl_device_run
 * let it. Costs an exit.
 */
KL_API bool kl_device_needs_reset(struct kl_device *device);

/*
 * Memory that the device can reach, zeroed, contiguous for it, on its node. Align: a power of two.
 */
struct kl_dma {
	void *memory;
	uint64_t iova;
	size_t size;
};
KL_API int kl_device_dma_alloc(struct kl_device *device, size_t size, size_t align,
	struct kl_dma *dma);
KL_API void kl_device_dma_free(struct kl_device *device, struct kl_dma *dma);

/* Whether bus addresses equal virtual ones, for all memory that devices can reach; constant. */
KL_API bool kl_device_iova_is_virtual(const struct kl_device *device);

/* Of the CPU's cycle counter, which the rings use as their clock. */
KL_API uint64_t kl_device_ticks_per_second(const struct kl_device *device);

/*
 * The bus address of the application's memory. Returns how many bytes from address on are
 * contiguous for the device, at most size; 0 when the memory is not the device's to reach (neither
 * EAL's nor registered). A few instructions where bus addresses equal virtual ones. Any thread.
 * Spec 2.7.5: bus addresses.
 */
KL_API size_t kl_device_translate(const struct kl_device *device, const void *address, size_t size,
	uint64_t *iova);

#endif
