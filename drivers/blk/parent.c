/* SPDX-License-Identifier: BSD-3-Clause */
#include "parent.h"

#include <errno.h>

#include "check.h"
#include "slot.h"
#include "subrequest.h"
#include "zones.h"

static int next_subrequest(const struct blk_queue *queue, const struct blk_parent *parent,
	struct blk_cursor *cursor, struct blk_subrequest *subrequest)
{
	if (parent->phase == BLK_PHASE_DATA)
		return blk_subrequest_next(queue, &parent->request, cursor, subrequest);
	blk_subrequest_flush(subrequest);
	return 0;
}

/* Requests have no order among each other, but those to a zone do: one subrequest at a time. */
static bool is_sequential(const struct blk_queue *queue, const struct kl_blk_request *request)
{
	return queue->blk->info.zones.zone_bytes != 0 && request->op == KL_BLK_WRITE;
}

/* Submits as many subrequests as there is room for; true when none is left. */
static bool submit_subrequests(struct blk_queue *queue, struct blk_parent *parent, uint64_t now)
{
	while (parent->phase != BLK_PHASE_END) {
		struct blk_cursor cursor = parent->cursor;
		struct blk_subrequest subrequest;
		int rc;

		if (parent->in_flight > 0 && is_sequential(queue, &parent->request))
			return false;
		rc = next_subrequest(queue, parent, &cursor, &subrequest);
		if (rc == 0)
			rc = blk_subrequest_add(queue, &subrequest, &parent->request, parent, now);
		if (rc == -ENOSPC)
			return false;
		if (rc != 0) {
			parent->result = rc;
			parent->phase = BLK_PHASE_END;
			break;
		}
		parent->in_flight++;
		parent->cursor = cursor;
		if (parent->phase == BLK_PHASE_FLUSH ||
			blk_subrequest_was_last(&parent->request, &cursor))
			parent->phase = BLK_PHASE_END;
	}
	return true;
}

static void enqueue_waiting(struct blk_queue *queue, struct blk_parent *parent)
{
	parent->is_waiting = true;
	parent->next = NULL;
	if (queue->waiting == NULL)
		queue->waiting = parent;
	else
		queue->waiting_last->next = parent;
	queue->waiting_last = parent;
}

static void free_parent(struct blk_queue *queue, struct blk_parent *parent)
{
	parent->next = queue->free_parents;
	queue->free_parents = parent;
}

/* Nothing of it is in flight or left to submit: starts its flush, or completes it. */
static void finish_subrequests(struct blk_queue *queue, struct blk_parent *parent)
{
	if (parent->is_waiting)
		return;
	if (parent->result == 0 && parent->needs_flush) {
		parent->needs_flush = false;
		parent->phase = BLK_PHASE_FLUSH;
		enqueue_waiting(queue, parent);
		return;
	}
	if (parent->result == 0)
		queue->count.bytes += parent->bytes;
	blk_ready_push(queue, parent->request.user_data, parent->result, parent->value);
	free_parent(queue, parent);
}

static bool submit_parent(struct blk_queue *queue, const struct kl_blk_request *request,
	uint64_t now)
{
	struct blk_parent *parent = queue->free_parents;
	bool is_submitted;

	if (parent == NULL)
		return false;
	queue->free_parents = parent->next;
	*parent = (struct blk_parent){.request = *request};
	parent->needs_flush = (request->flags & KL_BLK_FUA) != 0 && request->op == KL_BLK_WRITE &&
		queue->blk->info.has_flush;
	is_submitted = submit_subrequests(queue, parent, now);
	if (!is_submitted && parent->in_flight == 0) {
		free_parent(queue, parent);
		return false;
	}
	if (!is_submitted)
		enqueue_waiting(queue, parent);
	else if (parent->in_flight == 0)
		finish_subrequests(queue, parent);
	return true;
}

bool blk_submit_split(struct blk_queue *queue, const struct kl_blk_request *request, uint64_t now)
{
	bool is_nothing = request->op == KL_BLK_FLUSH && !queue->blk->info.has_flush;
	struct blk_cursor cursor = {0};
	struct blk_subrequest subrequest;
	int rc = blk_request_check(queue, request);

	if (queue->ready_count >= queue->ring->size)
		return false;
	if (rc == 0 && !is_nothing)
		rc = blk_subrequest_next(queue, request, &cursor, &subrequest);
	if (rc != 0 || is_nothing) {
		blk_ready_push(queue, request->user_data, rc, 0);
		return true;
	}
	if (!blk_subrequest_was_last(request, &cursor) || (request->flags & KL_BLK_FUA) != 0 ||
		blk_zones_has_answer(request->op))
		return submit_parent(queue, request, now);
	return blk_subrequest_add(queue, &subrequest, request, NULL, now) == 0;
}

void blk_subrequest_done(struct blk_queue *queue, const struct blk_slot *slot, int result)
{
	struct blk_parent *parent = slot->parent;

	parent->in_flight--;
	if (result == 0 && blk_zones_has_answer(parent->request.op))
		result = blk_zones_take_answer(queue, slot, parent);
	if (result == 0) {
		parent->bytes += slot->bytes;
	} else {
		/* The first error is the result, and nothing more of it is submitted. */
		if (parent->result == 0)
			parent->result = result;
		parent->phase = BLK_PHASE_END;
	}
	if (parent->in_flight == 0 && parent->phase == BLK_PHASE_END)
		finish_subrequests(queue, parent);
}

/* Removes the first waiting parent from the list. */
static void dequeue_waiting(struct blk_queue *queue, struct blk_parent *parent)
{
	queue->waiting = parent->next;
	parent->is_waiting = false;
	if (parent->in_flight == 0)
		finish_subrequests(queue, parent);
}

void blk_resubmit_waiting(struct blk_queue *queue)
{
	uint64_t now = blk_now(queue);

	while (queue->waiting != NULL && queue->ring->fault == KL_QUEUE_OK) {
		struct blk_parent *parent = queue->waiting;

		if (!submit_subrequests(queue, parent, now))
			break;
		dequeue_waiting(queue, parent);
	}
	blk_publish(queue);
}

void blk_cancel_waiting(struct blk_queue *queue)
{
	while (queue->waiting != NULL) {
		struct blk_parent *parent = queue->waiting;

		parent->phase = BLK_PHASE_END;
		if (parent->result == 0)
			parent->result = -ECANCELED;
		dequeue_waiting(queue, parent);
	}
}
