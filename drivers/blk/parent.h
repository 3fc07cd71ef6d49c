/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests that are not one plain segment: parent.c. Such a request is one subrequest, or a parent
 * of several that completes when all of them have.
 */
#ifndef KL_BLK_PARENT_H
#define KL_BLK_PARENT_H

#include "state.h"

/* Submits any request; false when there is no room for it now. now as of blk_now. */
bool blk_submit_split(struct blk_queue *queue, const struct kl_blk_request *request, uint64_t now);

/* Records that a subrequest has completed with result. */
void blk_subrequest_done(struct blk_queue *queue, const struct blk_slot *slot, int result);

/* Submits and publishes the requests that wait for free slots. */
void blk_resubmit_waiting(struct blk_queue *queue);

/* Completes all waiting parents that have no subrequest in flight with -ECANCELED. */
void blk_cancel_waiting(struct blk_queue *queue);

#endif
