/* SPDX-License-Identifier: BSD-3-Clause */
/* The check of a request before the device sees it: check.c. virtio 1.x, 5.2.6.1. */
#ifndef KL_BLK_CHECK_H
#define KL_BLK_CHECK_H

#include "state.h"

/*
 * Checks that the request is legal and within the device. 0, or the result that it completes with:
 * -EINVAL, -ERANGE, -EROFS, -ENOTSUP. Called by the queue's thread.
 */
int blk_request_check(const struct blk_queue *queue, const struct kl_blk_request *request);

#endif
