/* SPDX-License-Identifier: BSD-3-Clause */
/* A device between its transport and its driver. */
#ifndef KL_CORE_DEVICE_H
#define KL_CORE_DEVICE_H

#include <pthread.h>

#include <kickless/driver/clock.h>
#include <kickless/driver/config.h>
#include <kickless/driver/dma.h>
#include <kickless/driver/driver.h>
#include <kickless/driver/lifecycle.h>
#include <kickless/driver/queues.h>

#include "contract/host.h"
#include "contract/transport.h"

/* Recoveries that a device may take within a minute. */
#define KL__RECOVERIES_MAX 3

/* In place of a queue's index: the device as a whole. */
#define KL__NO_QUEUE UINT16_MAX

struct kl_device {
	struct kl_device_info info;
	struct kl_device_options options;
	struct kl__transport *transport;
	struct kl__host *host;
	const struct kl_driver *driver;
	void *private_data;

	/*
	 * Held while the device is started, stopped, recovered or closed, or one queue is. Another
	 * thread tries it before it reads the queues: kl__device_uses_memory.
	 */
	pthread_mutex_t change;

	/* The life cycle. Any thread reads state and resets; the control thread writes the rest. */
	pthread_mutex_t lock; /* for changes of state and of the reason for a halt */
	uint16_t state; /* enum kl_device_state */
	uint16_t halt_queue;
	const char *halt_reason; /* NULL: none */
	bool has_reconnected; /* the last reset has connected to a back end again */
	bool is_unchecked; /* a reset has, and the driver has not brought the device up since */
	bool is_recovering; /* it starts again by a recovery */
	struct kl_features ran_with; /* features that were accepted when it last ran */
	bool is_acknowledged; /* reset, and ready for kl_device_negotiate */
	bool is_driver_ok; /* DRIVER_OK was set, and no reset came since */
	uint64_t resets; /* recoveries that ended well */
	uint64_t recovered_ms[KL__RECOVERIES_MAX]; /* on the monotonic clock; 0: never */
	unsigned int recoveries;
	struct kl__gate **gates; /* of the queues of the last start */
	unsigned int gate_count;
	unsigned int gate_room;
	bool gates_need_fence; /* the process has no membarrier(2) */

	struct kl__event_fds *event_fds; /* see interrupts.c */
	uint16_t vector_count; /* connected ones; the first is for configuration changes */
	uint16_t vectors_requested; /* for queues, at the last enabling */
	uint64_t handled_ms; /* last call of kl_device_event_handle; the monotonic clock */
	uint64_t looked_ms; /* last look for one by kl__device_look_for_event */
	int line; /* readable when the one interrupt of a device without vectors came; -1: none */
	struct kl__device_queue *queues;
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
 * True when this process has a device of that name, a transport's, open. To be called before the
 * device is touched: a second open would reset it under its first user.
 */
bool kl__device_is_open(const char *name);

/* The timeout of a device without the option timeout_ms. A test may shorten it. */
extern unsigned int kl__default_timeout_ms;

/* core/negotiate.c: the feature bits of rings, that every type can use. */
struct kl_features kl__ring_features(void);

/* core/negotiate.c: bit of a feature's name among the driver's own and the common ones, or -1. */
int kl__feature_by_name(const struct kl_driver *driver, const char *name);

/* core/negotiate.c: bit of name in a list that may be NULL, or -1. */
int kl__feature_find(const struct kl_feature_name *names, const char *name);

/* core/state.c: changes the state. The control thread. */
void kl__device_set_state(struct kl_device *device, enum kl_device_state state);

/* core/reset.c: sets ACKNOWLEDGE and DRIVER in a device that was reset, reads what it offers. */
void kl__device_acknowledge(struct kl_device *device);

/*
 * core/reset.c: resets the device and waits, at most its timeout_ms, until its status reads
 * 0. Then drain(context) takes what was in flight from the queues, and they are freed. drain may be
 * NULL. A back end that has gone away is connected to again.
 *
 * 0: the device is ready for kl_device_negotiate. -ETIMEDOUT: the reset did not end, drain was not
 * called, and the memory of the queues is kept, because the device may still write there; the
 * device is lost. After all other errors the queues are gone: -EAGAIN, its back end is not there
 * now; -EIO, the device has left the bus; -EPROTO, the back end is there again but can't be used.
 */
int kl__device_reset(struct kl_device *device, void (*drain)(void *context), void *context);

/*
 * core/lifecycle.c: a function of the type kl__uses_memory, for the host; owner is the device.
 * While it looks, no thread is within a call on the queues.
 */
int kl__device_uses_memory(void *owner, uint64_t address, uint64_t size);

/* core/lifecycle.c: kl_device_stop for one that has locked device->change. */
int kl__device_stop(struct kl_device *device);

/* core/lifecycle.c: a start by the application renews the budget of recoveries. */
void kl__device_renew_recoveries(struct kl_device *device);

/* core/status.c: sets DRIVER_OK. 0, -EPROTO when the device requests a reset at once, -EIO. */
int kl__device_run(struct kl_device *device);

/* core/status.c: one bit more; reset with a bounded wait, 0, -EIO (gone) or -ETIMEDOUT. */
void kl__status_add(struct kl_device *device, uint8_t bit);
/* core/status.c: sets the status bit FAILED in the device, which needs a reset then. 2.1. */
void kl__status_fail(struct kl_device *device);
int kl__status_reset(struct kl_device *device);
/* core/status.c: -ETIMEDOUT after a message when a reset never ended, else 0. */
int kl__device_check_lost(const struct kl_device *device);
/* core/status.c: logs that the device has left the bus; returns -EIO. */
int kl__device_gone(const struct kl_device *device);

/*
 * core/events.c: handles an event of a device that runs when there is one. To be called as often as
 * one likes: it looks a few times a second.
 */
void kl__device_look_for_event(struct kl_device *device);

/* core/interrupts.c: the eventfd for configuration changes, of a device that has vectors. */
int kl__interrupts_config_fd(const struct kl_device *device);
/* core/interrupts.c: closes the eventfds; nothing signals them any more. */
void kl__interrupts_close(struct kl_device *device);

/* core/queues.c: frees all queues; the device must not know them any more. */
void kl__device_free_queues(struct kl_device *device);
/* core/queues.c: frees the records of the queues, when the device is closed. */
void kl__device_forget_queues(struct kl_device *device);

#endif
