/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring_rig.h"

#include <inttypes.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "spec/features.h"

void ring_open(struct ring_rig *rig, struct kl__queue_shape shape)
{
	struct kl_features accepted = {0};
	struct kl__queue_layout layout;
	struct kl__host *host;
	uint64_t iova, unused;

	*rig = (struct ring_rig){.model = model_new(63), .shape = shape};
	if (rig->shape.ticks_per_second == 0)
		rig->shape.ticks_per_second = 1000000000;
	host = &rig->model->host;
	kl__queue_layout(&rig->shape, &layout);
	rig->shared = host->alloc(host, layout.bytes, KL__LAYOUT_ALIGN, &iova);
	rig->own = host->alloc(host, kl__queue_private_bytes(&rig->shape), KL__CACHE_LINE, &unused);
	rig->data = host->alloc(host, (size_t)shape.size * RIG_PIECE_BYTES, 64, &rig->data_iova);
	cr_assert(rig->shared != NULL && rig->own != NULL && rig->data != NULL);
	rig->queue = kl__queue_init(rig->own, rig->shared, iova, &rig->shape);
	rig->queue->notifier = model_notifier(rig->model, shape.index);
	kl_features_set(&accepted, VIRTIO_F_VERSION_1);
	if (shape.event_idx)
		kl_features_set(&accepted, VIRTIO_F_EVENT_IDX);
	if (shape.indirect_entries != 0)
		kl_features_set(&accepted, VIRTIO_F_INDIRECT_DESC);
	if ((shape.kind & KL__RING_PACKED) != 0)
		kl_features_set(&accepted, VIRTIO_F_RING_PACKED);
	if ((shape.kind & KL__RING_IN_ORDER) != 0)
		kl_features_set(&accepted, VIRTIO_F_IN_ORDER);
	rig->model->script.batch = RIG_BATCH;
	model_run_bare(rig->model, &accepted);
	model_bind(rig->model, shape.index, shape.size, iova + layout.desc, iova + layout.driver,
		iova + layout.device);
	/* A split ring says so from the start; the zeroes of a packed one ask for all. */
	if (shape.event_idx)
		model_arm(rig->model, shape.index);
	if (shape.kick.mode != KL_KICK_EAGER)
		rig->model->queue[shape.index].kicks = MODEL_KICKS_LAZY;
}

void ring_close(struct ring_rig *rig)
{
	struct kl__host *host = &rig->model->host;

	ring_expect_law(rig);
	rig->model->queue[rig->shape.index].is_enabled = false;
	host->free(host, rig->data);
	host->free(host, rig->own);
	host->free(host, rig->shared);
	finish(rig->model);
}

int ring_add(struct ring_rig *rig, unsigned int readable, unsigned int writable)
{
	static struct kl__segment piece[VIRTQ_MAX_SIZE];
	unsigned int count = readable + writable;
	int rc;

	cr_assert(count < VIRTQ_MAX_SIZE);
	for (unsigned int i = 0; i < count; i++)
		piece[i] = (struct kl__segment){
			.address = rig->data_iova +
				(rig->posted + i) % rig->shape.size * RIG_PIECE_BYTES,
			.length = 1 + (uint32_t)((rig->posted + i) % RIG_PIECE_BYTES),
		};
	rc = kl__queue_add(rig->queue, piece, readable, writable,
		(void *)(uintptr_t)(rig->posted + 1));
	if (rc == 0)
		rig->posted++;
	return rc;
}

void ring_kick(struct ring_rig *rig)
{
	/* As a burst function does: no news, no decision. */
	if (rig->queue->avail_idx == rig->queue->published)
		return;
	kl__queue_publish(rig->queue);
	kl__kick(rig->queue);
}

void ring_post(struct ring_rig *rig, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		cr_assert_eq(ring_add(rig, 0, 1), 0);
	ring_kick(rig);
}

unsigned int ring_take(struct ring_rig *rig)
{
	unsigned int count = 0;
	uint32_t length;

	while (kl__queue_take(rig->queue, &length) != NULL)
		count++;
	rig->taken += count;
	return count;
}

uint64_t ring_doorbells(const struct ring_rig *rig)
{
	return rig->model->queue[0].doorbells;
}

void ring_assert_sound(const struct ring_rig *rig)
{
	cr_assert_eq(rig->model->violations, 0, "%s", rig->model->violation[0]);
	cr_assert_eq(rig->queue->fault, KL_QUEUE_OK, "%s", kl_queue_fault_name(rig->queue->fault));
}

void ring_expect_law(const struct ring_rig *rig)
{
	const struct kl_queue_stats *stats = &rig->queue->stats;

	cr_expect(stats->posted == stats->done + stats->failed + kl__queue_in_flight(rig->queue),
		"posted %" PRIu64 ", done %" PRIu64 ", failed %" PRIu64 ", in flight %u",
		stats->posted, stats->done, stats->failed, kl__queue_in_flight(rig->queue));
	cr_expect(stats->kicks_sent == rig->model->queue[rig->shape.index].doorbells,
		"%" PRIu64 " kicks counted, %" PRIu64 " seen", stats->kicks_sent,
		rig->model->queue[rig->shape.index].doorbells);
	cr_expect_leq(stats->watchdog_kicks, stats->kicks_sent);
}
