/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Devices for applications: open one by name, read what it is, hand it to the API of its type (each
 * driver has a header of its own), close it.
 *
 * Threads: a device has one control thread at a time, which alone calls what changes the device.
 * "Any" thread may call the rest from kl_device_open's return to kl_device_close.
 *
 *	function			thread	states		returns
 *	kl_device_open, _open_typed	control	-		0 or -errno
 *	kl_device_close			control	all		nothing
 *	kl_device_info, _options,	any	all		what is constant
 *	  _has_control_queues, _feature_names
 *	kl_device_state			any	all		the state
 *	kl_device_offers, _has		control	all		a feature bit; _has: last start's
 *	kl_device_removal_requested	control	all		whether to close it soon
 *	kl_device_event_fd		control	all		-1 before the first start
 *	kl_device_event_is_due		control	all		whether to call the next
 *	kl_device_event_handle		control	all		nothing
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

/** The state of a device, whatever its type. */
enum kl_device_state {
	KL_DEVICE_STOPPED, /* it has no queues; it can be started */
	KL_DEVICE_RUNNING,
	/*
	 * It broke a rule, a request is late, it requests a reset, or it has gone. The queue that
	 * broke stands still, the others at the latest from the recovery on. A function of its type
	 * recovers it.
	 */
	KL_DEVICE_HALTED,
	KL_DEVICE_AWAY, /* its back end has gone; a recovery connects to it again */
	KL_DEVICE_FAILED, /* a recovery did not succeed; it can be started anew */
	/*
	 * A reset did not end, so the device may still write to the memory of its queues and to the
	 * buffers in them, which are kept for ever. It can only be closed.
	 */
	KL_DEVICE_LOST,
};

/** The description of a device. */
struct kl_device_info {
	const char *name; /* its own, such as "0000:00:05.0" */
	const char *transport; /* "pci-modern", ... */
	const char *driver; /* the driver's name */
	uint32_t type; /* virtio device type, virtio 1.x section 5 */
	int numa_node; /* -1 when unknown */
	/*
	 * The way that it is reached: "vfio group 5", "iommufd", "vfio no-iommu", "uio", "mmio" or
	 * "vhost-user".
	 */
	const char *access;
	/*
	 * It reaches its own rings and headers and what was granted or registered, and no other
	 * memory: see kickless/memory.h.
	 */
	bool is_isolated;
	struct kl_features offered; /* by the device */
	struct kl_features accepted; /* by us; empty before the device was started */
};

/** Legal values of the option isolate. */
enum kl_isolate {
	KL_ISOLATE_NO,
	KL_ISOLATE_YES, /* refused where it is not possible */
	KL_ISOLATE_AUTO, /* where it is possible; else a notice has the reason */
};

/** The options in a device's name; 0 where it has none. */
struct kl_device_options {
	uint16_t queues;
	uint16_t queue_size;
	uint32_t timeout_ms; /* that an answer of the device may take */
	enum kl_isolate isolate;
	bool kick_given;
	struct kl_kick_policy kick;
	struct kl_features insisted; /* +NAME and key=1: refused when not offered */
	struct kl_features declined; /* -NAME and key=0 */
};

/**
 * Opens the device that spec names, "NAME[,key=value...]". kl_eal_init must have been called.
 *
 *	NAME	0000:00:05.0 or 00:05.0	a PCI function bound to vfio-pci or uio_pci_generic
 *		TYPE@N			the N-th such function of a type that has a driver in this
 *					program, by address, from 0
 *		TYPE:KEY=VALUE		the one whose driver finds KEY equal to VALUE
 *		mmio:0xADDRESS		the device whose MMIO registers are at this physical address
 *		vhost-user:PATH		a back end that listens on this unix socket; with
 *					server=1 we listen, and wait up to a minute for it
 *					to connect; then mode=OCTAL and group=NAME set the
 *					permissions and the group of the socket's file; 0600
 *					without them, 0660 with a group alone
 *	keys	type=NAME		what it has to be; needed for vhost-user, unless the program
 *					has one driver only or opens it by kl_device_open_typed
 *		queues=N queue_size=N event_idx=0|1 indirect=0|1 packed=0|1 in_order=0|1
 *		kick=eager|lazy:NS|auto
 *		timeout_ms=N		the time that any answer of the device may take: to a reset,
 *					a control command, a request for its serial number, a
 *					vhost-user message; from 100 to 600000, by default 10000
 *		legacy=0|1		1: by the interface from before virtio 1.0; 0: not by that;
 *					without it only if the device has no other
 *		vfio=auto|group|cdev	of a PCI function, the way through VFIO: by its IOMMU group,
 *					or by its own file and /dev/iommu where they can be opened
 *		isolate=0|1|auto	1: none of EAL's memory is reached, but rings and headers
 *				and what was granted or registered (kickless/memory.h). Needs
 *				an IOMMU or vhost-user; auto: where that is possible
 *		features=+NAME/-NAME	+ insists on a feature, - declines it
 *		and those of the driver
 *
 * Thread: control.
 * Ownership: the caller owns the device, which has been reset and is stopped.
 * Returns: 0; after a message -EINVAL (spec), -ENODEV (absent, or not virtio), -ENOTSUP (no driver
 * for its type; it can't be isolated), -EBUSY (in use, by this process too, or bound to a kernel
 * driver), -EACCES (rights), -EIO, -EPROTO (it breaks the specification), -ETIMEDOUT (its reset
 * does not end), -ENOMEM (also when memory can't be mapped for it).
 */
KL_API int kl_device_open(const char *spec, struct kl_device **device);

/**
 * Opens a device as kl_device_open does, for a program that drives one type. That type, by the name
 * of its driver, is taken for a device behind a socket (vhost-user:PATH) whose name has no type=.
 * Any other device has the type that it shows. NULL: as kl_device_open.
 *
 * Thread: control.
 * Ownership: as kl_device_open.
 * Returns: as kl_device_open.
 */
KL_API int kl_device_open_typed(const char *spec, const char *type, struct kl_device **device);

/**
 * Stops the device, resets it and frees all that it has. No other thread may use it. NULL is
 * allowed. Thread: control.
 */
KL_API void kl_device_close(struct kl_device *device);

/** The description of the device, which lives as long as the device. Thread: any. */
KL_API const struct kl_device_info *kl_device_info(const struct kl_device *device);

/** The options in the device's name. They live as long as the device. Thread: any. */
KL_API const struct kl_device_options *kl_device_options(const struct kl_device *device);

/** The state of the device. Costs one load. Thread: any. */
KL_API enum kl_device_state kl_device_state(const struct kl_device *device);

/** True when the device offers a feature. Thread: control. */
KL_API bool kl_device_offers(const struct kl_device *device, unsigned int bit);
/** True when a feature was accepted at the last start. Thread: control. */
KL_API bool kl_device_has(const struct kl_device *device, unsigned int bit);

/**
 * False where the other side offers features of control queues but knows data queues only: a
 * vhost-user back end leaves control queues to a hypervisor. Thread: any.
 */
KL_API bool kl_device_has_control_queues(const struct kl_device *device);

/**
 * True when the system requests that the device is removed, as when it is unplugged. To be called
 * from time to time; costs a system call. Then stop and close the device: until that is done the
 * program that unplugs it waits. Stays true. Thread: control.
 */
KL_API bool kl_device_removal_requested(const struct kl_device *device);

/**
 * Writes the names of the bits in set to text, separated by spaces, unknown bits as "bit-N". It is
 * always terminated, and cut where it does not fit. Thread: any. Returns: text.
 */
KL_API char *kl_device_feature_names(const struct kl_device *device, const struct kl_features *set,
	char *text, size_t size);

/**
 * A descriptor that becomes readable when the device's configuration changes: link, capacity, a
 * request to be reset. Add it to a poll loop, and call kl_device_event_handle when it is readable.
 * Not every device has one, or reports each change by it: see kl_device_event_is_due.
 *
 * Thread: control.
 * Returns: -1 when the device has no interrupt for it or was not started yet.
 */
KL_API int kl_device_event_fd(const struct kl_device *device);

/**
 * True when kl_device_event_handle is to be called for a device that runs: the descriptor of
 * kl_device_event_fd is readable, or about a second has passed since the last call and changes are
 * not reported, as over MMIO or without MSI-X, or perhaps not, as by vhost-user back ends that have
 * not reported one yet. To be called a few times a second; costs a system call. The functions that
 * recover a device of a type do both themselves.
 *
 * Thread: control.
 * Returns: false also when the device does not run.
 */
KL_API bool kl_device_event_is_due(const struct kl_device *device);

/**
 * Empties the descriptor and lets the driver read what changed, which costs exits. May also be
 * called at any time. Of a vhost-user back end the configuration is requested, and not waited for:
 * the answer is the next event. Thread: control.
 */
KL_API void kl_device_event_handle(struct kl_device *device);

#endif
