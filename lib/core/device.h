/* SPDX-License-Identifier: BSD-3-Clause */
/* A device between its transport and its driver. */
#ifndef KL_CORE_DEVICE_H
#define KL_CORE_DEVICE_H

#include <kickless/bus.h>

#include "contract/host.h"
#include "contract/transport.h"

/* Recoveries that a device may take within a minute. */
#define KL__RECOVERIES_MAX 3

struct kl_device {
	struct kl_device_info info;
	struct kl_device_options options;
	struct kl__transport *transport;
	struct kl__host *host;
	const struct kl_driver *driver;
	void *private_data;
	bool is_running; /* DRIVER_OK was set, and no reset came since */
	bool is_lost; /* a reset did not end: nothing may be done with it any more */
	int *event_fds; /* one per interrupt vector, the first for configuration changes */
	unsigned int vector_count;
	uint16_t vectors_asked; /* for queues, at the last enabling */
	int line; /* readable when the one interrupt of a device without vectors came; -1: none */
	struct kl__device_queue *queues;
	uint64_t recovered_ms[KL__RECOVERIES_MAX]; /* on the monotonic clock; 0: never */
	unsigned int recoveries;
	struct kl_device *next; /* of those that are open */
};

/*
 * Makes a device of what a transport reaches: resets it, reads its features, finds its driver and
 * probes it. On success transport and host belong to the device; on failure they are the caller's
 * still. Errors as for kl_device_open.
 */
int kl__device_attach(struct kl__transport *transport, struct kl__host *host,
	const struct kl_device_options *options, struct kl_device **device);

/*
 * Whether this process has a device of that name, a transport's, open. Opening one twice would
 * reset it under its first user, so who opens asks this before anything is touched.
 */
bool kl__device_is_open(const char *name);

/*
 * How long a reset may take before the device is given up, in milliseconds. A test may shorten it.
 */
extern unsigned int kl__reset_timeout_ms;

/* The monotonic clock. */
uint64_t kl__now_ms(void);

/* core/negotiate.c: the feature bits of rings, that every type can use. */
struct kl_features kl__ring_features(void);

/* core/negotiate.c: bit of a feature's name among the driver's own and the common ones, or -1. */
int kl__feature_by_name(const struct kl_driver *driver, const char *name);

/* core/negotiate.c: bit of name in a list that may be NULL, or -1. */
int kl__feature_find(const struct kl_feature_name *names, const char *name);

/* core/status.c: one bit more; reset with a bounded wait, 0, -EIO (gone) or -ETIMEDOUT. */
void kl__status_add(struct kl_device *device, uint8_t bit);
int kl__status_reset(struct kl_device *device);
/* core/status.c: -ETIMEDOUT after a message when a reset never ended, else 0. */
int kl__device_check_lost(const struct kl_device *device);
/* core/status.c: says that the device has left the bus; returns -EIO. */
int kl__device_gone(const struct kl_device *device);

/* core/interrupts.c: closes the eventfds; nothing signals them any more. */
void kl__interrupts_close(struct kl_device *device);

/* core/queues.c: frees all queues; the device must not know them any more. */
void kl__device_free_queues(struct kl_device *device);
/*
 * core/queues.c: forgets all queues and keeps their memory, because the device may still write
 * there.
 */
void kl__device_abandon_queues(struct kl_device *device);

#endif
