/* SPDX-License-Identifier: BSD-3-Clause */
/* Malformed used buffers, and a ring that is emptied after a reset. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "ring_fixture.h"

static struct ring_fixture fixture;

static void open_with(unsigned int count, unsigned int kind)
{
	ring_open(&fixture, (struct kl__queue_shape){.size = 8, .kind = kind});
	ring_post(&fixture, count);
}

/* After a malformed element: nothing moves, nothing is trusted, and all can be drained. */
static void expect_broken(enum kl_queue_fault fault, unsigned int in_flight)
{
	struct kl__segment segment = {fixture.data_iova, 1};
	uint32_t length;
	uint64_t names = 0;
	void *name;

	cr_expect_eq(kl__queue_take(fixture.queue, &length), NULL);
	cr_expect_eq(fixture.queue->fault, fault, "%s", kl_queue_fault_name(fixture.queue->fault));
	cr_expect_geq(fixture.queue->stats.bad_used, 1);
	cr_expect_eq(kl__queue_take(fixture.queue, &length), NULL);
	cr_expect_eq(kl__queue_add(fixture.queue, &segment, 1, 0, &fixture), -EIO);
	ring_expect_law(&fixture);
	for (unsigned int i = 0; i < in_flight; i++) {
		name = kl__queue_drain(fixture.queue);
		cr_assert_neq(name, NULL, "%u of %u came back", i, in_flight);
		cr_expect_eq(names & UINT64_C(1) << (uintptr_t)name, 0, "twice");
		names |= UINT64_C(1) << (uintptr_t)name;
	}
	cr_expect_eq(kl__queue_drain(fixture.queue), NULL);
	cr_expect_eq(fixture.queue->stats.failed, in_flight);
	cr_expect_eq(kl__queue_in_flight(fixture.queue), 0);
	ring_close(&fixture);
}

RING_TEST(verbs_faults, used_id_beyond_the_table)
{
	static const uint32_t ids[] = {8, 9, 255, 32768, 65535, 65536, 0x10000001, UINT32_MAX};

	for (unsigned int i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		/* A packed ring's ids have 16 bits. */
		if ((kind & KL__RING_PACKED) != 0 && ids[i] > UINT16_MAX)
			continue;
		open_with(3, kind | i % 2 * KL__RING_CHAINED);
		fake_write_raw_used(fixture.fake, 0, ids[i], 0);
		expect_broken(KL_QUEUE_USED_ID, 3);
	}
}

RING_TEST(verbs_faults, used_id_not_in_flight)
{
	for (unsigned int chained = 0; chained < 2; chained++) {
		open_with(3, kind | chained * KL__RING_CHAINED);
		fake_write_raw_used(fixture.fake, 0, 5, 0);
		expect_broken(KL_QUEUE_USED_TWICE, 3);
	}
}

RING_TEST(verbs_faults, used_id_of_a_chain_s_inner_descriptor)
{
	open_with(0, kind | KL__RING_CHAINED);
	cr_assert_eq(ring_add(&fixture, 2, 2), 0);
	ring_kick(&fixture);
	fake_write_raw_used(fixture.fake, 0, 1, 0);
	expect_broken(KL_QUEUE_USED_TWICE, 1);
}

RING_TEST(verbs_faults, same_id_twice)
{
	uint32_t length;

	for (unsigned int chained = 0; chained < 2; chained++) {
		open_with(3, kind | chained * KL__RING_CHAINED);
		fake_write_raw_used(fixture.fake, 0, 0, 0);
		fake_write_raw_used(fixture.fake, 0, 0, 0);
		cr_expect_eq(kl__queue_take(fixture.queue, &length), (void *)1);
		expect_broken(KL_QUEUE_USED_TWICE, 2);
	}
}

Test(verbs_faults, used_index_jumps_ahead)
{
	static const uint16_t jumps[] = {4, 8, 9, 1024, 32768, 65535};

	for (unsigned int i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		open_with(3, i % 2 * KL__RING_CHAINED);
		fake_write_raw_index(fixture.fake, 0, jumps[i]);
		expect_broken(KL_QUEUE_USED_INDEX, 3);
	}
}

Test(verbs_faults, used_index_goes_back)
{
	open_with(5, 0);
	fake_process(fixture.fake, 0, 2);
	cr_expect_eq(ring_take(&fixture), 2);
	fake_write_raw_index(fixture.fake, 0, 1);
	expect_broken(KL_QUEUE_USED_INDEX, 3);
}

/* Good elements that were seen before the malformed one and still wait are dropped with it. */
RING_TEST(verbs_faults, good_elements_behind_a_malformed_one_are_not_taken)
{
	open_with(4, kind);
	fake_write_raw_used(fixture.fake, 0, 77, 0);
	fake_write_raw_used(fixture.fake, 0, 0, 0);
	fake_write_raw_used(fixture.fake, 0, 1, 0);
	expect_broken(KL_QUEUE_USED_ID, 4);
}

/* All fields that the device may write without a meaning. A packed ring's flags have one. */
static void rewrite_descriptors(unsigned int kind)
{
	for (unsigned int i = 0; i < 8; i++) {
		if ((kind & KL__RING_PACKED) != 0 && i != fixture.queue->used_place) {
			fixture.queue->packed[i].addr = 1;
			fixture.queue->packed[i].len = 7;
			fixture.queue->packed[i].id = (uint16_t)(i * 40503u);
		} else if ((kind & KL__RING_PACKED) == 0) {
			fixture.queue->desc[i] = (struct virtq_desc){.addr = 1,
				.len = 7,
				.flags = 7,
				.next = (uint16_t)(i * 40503u)};
		}
	}
	if ((kind & KL__RING_PACKED) == 0)
		memset(fixture.queue->avail->ring, 0xee, 8 * sizeof(uint16_t));
}

/* faults 35 to 37: nothing that the device can write decides which descriptors are ours. */
RING_TEST(verbs_faults, descriptors_rewritten_by_the_device)
{
	open_with(0, kind | KL__RING_CHAINED);
	for (unsigned int round = 0; round < 100; round++) {
		cr_assert_eq(ring_add(&fixture, 3, 2), 0);
		ring_kick(&fixture);
		cr_expect_eq(fake_process(fixture.fake, 0, 8), 1);
		rewrite_descriptors(kind);
		cr_expect_eq(ring_take(&fixture), 1);
		cr_expect_eq(fixture.queue->fault, KL_QUEUE_OK);
	}
	ring_close(&fixture);
}

RING_TEST(verbs_faults, drain_gives_each_buffer_once)
{
	uint64_t names = 0;

	open_with(4, kind | KL__RING_CHAINED);
	fake_process(fixture.fake, 0, 1);
	cr_expect_eq(ring_take(&fixture), 1);
	cr_assert_eq(ring_add(&fixture, 2, 1), 0);
	cr_expect_eq(fixture.queue->stats.posted, 4, "what is not published is not posted");
	for (unsigned int i = 0; i < 4; i++)
		names |= UINT64_C(1) << (uintptr_t)kl__queue_drain(fixture.queue);
	cr_expect_eq(names, 0x3c, "0x%lx", names);
	cr_expect_eq(kl__queue_drain(fixture.queue), NULL);
	cr_expect_eq(fixture.queue->stats.posted, 5);
	cr_expect_eq(fixture.queue->stats.failed, 4);
	cr_expect_eq(kl__queue_in_flight(fixture.queue), 0);
	ring_close(&fixture);
}

RING_TEST(verbs_faults, drain_of_an_empty_queue)
{
	open_with(0, kind);
	cr_expect_eq(kl__queue_drain(fixture.queue), NULL);
	ring_close(&fixture);
}

RING_TEST(verbs_faults, drain_of_a_full_queue)
{
	struct ring_fixture full;
	unsigned int count = 0;

	ring_open(&full, (struct kl__queue_shape){.size = VIRTQ_MAX_SIZE, .kind = kind});
	ring_post(&full, VIRTQ_MAX_SIZE);
	while (kl__queue_drain(full.queue) != NULL)
		count++;
	cr_expect_eq(count, VIRTQ_MAX_SIZE);
	ring_close(&full);
}

Test(verbs_faults, every_fault_has_a_name)
{
	for (int fault = KL_QUEUE_OK; fault <= KL_QUEUE_USED_ORDER; fault++) {
		cr_expect_neq(kl_queue_fault_name((enum kl_queue_fault)fault), NULL);
		cr_expect_str_neq(kl_queue_fault_name((enum kl_queue_fault)fault), "unknown");
	}
	cr_expect_str_eq(kl_queue_fault_name((enum kl_queue_fault)99), "unknown");
}
