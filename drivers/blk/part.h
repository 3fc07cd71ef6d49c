/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests as the device takes them. One that keeps to its limits is one part; a larger one is cut
 * to several, which form a group and complete together. The short way of submit.c needs none of
 * this.
 */
#ifndef KL_BLK_PART_H
#define KL_BLK_PART_H

#include "ring/verbs.h"
#include "state.h"

/* What goes into one slot. */
struct blk_subrequest {
	uint32_t type;
	uint32_t bytes; /* of data that moves */
	uint64_t sector;
	uint16_t direction; /* VIRTQ_DESC_F_WRITE when the device writes the data, or 0 */
	uint16_t segments;
	uint16_t ranges; /* more than 0: they are the data, and segments is 0 */
	struct kl__segment segment[BLK_SEGMENTS_MAX];
	struct virtio_blk_range range[BLK_RANGES_MAX];
};

/* 5.2.6: between data and status the device tells where it appended. */
static inline bool blk_subrequest_has_answer(const struct blk_subrequest *part)
{
	return part->type == VIRTIO_BLK_T_ZONE_APPEND;
}

/*
 * check.c: whether the request is legal and within the device: 0 or the result it completes with.
 */
int blk_request_check(const struct blk_queue *queue, const struct kl_blk_request *request);

/* zones.c: the same for an operation that only a host-managed disk knows. */
int blk_zones_check(const struct blk_queue *queue, const struct kl_blk_request *request);
/* zones.c: what a write to one has to keep to besides; any other disk has no more rules. 0 or -EINVAL. */
int blk_zones_check_write(const struct blk_queue *queue, const struct kl_blk_request *request);
/* zones.c: the result for a status that is an error. */
int blk_zones_result(uint8_t status);
/* zones.c: whether the operation's completion has a value. */
bool blk_zones_has_answer(uint8_t op);
/* zones.c: takes it from what the device wrote: 0, or -EIO when it can't be true. */
int blk_zones_take_answer(const struct blk_queue *queue, const struct blk_slot *slot,
	struct blk_parent *group);

/*
 * part.c: cuts the next part off and moves the cursor behind it. 0, or -EFAULT, -EINVAL (an iovec
 * too short, a block in more pieces than the device takes).
 */
int blk_subrequest_next(const struct blk_queue *queue, const struct kl_blk_request *request,
	struct blk_cursor *cursor, struct blk_subrequest *part);
/* part.c: whether the cursor is behind the last part. */
bool blk_subrequest_was_last(const struct kl_blk_request *request, const struct blk_cursor *cursor);
void blk_subrequest_flush(struct blk_subrequest *part);
/* part_add.c: adds it to the ring, not yet visible. 0, -ENOSPC when there is no room now. */
int blk_subrequest_add(struct blk_queue *queue, const struct blk_subrequest *part,
	struct blk_parent *group, uint64_t user_data, uint64_t now);

/* group.c: takes any request; false when there is no room for it now. now as of blk_now. */
bool blk_submit_split(struct blk_queue *queue, const struct kl_blk_request *request, uint64_t now);
/* group.c: a part has completed with result. */
void blk_subrequest_done(struct blk_queue *queue, const struct blk_slot *slot, int result);
/* group.c: gives the device what still waits for free slots, and publishes it. */
void blk_resubmit_waiting(struct blk_queue *queue);
/* poll.c: takes what the device has used; errors and parts go to the queue's ready completions. */
uint16_t blk_harvest(struct blk_queue *queue, struct kl_blk_completion *completions, uint16_t max);
/* group.c: ends all groups that have no part in flight any more and wait. */
void blk_cancel_waiting(struct blk_queue *queue);

#endif
