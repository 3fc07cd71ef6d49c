/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Registration of a driver of a virtio device type. The type is data: a new one is a new driver,
 * and no file under lib/ changes. For drivers inside this tree; not installed.
 */
#ifndef KICKLESS_DRIVER_DRIVER_H
#define KICKLESS_DRIVER_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kickless/device.h>
#include <kickless/features.h>
#include <kickless/version.h>

/**
 * A prerequisite of a feature bit: bit is accepted only together with all bits in needed or, with
 * any, with at least one of them.
 */
struct kl_feature_rule {
	unsigned int bit;
	bool any;
	uint8_t needed_count;
	uint8_t needed[4];
};

/**
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

/**
 * A driver of one or more device types. Callbacks run on the device's control thread. Those that
 * return int return 0, or -errno after a message.
 */
struct kl_driver {
	const char *name; /* the type's name in a device's name, TYPE@N */
	const uint32_t *types; /* virtio device types, ended by 0 */

	/* Names of the type's own feature bits, ended by a NULL name. */
	const struct kl_feature_name *feature_names;
	/*
	 * Options that are a word for one feature, KEY=1 insists, KEY=0 declines; as feature_names.
	 */
	const struct kl_feature_name *feature_keys;
	const struct kl_feature_rule *feature_rules; /* prerequisites, ended by needed_count 0 */

	/*
	 * Takes the device, which has been reset; offered features and configuration may be read.
	 */
	int (*probe)(struct kl_device *device);
	/* Returns the device, which has been stopped. */
	void (*remove)(struct kl_device *device);
	const struct kl_driver_option *options; /* ended by a NULL key; NULL: none */
	/* The key that devices of the type are found by (TYPE:KEY=VALUE); NULL: none. */
	const char *name_key;
	/*
	 * True when key=value names this device. Writes the value that it has to own, as it is to
	 * be given, "" when it has none. NULL without name_key.
	 */
	bool (*is_named)(struct kl_device *device, const char *key, const char *value, char *own,
		size_t size);
	/* The device's configuration changed. May be NULL. */
	void (*config_changed)(struct kl_device *device);

	/*
	 * The life cycle: see kickless/driver/lifecycle.h. The gates are closed during these, but
	 * for the last three: no queue thread is within a call, nor can it enter one.
	 */

	/*
	 * First step of a start, not of a recovery: checks and keeps conf, frees the memory of the
	 * last start, makes the records of queues and adds their gates (kl_device_gate_add).
	 */
	int (*configure)(struct kl_device *device, const void *conf);
	/*
	 * Negotiates features (kl_device_negotiate), reads what they make of the configuration.
	 * After -ERESTART the device is reset, and it is called once more: it knows now what it
	 * must not accept.
	 */
	int (*negotiate)(struct kl_device *device);
	/*
	 * Creates queues (kl_device_queue_add) and fills those that the device takes buffers from.
	 */
	int (*create_queues)(struct kl_device *device);
	/*
	 * After DRIVER_OK: makes the kick decisions for buffers added before it, sets again in the
	 * device what it forgot at its reset. May be NULL. In a recovery -EAGAIN means that nothing
	 * answers yet: a back end that can be connected to again is waited for.
	 */
	int (*replay)(struct kl_device *device);
	/* Before a reset: takes what the device has completed from its queues. May be NULL. */
	void (*quiesce)(struct kl_device *device);
	/*
	 * After a reset whose status read 0, or when the device is gone: reclaims all buffers that
	 * were in flight. The queues are freed afterwards. Those that were never made do not exist
	 * (kl__queue_exists).
	 */
	void (*drain)(struct kl_device *device);
	/*
	 * True when memory of the application that the device may use now lies within the size
	 * bytes at address, the CPU's. The device runs, is halted or is lost; nothing is changed.
	 * NULL: the device is given no memory but that of kl_device_dma_alloc.
	 */
	bool (*uses_memory)(struct kl_device *device, const void *address, size_t size);
	/*
	 * The gates are closed to all but completions that are kept: the device is away or has
	 * failed, and has no queues now. A NIC's link is down. May be NULL.
	 */
	void (*halted)(struct kl_device *device);
	/* Writes the type's name of a queue, such as "receive queue 0". NULL: "queue 0". */
	void (*name_queue)(uint16_t index, char *text, size_t size);
	/* Wakes threads that sleep on a queue's eventfd; the gates may be open. May be NULL. */
	void (*wake)(struct kl_device *device);

	struct kl_driver *next; /* of those registered */
};

/** Adds a driver. Called before main by KL_DRIVER. Thread: control. */
KL_API void kl_driver_register(struct kl_driver *driver);

#define KL_DRIVER(driver) \
	__attribute__((constructor)) static void register_##driver(void) \
	{ \
		kl_driver_register(&driver); \
	}

/** The driver of a virtio device type, NULL when there is none. Thread: any. */
KL_API const struct kl_driver *kl_driver_find_type(uint32_t type);
/** The driver of this name, NULL when there is none. Thread: any. */
KL_API const struct kl_driver *kl_driver_find_name(const char *name);
/**
 * The registered drivers: the first for NULL, then the one after driver; NULL at the end. Thread:
 * any.
 */
KL_API const struct kl_driver *kl_driver_next(const struct kl_driver *driver);

/** Keeps the driver's own record of a device. Thread: control. */
KL_API void kl_device_private_set(struct kl_device *device, void *private_data);
/** The driver's own record of a device. Thread: any. */
KL_API void *kl_device_private(const struct kl_device *device);

#endif
