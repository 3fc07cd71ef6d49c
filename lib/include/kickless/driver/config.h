/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The device configuration space, for drivers inside this tree; not installed. virtio 1.x, 2.5.
 */
#ifndef KICKLESS_DRIVER_CONFIG_H
#define KICKLESS_DRIVER_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include <kickless/device.h>
#include <kickless/version.h>

/** One field: count integers of width 1, 2, 4 or 8 bytes at offset, read to value. */
struct kl_config_field {
	uint16_t offset;
	uint8_t width;
	uint8_t count;
	void *value;
};

/**
 * Reads fields so that all belong to one state of the device: between two equal generation counts
 * or, on a legacy device, twice with the same result. Natural widths; 64 bits as two halves.
 *
 * Thread: control.
 * Returns: 0; -ENODATA, a field lies beyond the configuration space; after a message -EPROTO, the
 * device changed it at each of 100 tries (10 without a generation) or took longer than its
 * timeout_ms for all of it; -EAGAIN instead of that in a recovery, where the back end can be
 * connected to again; -EIO, it is gone.
 * Spec: 2.5, 4.1.3.1.
 */
KL_API int kl_device_config_read(struct kl_device *device, const struct kl_config_field *fields,
	size_t count);

/**
 * Bytes of configuration space: a feature whose field lies beyond it is not accepted. Thread: any.
 * Spec: 2.5.1.
 */
KL_API size_t kl_device_config_size(const struct kl_device *device);

/** Writes one field of 1, 2 or 4 bytes. Thread: control. Returns: 0, -ENODATA. */
KL_API int kl_device_config_write(struct kl_device *device, uint16_t offset, uint8_t width,
	uint32_t value);

#endif
