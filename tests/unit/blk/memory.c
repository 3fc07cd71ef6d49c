/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory of requests: what the device reaches of it, what is in flight, and our own records. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "blk_fixture.h"
#include "spec/features.h"
#include "state.h"
#include "virtual_host.h"

#define FORMS 4

static struct blk_fixture fixture;

/* A form is packed or split, and indirect or chained. */
static void prepare_form(unsigned int form)
{
	fixture_prepare(&fixture);
	fixture_use_virtual_addresses(&fixture);
	if ((form & 1) != 0)
		fake_offer(fixture.fake, VIRTIO_F_RING_PACKED);
	if ((form & 2) != 0)
		fake_offer_not(fixture.fake, VIRTIO_F_INDIRECT_DESC);
}

static void open_form(unsigned int form)
{
	prepare_form(form);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0, "%s", log_text());
	fixture_start(&fixture, &(struct kl_blk_conf){0});
}

static struct kl_blk_request read_into(void *buffer, uint64_t length)
{
	return (struct kl_blk_request){.op = KL_BLK_READ, .buffer = buffer, .length = length};
}

static int run(struct kl_blk_request request)
{
	int result = fixture_run(&fixture, request);

	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_RUNNING);
	return result;
}

Test(memory, out_of_reach)
{
	static uint8_t beyond[8192];

	for (unsigned int form = 0; form < FORMS; form++) {
		open_form(form);
		cr_expect_eq(run(read_into(beyond, 4096)), -EFAULT, "form %u", form);
		cr_expect_eq(fixture.logged, 0, "the device saw nothing of it");
		fixture_expect_works(&fixture);
		cr_expect_eq(run(read_into(beyond, 4096)), -EFAULT);
		cr_expect_eq(run(read_into(NULL, 4096)), -EINVAL);
		cr_expect_eq(run(read_into(fixture.memory + FIXTURE_MEMORY_BYTES - 512, 1024)),
			-EFAULT, "half of it");
		cr_expect_eq(run(read_into(fixture.memory + FIXTURE_MEMORY_BYTES - 512, 512)), 0);
		cr_expect_eq(run(read_into(fixture.memory - 512, 1024)), -EFAULT);
		virtual_host_add(fixture.fake, beyond + 4096, 4096);
		cr_expect_eq(run(read_into(beyond + 4096, 4096)), 0);
		cr_expect_eq(run(read_into(beyond + 4095, 512)), -EFAULT);
		fixture_expect_works(&fixture);
		virtual_host_remove(fixture.fake, beyond + 4096, 4096);
		cr_expect_eq(run(read_into(beyond + 4096, 4096)), -EFAULT);
		fixture_expect_works(&fixture);
		fixture_close(&fixture);
	}
}

Test(memory, one_element_out_of_reach)
{
	static uint8_t beyond[512];

	for (unsigned int form = 0; form < FORMS; form++) {
		struct iovec iov[3] = {{NULL, 512}, {beyond, 512}, {NULL, 512}};
		struct kl_blk_request request = {.op = KL_BLK_READ,
			.iov = iov,
			.count = 3,
			.length = 1536};

		open_form(form);
		iov[0].iov_base = fixture.memory;
		iov[2].iov_base = fixture.memory + 4096;
		cr_expect_eq(run(request), -EFAULT, "form %u", form);
		iov[1].iov_base = fixture.memory + 2048;
		cr_expect_eq(run(request), 0);
		fixture_close(&fixture);
	}
}

/* Each buffer of a call is in another range. */
Test(memory, many_ranges)
{
	static uint8_t far_apart[5][16384];
	struct kl_blk_request requests[8];
	struct kl_blk_completion done[8];

	open_form(0);
	for (unsigned int i = 0; i < 5; i++)
		virtual_host_add(fixture.fake, far_apart[i] + 4096, 4096);
	for (unsigned int i = 0; i < 8; i++) {
		requests[i] = read_into(far_apart[i % 5] + (i < 5 ? 4096 : 8192), 4096);
		requests[i].user_data = i;
		requests[i].offset = i * 4096;
	}
	cr_assert_eq(kl_blk_submit(fixture.blk, 0, requests, 8), 8);
	cr_assert_eq(fixture_drain(&fixture, done, 8), 8);
	for (unsigned int i = 0; i < 8; i++)
		cr_expect_eq(done[i].result, done[i].user_data < 5 ? 0 : -EFAULT, "%u", i);
	for (unsigned int i = 0; i < 5; i++)
		cr_expect_eq(memcmp(far_apart[i] + 4096, fixture.disk + i * 4096, 4096), 0);
	fixture_close(&fixture);
}

static int uses(size_t at, size_t size)
{
	return kl__device_uses_memory(fixture.device, (uintptr_t)fixture.memory + at, size);
}

static void expect_in_flight(size_t at, size_t bytes)
{
	cr_expect_eq(uses(at, bytes), -EBUSY);
	cr_expect_eq(uses(at + bytes - 1, 4096), -EBUSY);
	cr_expect_eq(uses(at - 4096, 4097), -EBUSY);
	cr_expect_eq(uses(at - 4096, 4096), 0);
	cr_expect_eq(uses(at + bytes, 4096), 0);
	cr_expect_eq(uses(at, 0), 0);
	cr_expect_eq(uses(0, FIXTURE_MEMORY_BYTES), -EBUSY);
}

static void complete(unsigned int count)
{
	struct kl_blk_completion done[4];

	cr_expect_eq(fixture_drain(&fixture, done, 4), count);
	for (unsigned int i = 0; i < count; i++)
		cr_expect_eq(done[i].result, 0);
	cr_expect_eq(uses(0, FIXTURE_MEMORY_BYTES), 0);
	fixture_expect_works(&fixture);
}

/* The answer is right even when the device has overwritten all that it reaches. */
Test(memory, in_flight)
{
	for (unsigned int form = 0; form < FORMS; form++) {
		const struct blk_queue *queue;
		struct blk_slot_memory kept[4 * FIXTURE_RING];
		size_t bytes;

		open_form(form);
		queue = fixture.blk->queues[0];
		bytes = queue->ring->size * sizeof(kept[0]);
		cr_expect_eq(uses(0, FIXTURE_MEMORY_BYTES), 0);
		fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 8192, 0, 4096));
		memcpy(kept, queue->block, bytes);
		memset(queue->block, 0x5a, bytes);
		expect_in_flight(8192, 4096);
		memcpy(queue->block, kept, bytes);
		complete(1);
		fixture_close(&fixture);
	}
}

Test(memory, in_flight_of_an_iovec)
{
	for (unsigned int form = 0; form < FORMS; form++) {
		struct iovec iov[2] = {{NULL, 512}, {NULL, 1024}};

		open_form(form);
		iov[0].iov_base = fixture.memory + 1 * 65536;
		iov[1].iov_base = fixture.memory + 3 * 65536;
		fixture_submit(&fixture,
			(struct kl_blk_request){.op = KL_BLK_READ,
				.iov = iov,
				.count = 2,
				.length = 1536});
		expect_in_flight(1 * 65536, 512);
		expect_in_flight(3 * 65536, 1024);
		cr_expect_eq(uses(2 * 65536, 4096), 0);
		complete(1);
		fixture_close(&fixture);
	}
}

/* A request of several subrequests, of which some wait for free slots. */
Test(memory, in_flight_of_a_large_request)
{
	for (unsigned int form = 0; form < FORMS; form++) {
		prepare_form(form);
		fake_offer(fixture.fake, VIRTIO_BLK_F_SIZE_MAX);
		fixture.config.size_max = 4096;
		fixture.config.seg_max = 1;
		fixture_apply_config(&fixture);
		cr_assert_eq(fixture_attach(&fixture, NULL), 0, "%s", log_text());
		fixture_start(&fixture, &(struct kl_blk_conf){0});
		fixture_submit(&fixture,
			fixture_data(&fixture, KL_BLK_READ, 8192, 0, 4 * FIXTURE_RING * 4096));
		expect_in_flight(8192, 4 * FIXTURE_RING * 4096);
		complete(1);
		fixture_submit(&fixture, (struct kl_blk_request){.op = KL_BLK_FLUSH});
		cr_expect_eq(uses(0, FIXTURE_MEMORY_BYTES), 0, "it has no data");
		complete(1);
		fixture_close(&fixture);
	}
}

Test(memory, in_flight_by_state)
{
	open_form(0);
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 8192, 0, 4096));
	kl_device_halt(fixture.device, NULL, "a test");
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_HALTED);
	expect_in_flight(8192, 4096);
	cr_expect_eq(fixture.blk->queues[0]->gate.state, KL__GATE_OPEN);
	kl__gate_set(&fixture.blk->queues[0]->gate, KL__GATE_HALTED);
	expect_in_flight(8192, 4096);
	cr_expect_eq(fixture.blk->queues[0]->gate.state, KL__GATE_HALTED);
	cr_expect_eq(kl_blk_stop(fixture.blk), 0);
	cr_expect_eq(uses(8192, 4096), 0, "it has no queues");
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 8192, 0, 4096));
	fixture.fake->script.reset_reads = FAKE_NEVER;
	kl__default_timeout_ms = 20;
	cr_expect_eq(kl_blk_stop(fixture.blk), -ETIMEDOUT);
	cr_expect_eq(uses(8192, 4096), -EBUSY, "a device that is lost may still write");
	while (fake_take_violation(fixture.fake, ""))
		;
	fixture_close(&fixture);
}

static void *query_memory(void *result)
{
	*(int *)result = uses(8192, 4096);
	return NULL;
}

/* Another thread starts, stops, recovers or closes the device. */
Test(memory, in_flight_while_the_device_changes)
{
	pthread_t thread;
	int result = 0;

	open_form(0);
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 8192, 0, 4096));
	pthread_mutex_lock(&fixture.device->change);
	cr_assert_eq(pthread_create(&thread, NULL, query_memory, &result), 0);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_expect_eq(result, -EAGAIN);
	pthread_mutex_unlock(&fixture.device->change);
	expect_in_flight(8192, 4096);
	complete(1);
	fixture_close(&fixture);
}

/* A thread that stays within a call on a queue. */
Test(memory, in_flight_while_a_thread_is_inside)
{
	struct kl__gate *gate;

	open_form(0);
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 8192, 0, 4096));
	gate = &fixture.blk->queues[0]->gate;
	cr_expect(kl__gate_enter(gate));
	fixture.fake->host.ticks_per_second = 1000;
	cr_expect_eq(uses(8192, 4096), -EAGAIN);
	kl__gate_leave(gate);
	cr_expect_eq(gate->state, KL__GATE_OPEN);
	expect_in_flight(8192, 4096);
	complete(1);
	fixture_close(&fixture);
}

static void expect_private(const void *record, const char *name)
{
	uint64_t iova;

	cr_expect_neq(record, NULL, "%s", name);
	cr_expect_eq(kl_device_translate(fixture.device, record, 1, &iova), 0,
		"the device reaches %s", name);
}

Test(memory, records)
{
	for (unsigned int form = 0; form < FORMS; form++) {
		const struct blk_queue *queue;
		uint64_t iova;

		open_form(form);
		queue = fixture.blk->queues[0];
		expect_private(fixture.blk, "the disk's record");
		expect_private(fixture.blk->queues, "the table of queues");
		expect_private(queue, "the record");
		expect_private(queue->ring, "the ring's record");
		expect_private(queue->slot, "the slots");
		expect_private(&queue->slot[queue->size - 1], "the last slot");
		expect_private(queue->free_parents, "the parents");
		for (const struct blk_parent *parent = queue->free_parents; parent != NULL;
			parent = parent->next)
			expect_private(parent, "a parent");
		expect_private(queue->ready, "the completions");
		expect_private(&queue->ready[queue->ready_mask], "the last completion");
		cr_expect_eq(kl_device_translate(fixture.device, queue->block, 64, &iova), 64);
		cr_expect_eq(kl_device_translate(fixture.device, queue->status, 1, &iova), 1);
		fixture_close(&fixture);
	}
}
