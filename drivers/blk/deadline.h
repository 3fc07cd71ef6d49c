/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Deadlines of requests. virtio-blk has no way to cancel one request. So when one is late the
 * device is halted. Core resets it, and once the status has read 0 all requests in flight complete.
 */
#ifndef KL_BLK_DEADLINE_H
#define KL_BLK_DEADLINE_H

#include "state.h"

/* Closes the gate and halts the device; why is for a message. The queue's thread. */
KL__COLD void blk_halt(struct blk_queue *queue, const char *why);

/*
 * Halts the device when a request in flight is older than the queue's timeout. The queue's thread;
 * it runs only every few polls, since it reads the clock.
 */
KL__COLD void blk_check_deadlines(struct blk_queue *queue);

#endif
