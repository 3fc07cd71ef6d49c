/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests as the device takes them. One that keeps to its limits is one part; a larger one is cut
 * to several, which form a group and complete together. The short way of submit.c needs none of
 * this.
 */
#ifndef KL_BLK_SUBREQUEST_H
#define KL_BLK_SUBREQUEST_H

#include "ring/queue.h"
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
 * Cuts the next part off and moves the cursor behind it. 0, or -EFAULT, -EINVAL (an iovec
 * too short, a block in more pieces than the device takes).
 */
int blk_subrequest_next(const struct blk_queue *queue, const struct kl_blk_request *request,
	struct blk_cursor *cursor, struct blk_subrequest *part);
/* Whether the cursor is behind the last part. */
bool blk_subrequest_was_last(const struct kl_blk_request *request, const struct blk_cursor *cursor);
void blk_subrequest_flush(struct blk_subrequest *part);
/* Adds it to the ring, not yet visible. 0, -ENOSPC when there is no room now. */
int blk_subrequest_add(struct blk_queue *queue, const struct blk_subrequest *part,
	struct blk_parent *group, uint64_t user_data, uint64_t now);

/* poll.c: takes what the device has used; errors and parts go to the queue's ready completions. */
uint16_t blk_harvest(struct blk_queue *queue, struct kl_blk_completion *completions, uint16_t max);

#endif
