/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring_fixture.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "spec/features.h"

void ring_open(struct ring_fixture *fixture, struct kl__queue_shape shape)
{
	struct kl_features accepted = {0};
	struct kl__queue_layout layout;
	struct kl__host *host;
	uint64_t iova, unused;

	*fixture = (struct ring_fixture){.fake = fake_new(63), .shape = shape};
	if (fixture->shape.ticks_per_second == 0)
		fixture->shape.ticks_per_second = 1000000000;
	host = &fixture->fake->host;
	kl__queue_layout(&fixture->shape, &layout);
	fixture->shared = host->alloc(host, layout.bytes, KL__LAYOUT_ALIGN, &iova);
	fixture->own = host->alloc(host, kl__queue_private_bytes(&fixture->shape), KL__CACHE_LINE,
		&unused);
	fixture->data = host->alloc(host, (size_t)shape.size * FIXTURE_SEGMENT_BYTES, 64,
		&fixture->data_iova);
	cr_assert(fixture->shared != NULL && fixture->own != NULL && fixture->data != NULL);
	fixture->queue = aligned_alloc(KL__CACHE_LINE, sizeof(*fixture->queue));
	cr_assert(fixture->queue != NULL);
	memset(fixture->queue, 0, sizeof(*fixture->queue));
	kl__queue_init(fixture->queue, fixture->own, fixture->shared, iova, &fixture->shape);
	fixture->queue->notifier = fake_notifier(fixture->fake, shape.index);
	kl_features_set(&accepted, VIRTIO_F_VERSION_1);
	if (shape.event_idx)
		kl_features_set(&accepted, VIRTIO_F_EVENT_IDX);
	if (shape.indirect_entries != 0)
		kl_features_set(&accepted, VIRTIO_F_INDIRECT_DESC);
	if ((shape.kind & KL__RING_PACKED) != 0)
		kl_features_set(&accepted, VIRTIO_F_RING_PACKED);
	if ((shape.kind & KL__RING_IN_ORDER) != 0)
		kl_features_set(&accepted, VIRTIO_F_IN_ORDER);
	fixture->fake->script.batch = FIXTURE_BATCH;
	fake_run_bare(fixture->fake, &accepted);
	fake_bind(fixture->fake, shape.index, shape.size, iova + layout.desc, iova + layout.driver,
		iova + layout.device);
	/* A split ring requests a kick from the start; the zeroes of a packed one request all. */
	if (shape.event_idx)
		fake_arm(fixture->fake, shape.index);
	if (shape.kick.mode != KL_KICK_EAGER)
		fixture->fake->queue[shape.index].kicks = FAKE_KICKS_LAZY;
}

void ring_close(struct ring_fixture *fixture)
{
	struct kl__host *host = &fixture->fake->host;

	ring_expect_law(fixture);
	fixture->fake->queue[fixture->shape.index].is_enabled = false;
	host->free(host, fixture->data);
	host->free(host, fixture->own);
	host->free(host, fixture->shared);
	free(fixture->queue);
	finish(fixture->fake);
}

int ring_add(struct ring_fixture *fixture, unsigned int readable, unsigned int writable)
{
	static struct kl__segment segment[VIRTQ_MAX_SIZE];
	unsigned int count = readable + writable;
	int rc;

	cr_assert(count < VIRTQ_MAX_SIZE);
	for (unsigned int i = 0; i < count; i++)
		segment[i] = (struct kl__segment){
			.address = fixture->data_iova +
				(fixture->posted + i) % fixture->shape.size * FIXTURE_SEGMENT_BYTES,
			.length = 1 + (uint32_t)((fixture->posted + i) % FIXTURE_SEGMENT_BYTES),
		};
	rc = kl__queue_add(fixture->queue, segment, readable, writable,
		(void *)(uintptr_t)(fixture->posted + 1));
	if (rc == 0)
		fixture->posted++;
	return rc;
}

void ring_kick(struct ring_fixture *fixture)
{
	/* As a burst function does: no news, no decision. */
	if (fixture->queue->avail_idx == fixture->queue->published)
		return;
	kl__queue_publish(fixture->queue);
	kl__kick(fixture->queue);
}

void ring_post(struct ring_fixture *fixture, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		cr_assert_eq(ring_add(fixture, 0, 1), 0);
	ring_kick(fixture);
}

unsigned int ring_take(struct ring_fixture *fixture)
{
	unsigned int count = 0;
	uint32_t length;

	while (kl__queue_take(fixture->queue, &length) != NULL)
		count++;
	fixture->taken += count;
	return count;
}

uint64_t ring_doorbells(const struct ring_fixture *fixture)
{
	return fixture->fake->queue[0].doorbells;
}

void ring_assert_sound(const struct ring_fixture *fixture)
{
	cr_assert_eq(fixture->fake->violations, 0, "%s", fixture->fake->violation[0]);
	cr_assert_eq(fixture->queue->fault, KL_QUEUE_OK, "%s",
		kl_queue_fault_name(fixture->queue->fault));
}

void ring_expect_law(const struct ring_fixture *fixture)
{
	const struct kl_queue_stats *stats = &fixture->queue->stats;

	cr_expect(stats->posted ==
			stats->done + stats->failed + kl__queue_in_flight(fixture->queue),
		"posted %" PRIu64 ", done %" PRIu64 ", failed %" PRIu64 ", in flight %u",
		stats->posted, stats->done, stats->failed, kl__queue_in_flight(fixture->queue));
	cr_expect(stats->kicks_sent == fixture->fake->queue[fixture->shape.index].doorbells,
		"%" PRIu64 " kicks counted, %" PRIu64 " seen", stats->kicks_sent,
		fixture->fake->queue[fixture->shape.index].doorbells);
	cr_expect_leq(stats->watchdog_kicks, stats->kicks_sent);
}
