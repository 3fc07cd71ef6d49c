/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules and answers of a host-managed zoned disk. virtio 1.x, 5.2.6. */
#ifndef KL_BLK_ZONES_H
#define KL_BLK_ZONES_H

#include "state.h"

/* blk_request_check for an operation that only a host-managed disk has. */
int blk_zones_check(const struct blk_queue *queue, const struct kl_blk_request *request);
/*
 * The further rules for a write to a host-managed disk; any other disk has none. 0 or -EINVAL.
 */
int blk_zones_check_write(const struct blk_queue *queue, const struct kl_blk_request *request);
/* The result of a request whose status is an error. */
int blk_zones_result(uint8_t status);
/* True when the operation's completion has a value. */
bool blk_zones_has_answer(uint8_t op);
/* Reads that value from what the device wrote. 0, or -EIO when it is malformed. */
int blk_zones_take_answer(const struct blk_queue *queue, const struct blk_slot *slot,
	struct blk_parent *parent);

#endif
