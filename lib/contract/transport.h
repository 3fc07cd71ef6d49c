/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of a transport: a way to reach one virtio device, whatever its type. The order of
 * the calls, the waiting and the checks between them are the core's; a transport only reads and
 * writes. It sees three addresses per queue and does not know a split ring from a packed one.
 */
#ifndef KL_CONTRACT_TRANSPORT_H
#define KL_CONTRACT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kickless/features.h>

#include "contract/registers.h"
#include "ring/notifier.h"

struct kl__transport;

struct kl__queue_setup {
	uint16_t index;
	uint16_t size;
	/*
	 * Bus addresses: the descriptor area, the driver area, the device area (virtio 1.x, 2.6).
	 */
	uint64_t desc;
	uint64_t driver;
	uint64_t device;
	/* MSI-X vector for used buffers, or -1 for none. */
	int vector;
};

struct kl__transport_ops {
	const char *name;

	void (*get_features)(struct kl__transport *transport, struct kl_features *offered);
	void (*set_features)(struct kl__transport *transport, const struct kl_features *accepted);
	uint8_t (*get_status)(struct kl__transport *transport);
	void (*set_status)(struct kl__transport *transport, uint8_t status);

	/* NULL where the transport has none (legacy). */
	uint32_t (*config_generation)(struct kl__transport *transport);
	/* width 1, 2 or 4; the core has checked offset and width against config_size. */
	uint32_t (
		*config_read)(struct kl__transport *transport, uint32_t offset, unsigned int width);
	void (*config_write)(struct kl__transport *transport, uint32_t offset, unsigned int width,
		uint32_t value);

	uint16_t (*queue_count)(struct kl__transport *transport);
	/* 0: no such queue. */
	uint16_t (*queue_max_size)(struct kl__transport *transport, uint16_t index);
	bool (*queue_is_enabled)(struct kl__transport *transport, uint16_t index);
	/* Fills notifier. 0, -EPROTO after a message when the device's answers make no sense. */
	int (*queue_enable)(struct kl__transport *transport, const struct kl__queue_setup *setup,
		struct kl_notifier *notifier);

	/*
	 * Resets one queue while the others run (RING_RESET, 2.6.1). -EAGAIN while the device is
	 * at it, and then to be called again for the same queue; 0 when it has ended and the
	 * queue can be enabled anew; -EPROTO after a message when the device breaks the rules.
	 * NULL: it can't.
	 */
	int (*queue_reset)(struct kl__transport *transport, uint16_t index);

	/*
	 * Connects the n-th of vectors interrupt vectors to the eventfd fds[n]; 0 turns them off.
	 * To be called before queue_enable. -ENOTSUP when there are not so many. NULL: the
	 * transport has none.
	 */
	int (*set_interrupts)(struct kl__transport *transport, unsigned int vectors,
		const int *fds);
	/* Sets the vector of configuration changes. -EPROTO when the device refuses it. */
	int (*set_config_vector)(struct kl__transport *transport, unsigned int vector);

	/*
	 * A descriptor that is readable when something has happened to the device or its
	 * configuration, until event_take; the same for the transport's life. NULL: the vector
	 * for configuration changes does that.
	 */
	int (*event_fd)(struct kl__transport *transport);
	/*
	 * Takes what made event_fd readable, before the driver reads what has changed. False when
	 * nothing has happened: the configuration is as before, as far as is known, and the device
	 * requests no reset and has not gone. NULL where event_fd is NULL.
	 */
	bool (*event_take)(struct kl__transport *transport);
	/*
	 * False where not each change of the configuration makes event_fd readable: it has to be
	 * read from time to time. NULL where event_fd is NULL.
	 */
	bool (*reports_changes)(struct kl__transport *transport);
	/*
	 * For a device that can go away and come back as another process does. Called when the
	 * status reads as gone and no queue is known any more. 0 when it is back, as after a reset;
	 * -EAGAIN when it is not there now, without waiting or a message; -errno after a message
	 * when what is there can't be used. NULL: what is gone stays away.
	 */
	int (*reconnect)(struct kl__transport *transport);
	/*
	 * Checks whether another program has turned off that the device answers, or that it may
	 * write to memory, logs it, and turns it on again; for a device that was to run. -EIO
	 * without a message: it has left the bus. NULL: none of it can be turned off.
	 */
	int (*restore_command)(struct kl__transport *transport);
	/*
	 * The one interrupt of a device that has no vectors. intx_open returns a file descriptor,
	 * the transport's own, that becomes readable when it was raised, or -ENOTSUP.
	 * intx_acknowledge returns what it was raised for, KL__INTX_*, and lets it be raised again.
	 * NULL: there is none.
	 */
	int (*intx_open)(struct kl__transport *transport);
	unsigned int (*intx_acknowledge)(struct kl__transport *transport);

	/* Tests whether the system has requested the device's removal. NULL: it never does. */
	bool (*removal_requested)(struct kl__transport *transport);

	/*
	 * Lets threads go that the other side holds up within a notification, and ends the
	 * connection with one that does so. NULL: it can't hold up any.
	 */
	void (*release_threads)(struct kl__transport *transport);

	void (*close)(struct kl__transport *transport);
};

/* The two interfaces of virtio, one of which is to be used: virtio 1.x, 2.2.3. */
enum kl__interface {
	KL__INTERFACE_BEST, /* modern if the device has that, else legacy */
	KL__INTERFACE_MODERN,
	KL__INTERFACE_LEGACY,
};

/*
 * The time that any answer of a device may take, unless the option timeout_ms in its name sets
 * another. A device on a starved machine, or behind a slow processor of its own, answers after
 * seconds.
 */
#define KL__TIMEOUT_MS 10000

/* The values of transport options in a device's name. */
struct kl__transport_choice {
	enum kl__interface interface;
	enum kl__vfio_way vfio; /* of a PCI function */
	bool is_server; /* of a socket: this side listens */
	/* Of the file of a socket on which this side listens. */
	bool has_mode, has_group;
	uint16_t mode; /* permissions */
	uint32_t group; /* gid */
	/* The time that an answer to a message may take; 0: KL__TIMEOUT_MS. */
	unsigned int timeout_ms;
};

/* One key=value that a transport knows; a table of them ends with a NULL key. */
struct kl__transport_option {
	const char *key;
	const char *allowed; /* the legal values, for messages */
	/* Whether value is legal, which sets the choice. */
	bool (*parse)(const char *value, struct kl__transport_choice *choice);
};

/* The bits that intx_acknowledge returns, as the ISR status has them: virtio 1.x, 4.1.4.5. */
#define KL__INTX_QUEUE 1
#define KL__INTX_CONFIG 2

/* Legal values of quirks. */
#define KL__QUIRK_LEGACY 1 /* no VERSION_1, no FEATURES_OK, legacy rings: virtio 1.x, 2.2.3 */
#define KL__QUIRK_FIXED_QUEUE_SIZE 2 /* queues have the device's size: virtio 1.x, 4.1.5.1.3.1 */
#define KL__QUIRK_DATA_QUEUES_ONLY 4 /* the other side leaves control queues to a hypervisor */

struct kl__transport {
	const struct kl__transport_ops *ops;
	uint32_t type; /* virtio device type */
	uint32_t vendor; /* subsystem vendor on PCI */
	char name[64]; /* for a person, and stable */
	int numa_node; /* -1 when unknown */
	unsigned int quirks;
	uint16_t default_queue_size; /* taken when the user names no other; 0: the maximum */
	size_t config_size; /* bytes of device configuration space */

	/*
	 * Feature bits that are this transport's business and that it can deliver. Those that cost
	 * more than they give are accepted only when the user insists: the core knows which.
	 */
	struct kl_features features;
};

#endif
