/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Devices as an application sees them: open one by name, look at it, hand it to the API of its type
 * (each driver has a header of its own), close it.
 *
 * Threads: every function here belongs to one control thread at a time per device.
 */
#ifndef KICKLESS_DEVICE_H
#define KICKLESS_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kickless/features.h>
#include <kickless/queue.h>
#include <kickless/version.h>

struct kl_device;

struct kl_device_info {
	const char
		*name; /* the device's own, such as "0000:00:05.0"; lives as long as the device */
	const char *transport; /* "pci-modern", ... */
	const char *driver; /* the driver's name */
	uint32_t type; /* virtio device type, virtio 1.x section 5 */
	int numa_node; /* -1 when unknown */
	struct kl_features offered; /* by the device */
	struct kl_features accepted; /* by us; empty before the device was started */
};

/*
 * Opens the device that spec names, "NAME[,key=value...]":
 *	NAME	0000:00:05.0 or 00:05.0		a PCI function bound to vfio-pci
 *						or uio_pci_generic
 *		TYPE@N				the n-th such function of a type that a driver is linked
 * for, by address, from 0
 *		TYPE:KEY=VALUE			the one whose driver finds KEY equal to VALUE
 *		vhost-user:PATH			a back end that listens on this unix socket; with
 * server=1 we listen, and wait up to a minute for it to connect
 *	keys	type=NAME (what it has to be; for vhost-user needed, unless only one driver is
 * linked) queues=N queue_size=N event_idx=0|1 indirect=0|1 kick=eager|lazy:NS|auto
 *		legacy=0|1 (1: by the interface from before virtio 1.0, 0: not by that; without it
 * only if the device has no other)
 *		features=+NAME/-NAME (+ insists on it, - declines it), and those of the driver
 * On success the device is reset, owned by the caller and known to its driver; nothing runs yet.
 * kl_eal_init must have been called.
 * Returns 0, or after a message -EINVAL (spec), -ENODEV (absent, or not virtio), -ENOTSUP (no
 * driver for its type), -EBUSY (in use, by this process too, or bound to a kernel driver), -EACCES
 * (rights), -EIO, -EPROTO (the device breaks the specification), -ETIMEDOUT (it does not finish a reset), -ENOMEM.
 */
KL_API int kl_device_open(const char *spec, struct kl_device **device);

/*
 * Stops the device, resets it and gives everything back. The device's queues must not be in use by
 * another thread. NULL is allowed.
 */
KL_API void kl_device_close(struct kl_device *device);

KL_API const struct kl_device_info *kl_device_info(const struct kl_device *device);

/*
 * Whether the system wants the device back, as when it is unplugged: to be asked from time to time, at the cost of a
 * system call. Then stop it and close it; until that is done whoever unplugs it waits. Stays true.
 */
KL_API bool kl_device_removal_requested(const struct kl_device *device);

/*
 * Writes the names of the bits in set to text, separated by spaces, unknown bits as "bit-N"; always
 * terminated, cut where it does not fit. Returns text.
 */
KL_API char *kl_device_feature_names(const struct kl_device *device, const struct kl_features *set,
	char *text, size_t size);

/*
 * An eventfd that becomes readable when the device's configuration changed: link, capacity, a wish
 * to be reset; -1 when the device has no interrupt for it or was not started yet. Add it to a poll
 * loop, and call kl_device_event_handle when it is readable.
 */
KL_API int kl_device_event_fd(const struct kl_device *device);

/*
 * Empties the eventfd and lets the driver look at what changed (reads registers, so each call costs
 * exits). May also be called from time to time where there is no eventfd.
 */
KL_API void kl_device_event_handle(struct kl_device *device);

#endif
