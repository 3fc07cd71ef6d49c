/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The check of a request before the device sees it, for all operations. virtio 1.x, 5.2.6.1. Rules
 * of zoned disks are in zones.c.
 */
#ifndef KL_BLK_CHECK_H
#define KL_BLK_CHECK_H

#include "state.h"

/*
 * Checks that the device has the operation, and that the request is legal and within the device.
 *
 * The queue's thread. Returns 0, or the result that the request completes with:
 *	-ENOTSUP	the device does not have the operation
 *	-EINVAL		flags, buffer, length or alignment are not legal
 *	-ERANGE		the extent ends behind the capacity
 *	-EROFS		the device is read-only
 */
int blk_request_check(const struct blk_queue *queue, const struct kl_blk_request *request);

#endif
