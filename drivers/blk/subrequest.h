/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests as the device takes them: subrequest.c. A request within the device's limits is one
 * subrequest. A larger one is cut into several, which complete together under a parent. A plain
 * request needs none of this: submit.c.
 */
#ifndef KL_BLK_SUBREQUEST_H
#define KL_BLK_SUBREQUEST_H

#include "ring/queue.h"
#include "state.h"

/* The contents of one slot. */
struct blk_subrequest {
	uint32_t type;
	/* Of data that moves. */
	uint32_t bytes;
	uint64_t sector;
	/* VIRTQ_DESC_F_WRITE when the device writes the data, or 0. */
	uint16_t direction;
	uint16_t segments;
	/* More than 0: the ranges are the data, and segments is 0. */
	uint16_t ranges;
	struct kl__segment segment[BLK_SEGMENTS_MAX];
	struct virtio_blk_range range[BLK_RANGES_MAX];
};

/* True when the request moves data between the device and the caller's memory. */
bool blk_request_has_data(const struct kl_blk_request *request);

/* 5.2.6: between data and status the device writes the sector to which it appended. */
static inline bool blk_subrequest_has_answer(const struct blk_subrequest *subrequest)
{
	return subrequest->type == VIRTIO_BLK_T_ZONE_APPEND;
}

/*
 * Cuts the next subrequest off and moves the cursor behind it. 0, or -EFAULT, -EINVAL (an iovec
 * too short, a block in more segments than the device takes).
 */
int blk_subrequest_next(const struct blk_queue *queue, const struct kl_blk_request *request,
	struct blk_cursor *cursor, struct blk_subrequest *subrequest);

/* True when the cursor is behind the last subrequest. */
bool blk_subrequest_was_last(const struct kl_blk_request *request, const struct blk_cursor *cursor);

/* Makes it a flush: no data, and sector 0. 5.2.6.1. */
void blk_subrequest_flush(struct blk_subrequest *subrequest);

/*
 * Adds it to the ring, not yet visible: the whole request for parent NULL, or a part of the
 * parent's. 0, -ENOSPC when there is no room now.
 */
int blk_subrequest_add(struct blk_queue *queue, const struct blk_subrequest *subrequest,
	const struct kl_blk_request *request, struct blk_parent *parent, uint64_t now);

/*
 * poll.c: harvests used slots into completions; errors and subrequests go to the
 * queue's ready completions.
 */
uint16_t blk_harvest(struct blk_queue *queue, struct kl_blk_completion *completions, uint16_t max);

#endif
