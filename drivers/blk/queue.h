/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ring of a queue, and the memory of its requests: slots, status bytes, parents and ready
 * completions. Control thread, while the queue's gate is closed.
 */
#ifndef KL_BLK_QUEUE_H
#define KL_BLK_QUEUE_H

#include "state.h"

/*
 * Makes queue number index by the configuration of the start. It uses the memory it had before a
 * recovery, if it has any. 0, or -errno after a message.
 */
int blk_queue_create(struct kl_blk *blk, struct blk_queue *queue, uint16_t index);

/* Frees the memory of requests. The record stays, since any thread may read its counters. */
void blk_queue_free(struct kl_blk *blk, struct blk_queue *queue);

#endif
