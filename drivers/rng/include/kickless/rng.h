/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A virtio entropy device: random bytes from the hypervisor, read by polling.
 *
 *	kl_device_open("rng@0", &device);
 *	rng = kl_rng_from_device(device);
 *	kl_rng_start(rng);
 *	rc = kl_rng_read(rng, seed, sizeof(seed), 1000000000);
 *	kl_device_close(device);
 *
 *	function		thread	states		returns
 *	kl_rng_from_device	any	all		the entropy device, or NULL
 *	kl_rng_state		any	all		the state
 *	kl_rng_read		queue	all		0 when running, else -ESHUTDOWN
 *	kl_rng_start		control	stopped, failed	0 or -errno
 *	kl_rng_recover		control	all		0, -EAGAIN, or -errno
 *	kl_rng_stop		control	all		0 or -errno
 *
 * Threads: "queue" is one thread at a time, which may be the control thread.
 */
#ifndef KICKLESS_RNG_H
#define KICKLESS_RNG_H

#include <stddef.h>
#include <stdint.h>

#include <kickless/device.h>
#include <kickless/version.h>

struct kl_rng;

/**
 * The entropy device behind device, NULL when its type is another. It lives as long as device.
 * Thread: any.
 */
KL_API struct kl_rng *kl_rng_from_device(struct kl_device *device);

/** The state of the device. Thread: any. */
KL_API enum kl_device_state kl_rng_state(const struct kl_rng *rng);

/**
 * Starts the device, also again after a stop.
 *
 * Thread: control.
 * Returns: 0; after a message -EBUSY (it is started already), -ENOTSUP, -EPROTO, -ENOMEM, -EIO,
 * -EAGAIN (its back end is not there), -ETIMEDOUT (it is lost); then it is not started.
 */
KL_API int kl_rng_start(struct kl_rng *rng);

/**
 * Fills data with size random bytes. Polls until they are there, at most for timeout_ns. The memory
 * may be any: the device writes to a buffer of its own, and bytes that were handed out are erased
 * there. All or nothing: after an error data holds zeros.
 *
 * Thread: queue.
 * Returns: 0; -ETIMEDOUT, and the next call waits for the same answer; -ESHUTDOWN while the device
 * is not running; after a message -EPROTO, it gave no byte or claims more than was requested; -EIO,
 * it broke its queue, requests a reset or is gone: it is halted.
 * Spec: 5.4.6.
 */
KL_API int kl_rng_read(struct kl_rng *rng, void *data, size_t size, uint64_t timeout_ns);

/**
 * Resets a device that is halted or requests it, and starts it again. To be called after
 * kl_rng_read has failed, or about once a second; costs a register read.
 *
 * Thread: control.
 * Returns: 0: it runs, or is stopped. -EAGAIN, to be called again: its back end is not there, or a
 * thread has been within kl_rng_read for 5 s. -ETIMEDOUT: it is lost. Other errors: it has failed,
 * which has been logged. It may be reset three times a minute.
 */
KL_API int kl_rng_recover(struct kl_rng *rng);

/**
 * Stops the device.
 *
 * Thread: control.
 * Returns: 0, also when it was not started; -EAGAIN, a thread has been within kl_rng_read for 5 s,
 * and nothing is stopped; -ETIMEDOUT, its reset does not end: it can only be closed; -EIO, it has
 * left the bus.
 */
KL_API int kl_rng_stop(struct kl_rng *rng);

#endif
