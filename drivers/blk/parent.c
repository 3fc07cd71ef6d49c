/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests that are not one plain segment: one part, or a group of parts that completes as one. */
#include <errno.h>

#include "check.h"
#include "parent.h"
#include "slot.h"
#include "subrequest.h"
#include "zones.h"

static int next_of(const struct blk_queue *queue, const struct blk_parent *group,
	struct blk_cursor *cursor, struct blk_subrequest *part)
{
	if (group->phase == BLK_PHASE_DATA)
		return blk_subrequest_next(queue, &group->request, cursor, part);
	blk_subrequest_flush(part);
	return 0;
}

/* Requests have no order among each other, but a zone is written in order: part by part. */
static bool is_sequential(const struct blk_queue *queue, const struct kl_blk_request *request)
{
	return queue->blk->info.zones.zone_bytes != 0 && request->op == KL_BLK_WRITE;
}

/* Gives the device as many parts as there is room for; true when nothing is left to give. */
static bool advance(struct blk_queue *queue, struct blk_parent *group, uint64_t now)
{
	while (group->phase != BLK_PHASE_END) {
		struct blk_cursor cursor = group->cursor;
		struct blk_subrequest part;
		int rc;

		if (group->in_flight > 0 && is_sequential(queue, &group->request))
			return false;
		rc = next_of(queue, group, &cursor, &part);
		if (rc == 0)
			rc = blk_subrequest_add(queue, &part, group, 0, now);
		if (rc == -ENOSPC)
			return false;
		if (rc != 0) {
			group->result = rc;
			group->phase = BLK_PHASE_END;
			break;
		}
		group->in_flight++;
		group->cursor = cursor;
		if (group->phase == BLK_PHASE_FLUSH ||
			blk_subrequest_was_last(&group->request, &cursor))
			group->phase = BLK_PHASE_END;
	}
	return true;
}

static void stand_in_line(struct blk_queue *queue, struct blk_parent *group)
{
	group->is_waiting = true;
	group->next = NULL;
	if (queue->waiting == NULL)
		queue->waiting = group;
	else
		queue->waiting_last->next = group;
	queue->waiting_last = group;
}

static void put_back(struct blk_queue *queue, struct blk_parent *group)
{
	group->next = queue->free_parents;
	queue->free_parents = group;
}

/* Nothing of it is in flight and nothing is left to give: its flush is due, or its end. */
static void settle(struct blk_queue *queue, struct blk_parent *group)
{
	if (group->is_waiting)
		return;
	if (group->result == 0 && group->needs_flush) {
		group->needs_flush = false;
		group->phase = BLK_PHASE_FLUSH;
		stand_in_line(queue, group);
		return;
	}
	if (group->result == 0)
		queue->count.bytes += group->bytes;
	blk_ready_push(queue, group->request.user_data, group->result, group->value);
	put_back(queue, group);
}

static bool take_group(struct blk_queue *queue, const struct kl_blk_request *request, uint64_t now)
{
	struct blk_parent *group = queue->free_parents;
	bool is_given;

	if (group == NULL)
		return false;
	queue->free_parents = group->next;
	*group = (struct blk_parent){.request = *request};
	group->needs_flush = (request->flags & KL_BLK_FUA) != 0 && request->op == KL_BLK_WRITE &&
		queue->blk->info.has_flush;
	is_given = advance(queue, group, now);
	if (!is_given && group->in_flight == 0) {
		put_back(queue, group);
		return false;
	}
	if (!is_given)
		stand_in_line(queue, group);
	else if (group->in_flight == 0)
		settle(queue, group);
	return true;
}

bool blk_submit_split(struct blk_queue *queue, const struct kl_blk_request *request, uint64_t now)
{
	bool is_nothing = request->op == KL_BLK_FLUSH && !queue->blk->info.has_flush;
	struct blk_cursor cursor = {0};
	struct blk_subrequest part;
	int rc = blk_request_check(queue, request);

	if (queue->ready_count >= queue->ring->size)
		return false;
	if (rc == 0 && !is_nothing)
		rc = blk_subrequest_next(queue, request, &cursor, &part);
	if (rc != 0 || is_nothing) {
		blk_ready_push(queue, request->user_data, rc, 0);
		return true;
	}
	if (!blk_subrequest_was_last(request, &cursor) || (request->flags & KL_BLK_FUA) != 0 ||
		blk_zones_has_answer(request->op))
		return take_group(queue, request, now);
	return blk_subrequest_add(queue, &part, NULL, request->user_data, now) == 0;
}

void blk_subrequest_done(struct blk_queue *queue, const struct blk_slot *slot, int result)
{
	struct blk_parent *group = slot->group;

	group->in_flight--;
	if (result == 0 && blk_zones_has_answer(group->request.op))
		result = blk_zones_take_answer(queue, slot, group);
	if (result == 0) {
		group->bytes += slot->bytes;
	} else {
		/* The first error decides, and what was not given to the device yet stays here. */
		if (group->result == 0)
			group->result = result;
		group->phase = BLK_PHASE_END;
	}
	if (group->in_flight == 0 && group->phase == BLK_PHASE_END)
		settle(queue, group);
}

/* Takes the first of the line out of it. */
static void leave_line(struct blk_queue *queue, struct blk_parent *group)
{
	queue->waiting = group->next;
	group->is_waiting = false;
	if (group->in_flight == 0)
		settle(queue, group);
}

void blk_resubmit_waiting(struct blk_queue *queue)
{
	uint64_t now = blk_now(queue);

	while (queue->waiting != NULL && queue->ring->fault == KL_QUEUE_OK) {
		struct blk_parent *group = queue->waiting;

		if (!advance(queue, group, now))
			break;
		leave_line(queue, group);
	}
	blk_publish(queue);
}

void blk_cancel_waiting(struct blk_queue *queue)
{
	while (queue->waiting != NULL) {
		struct blk_parent *group = queue->waiting;

		group->phase = BLK_PHASE_END;
		if (group->result == 0)
			group->result = -ECANCELED;
		leave_line(queue, group);
	}
}
