/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The life cycle of a device, for its driver. The core owns the state (enum kl_device_state), the
 * gates of the queues, the resets and the budget of recoveries; a driver adds what its type needs
 * as callbacks of struct kl_driver. virtio 1.x, 3.1.
 *
 *	open	reset, ACKNOWLEDGE, DRIVER, probe
 *	start	gates closed, configure, negotiate, create_queues, DRIVER_OK, replay, gates opened
 *	stop	gates closed, quiesce, reset, drain, queues freed
 *	recover	as stop, then negotiate, create_queues, DRIVER_OK, replay, gates opened
 *
 * For drivers inside this tree; not installed.
 */
#ifndef KICKLESS_DRIVER_LIFECYCLE_H
#define KICKLESS_DRIVER_LIFECYCLE_H

#include <stdbool.h>
#include <stdint.h>

#include <kickless/device.h>
#include <kickless/features.h>
#include <kickless/version.h>

struct kl__gate;
struct kl_queue;

/**
 * Starts a device that is stopped or has failed. conf is handed to configure as it is.
 *
 * Thread: control.
 * Returns: 0: it runs. After a message: -EBUSY, it is started already; -ETIMEDOUT, it is lost;
 * -EAGAIN, a thread has been within a call for 5 s, or its back end is not there or does not
 * answer; or an error of a callback. After -EBUSY nothing has changed; after a thread's -EAGAIN the
 * state is as before; else, unless it is lost, the device is stopped.
 */
KL_API int kl_device_start(struct kl_device *device, const void *conf);

/**
 * Stops a device: waits until no thread is within a call on its queues, resets it, and frees the
 * queues.
 *
 * Thread: control.
 * Returns: 0, also when it was not started; after a message -EAGAIN, a thread has been within a
 * call for 5 s, and nothing is stopped; -ETIMEDOUT, the reset did not end: the device is lost, and
 * the memory of its queues and of the buffers in them is kept; -EIO, the device has left the bus:
 * it is stopped all the same.
 */
KL_API int kl_device_stop(struct kl_device *device);

/**
 * Brings a device back that is halted or away. Of one that runs, a few times a second at most, it
 * handles an event that is due (kl_device_event_is_due), and otherwise reads the clock.
 *
 * Thread: control.
 * Returns: 0: it runs, or is stopped. -EAGAIN, to be called again: the back end is not there now
 * or does not answer, or a thread has been within a call for 5 s. -ETIMEDOUT: it is lost. Any
 * other error: it has failed, which has been logged.
 */
KL_API int kl_device_recover(struct kl_device *device);

/**
 * Halts a device that runs: kl_device_recover will reset it. The first reason is kept.
 *
 * @param queue the queue that the reason is about; NULL: the whole device
 * @param reason a string literal
 * Thread: any that is within a gate of the device, and control.
 */
KL_API void kl_device_halt(struct kl_device *device, const struct kl_queue *queue,
	const char *reason);

/**
 * Reads the status of a device that runs, and halts it when it requests a reset, has stopped or is
 * gone. Costs an exit with most devices.
 *
 * Thread: control.
 * Returns: the state.
 */
KL_API enum kl_device_state kl_device_check(struct kl_device *device);

/**
 * The time that an answer of the device may take: its option timeout_ms, or the default. A message
 * about an answer that is late names the option.
 *
 * Thread: any.
 * Returns: milliseconds.
 */
KL_API unsigned int kl_device_timeout_ms(const struct kl_device *device);

/** True when a reset of a device that has gone connects to its back end again. Thread: any. */
KL_API bool kl_device_can_reconnect(const struct kl_device *device);
/**
 * True when a reset has connected to a back end again, and the device has not been brought up
 * since, replay included. It may be another back end than before.
 *
 * Thread: control.
 */
KL_API bool kl_device_has_reconnected(const struct kl_device *device);

/**
 * True within the callbacks of a recovery. The device may have become another one: a ring size
 * that it can't have any more is brought to what it can. Thread: control.
 */
KL_API bool kl_device_is_recovering(const struct kl_device *device);

/**
 * In a recovery, after kl_device_negotiate: logs the names of the features that the device has lost
 * and gained since it last ran, if any. Thread: control.
 */
KL_API void kl_device_changes_log(const struct kl_device *device);

/** Recoveries of the device that ended well, since it was opened. Thread: any. */
KL_API uint64_t kl_device_resets(const struct kl_device *device);

/** Forgets the gates of the last start. Thread: control, within configure. */
KL_API void kl_device_gates_clear(struct kl_device *device);

/**
 * Adds the gate of a queue, which must live as long as the device. A new one is closed.
 *
 * Thread: control, within configure.
 * Returns: 0; after a message -ENOMEM.
 */
KL_API int kl_device_gate_add(struct kl_device *device, struct kl__gate *gate);

/**
 * Begins a change of queues outside of the callbacks. Until kl_device_change_end no other thread
 * reads which buffers are in flight, as kl_memory_unregister does. Thread: control.
 */
KL_API void kl_device_change_begin(struct kl_device *device);
/** Ends what kl_device_change_begin began. Thread: control. */
KL_API void kl_device_change_end(struct kl_device *device);

/**
 * Closes one gate while the device runs and waits until no thread is inside.
 *
 * Thread: control.
 * Returns: 0; after a message -EAGAIN: a thread has been inside for 5 s; the gate is closed.
 */
KL_API int kl_device_gate_close(struct kl_device *device, struct kl__gate *gate);

/**
 * Offers wanted to the device. Accepted are the bits that are offered and wanted, without those
 * that the user declined and those that lack their prerequisites. Bits of transports and rings are
 * the core's and need not be in wanted.
 *
 * Thread: control, within negotiate.
 * Returns: 0; after a message -ENOTSUP, the user insisted on a bit that can't be had; -EPROTO, the
 * device refuses the set (FEATURES_OK reads back clear); -EIO, it is gone.
 * Spec: 2.2, 3.1.1.
 */
KL_API int kl_device_negotiate(struct kl_device *device, const struct kl_features *wanted);

/**
 * Connects interrupts to eventfds: vector 0 for configuration changes (kl_device_event_fd), vectors
 * from 1 for used buffers in queues (vector of struct kl_queue_conf). With the same number of
 * queues the eventfds stay the same after a reset.
 *
 * Thread: control, after kl_device_negotiate and before the first kl_device_queue_add.
 * Returns: 0; -ENOTSUP: the device has not so many. Then perhaps vector 0 works, or none does, and
 * the queues are polled.
 */
KL_API int kl_device_interrupts_enable(struct kl_device *device, uint16_t queues);

/** The eventfd of a queue's vector, -1 when there is none. Thread: any. */
KL_API int kl_device_queue_event_fd(const struct kl_device *device, uint16_t vector);

/**
 * True when the device requests a reset, has left the bus, or has stopped although it was started.
 * Reads the status, which costs an exit with most devices. Thread: control.
 */
KL_API bool kl_device_needs_reset(struct kl_device *device);

#endif
