/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtio entropy device: random bytes from the hypervisor, read by polling.
 *
 *	kl_device_open("rng@0", &device);
 *	rng = kl_rng_from_device(device);
 *	kl_rng_start(rng);
 *	rc = kl_rng_read(rng, seed, sizeof(seed), 1000000000);
 *	kl_device_close(device);
 *
 * Threads: one at a time per device.
 */
#ifndef KICKLESS_RNG_H
#define KICKLESS_RNG_H

#include <stddef.h>
#include <stdint.h>

#include <kickless/device.h>
#include <kickless/version.h>

struct kl_rng;

/* The entropy device behind device, NULL when its type is another. It lives as long as device. */
KL_API struct kl_rng *kl_rng_from_device(struct kl_device *device);

/*
 * Starts the device, also again after a stop. 0, or after a message -EBUSY when it runs already,
 * or an error of kl_device_negotiate, kl_device_queue_add or kl_device_run; then it is stopped.
 */
KL_API int kl_rng_start(struct kl_rng *rng);

/*
 * Fills data with size random bytes. Polls until they are there, at most for timeout_ns. The memory
 * may be any: the device writes to a buffer of its own, and what was handed out is erased there.
 * All or nothing: after an error data holds zeros. 0; -ETIMEDOUT, and the next call waits for the
 * same answer; -ESHUTDOWN while it is stopped; after a message -EPROTO when the device gave no
 * byte, or claims more than it was asked for; -EIO when it broke its queue, asks for a reset or is
 * gone: stop and start it. virtio 1.x, 5.4.6.
 */
KL_API int kl_rng_read(struct kl_rng *rng, void *data, size_t size, uint64_t timeout_ns);

/* 0, or -ETIMEDOUT when the device does not finish its reset: it can only be closed then. */
KL_API int kl_rng_stop(struct kl_rng *rng);

#endif
