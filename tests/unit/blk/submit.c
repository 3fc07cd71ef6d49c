/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests as the device sees them: BIO of the specification. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "blk_fixture.h"
#include "spec/features.h"

static struct blk_fixture fixture;

static void expect_bytes(size_t memory, size_t disk, size_t length)
{
	cr_expect_eq(memcmp(fixture.memory + memory, fixture.disk + disk, length), 0);
}

Test(submit, read_and_write)
{
	fixture_open(&fixture);
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 8192, 4096)), 0);
	expect_bytes(0, 8192, 4096);
	memset(fixture.memory + 4096, 0x5a, 4096);
	cr_expect_eq(fixture_run(&fixture,
			     fixture_data(&fixture, KL_BLK_WRITE, 4096, FIXTURE_DISK_BYTES - 4096,
				     4096)),
		0);
	expect_bytes(4096, FIXTURE_DISK_BYTES - 4096, 4096);
	cr_expect_eq(fixture.disk[FIXTURE_DISK_BYTES - 1], 0x5a);
	cr_expect_eq(fixture.logged, 2);
	cr_expect_eq(fixture.log[0].sector, 16);
	cr_expect_eq(fixture.log[0].is_indirect, !ring_is("direct"));
	fixture_expect_sum(&fixture, 0);
	fixture_close(&fixture);
}

/* Every slot id is used, many times, in every order that a device may take. */
Test(submit, many_in_any_order)
{
	struct kl_blk_request requests[FIXTURE_RING];
	struct kl_blk_completion done[FIXTURE_RING];
	bool seen[FIXTURE_RING];

	fixture_open(&fixture);
	for (unsigned int round = 0; round < 3000; round++) {
		unsigned int count = 1 + (unsigned int)(fake_random(fixture.fake) % FIXTURE_RING);

		fixture.fake->script.order = round % 3;
		memset(seen, 0, sizeof(seen));
		for (unsigned int i = 0; i < count; i++) {
			requests[i] = fixture_data(&fixture,
				fake_random(fixture.fake) % 2 ? KL_BLK_READ : KL_BLK_WRITE,
				i * 4096, 4096 * (fake_random(fixture.fake) % 2000), 4096);
			requests[i].user_data = i;
		}
		cr_assert_eq(kl_blk_submit(fixture.blk, 0, requests, (uint16_t)count), count);
		cr_assert_eq(fixture_drain(&fixture, done, FIXTURE_RING), count);
		for (unsigned int i = 0; i < count; i++) {
			cr_assert_eq(done[i].result, 0);
			cr_assert(!seen[done[i].user_data]);
			seen[done[i].user_data] = true;
		}
	}
	fixture_expect_sum(&fixture, 0);
	fixture_close(&fixture);
}

Test(submit, as_many_in_flight_as_the_ring_has_entries)
{
	struct kl_blk_request requests[FIXTURE_RING + 4];
	struct kl_blk_completion done[FIXTURE_RING];
	struct kl_blk_queue_stats stats;

	ONLY_IF(!ring_is("direct"));
	fixture_open(&fixture);
	for (unsigned int i = 0; i < FIXTURE_RING + 4; i++)
		requests[i] = fixture_data(&fixture, KL_BLK_READ, i * 4096, i * 4096, 4096);
	cr_expect_eq(kl_blk_submit(fixture.blk, 0, requests, FIXTURE_RING + 4), FIXTURE_RING);
	kl_blk_queue_stats_get(fixture.blk, 0, &stats);
	cr_expect_eq(stats.max_in_flight, FIXTURE_RING);
	cr_expect_eq(stats.queue.ring_full, 1);
	cr_expect_eq(stats.queue.kicks_sent + stats.queue.kicks_suppressed, 1,
		"one decision a call");
	fixture_expect_sum(&fixture, FIXTURE_RING);
	cr_expect_eq(fixture_drain(&fixture, done, FIXTURE_RING), FIXTURE_RING);
	fixture_close(&fixture);
}

/* A device without INDIRECT_DESC gets chains, with the same results. */
Test(submit, chained)
{
	struct kl_blk_queue_info info;
	struct kl_blk_request requests[8];
	struct kl_blk_completion done[8];

	ONLY_IF(!ring_is("direct"));
	fixture_prepare(&fixture);
	fake_offer_not(fixture.fake, VIRTIO_F_INDIRECT_DESC);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	cr_assert_eq(kl_blk_queue_info_get(fixture.blk, 0, &info), 0);
	cr_expect_str_eq(info.path, "chained");
	for (unsigned int round = 0; round < 300; round++) {
		fixture.fake->script.order = round % 3;
		for (unsigned int i = 0; i < 8; i++)
			requests[i] = fixture_data(&fixture, KL_BLK_READ, i * 4096,
				(i + round) * 4096, 4096);
		cr_assert_eq(kl_blk_submit(fixture.blk, 0, requests, 8), FIXTURE_RING / 3);
		cr_assert_eq(fixture_drain(&fixture, done, 8), FIXTURE_RING / 3);
		for (unsigned int i = 0; i < FIXTURE_RING / 3; i++)
			expect_bytes(i * 4096, (i + round) * 4096, 4096);
	}
	cr_expect(!fixture.log[0].is_indirect);
	fixture_close(&fixture);
}

Test(submit, flush_and_queries)
{
	struct kl_blk_request flush = {.op = KL_BLK_FLUSH};

	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_BLK_F_LIFETIME);
	fixture.serial = "twenty characters..!";
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	cr_expect_eq(fixture_run(&fixture, flush), 0);
	cr_expect_eq(fixture.log[0].type, VIRTIO_BLK_T_FLUSH);
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_GET_ID, 0, 0, 20)), 0);
	cr_expect_eq(memcmp(fixture.memory, fixture.serial, 20), 0);
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_GET_ID, 0, 0, 8)),
		-EINVAL);
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_GET_LIFETIME, 64, 0, 6)),
		0);
	cr_expect_eq(fixture.memory[69], 7);
	fixture_close(&fixture);
}

/* BLK-02: without FLUSH there is nothing to flush, and nothing is sent. */
Test(submit, without_flush)
{
	struct kl_blk_request flush = {.op = KL_BLK_FLUSH};
	struct kl_blk_request write;

	fixture_prepare(&fixture);
	fake_offer_not(fixture.fake, VIRTIO_BLK_F_FLUSH);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	cr_expect(!kl_blk_info(fixture.blk)->is_writeback);
	cr_expect_eq(fixture_run(&fixture, flush), 0);
	cr_expect_eq(fixture.logged, 0);
	write = fixture_data(&fixture, KL_BLK_WRITE, 0, 0, 512);
	write.flags = KL_BLK_FUA;
	cr_expect_eq(fixture_run(&fixture, write), 0);
	cr_expect_eq(fixture.logged, 1);
	fixture_close(&fixture);
}

Test(submit, fua_is_a_write_then_a_flush)
{
	struct kl_blk_request write;
	struct kl_blk_completion done[2];

	fixture_open(&fixture);
	cr_expect(kl_blk_info(fixture.blk)->fua_is_emulated);
	write = fixture_data(&fixture, KL_BLK_WRITE, 0, 4096, 4096);
	write.flags = KL_BLK_FUA;
	fixture_submit(&fixture, write);
	cr_expect_eq(fake_process(fixture.fake, 0, 9), 1);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 2), 0, "not before the flush");
	cr_expect_eq(fake_process(fixture.fake, 0, 9), 1);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 2), 1);
	cr_expect_eq(fixture.log[0].type, VIRTIO_BLK_T_OUT);
	cr_expect_eq(fixture.log[1].type, VIRTIO_BLK_T_FLUSH);
	/* A write that failed is not flushed. */
	fixture.bad_sector = 8;
	cr_expect_eq(fixture_run(&fixture, write), -EIO);
	cr_expect_eq(fixture.logged, 3);
	fixture_close(&fixture);
}

/* BIO-20, BIO-21: the status byte decides and nothing else. */
Test(submit, statuses)
{
	fixture_open(&fixture);
	fixture.bad_sector = 100;
	for (unsigned int status = 1; status < 256; status++) {
		fixture.bad_status = (uint8_t)status;
		cr_expect_eq(fixture_run(&fixture,
				     fixture_data(&fixture, KL_BLK_READ, 0, 100 * 512, 512)),
			status == 2 ? -ENOTSUP : -EIO);
	}
	fixture.malforms_length = true;
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 512)), 0);
	fixture.writes_no_status = true;
	for (unsigned int i = 0; i < 2 * FIXTURE_RING; i++)
		cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 512)),
			-EIO, "slot %u", i);
	fixture_expect_sum(&fixture, 0);
	fixture_close(&fixture);
}

/* Only the request that touches the bad sector fails. */
Test(submit, one_bad_sector)
{
	struct kl_blk_request requests[8];
	struct kl_blk_completion done[8];

	fixture_open(&fixture);
	fixture.bad_sector = 3 * 8 + 5;
	for (unsigned int i = 0; i < 8; i++)
		requests[i] = fixture_data(&fixture, KL_BLK_READ, i * 4096, i * 4096, 4096);
	cr_assert_eq(kl_blk_submit(fixture.blk, 0, requests, 8), 8);
	cr_assert_eq(fixture_drain(&fixture, done, 8), 8);
	for (unsigned int i = 0; i < 8; i++)
		cr_expect_eq(done[i].result, done[i].user_data == 3 * 4096 ? -EIO : 0);
	fixture_close(&fixture);
}

Test(submit, refused_at_the_door)
{
	struct kl_blk_request bad;

	fixture_open(&fixture);
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 0)), -EINVAL);
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 100, 512)),
		-EINVAL);
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 512, 100)),
		-EINVAL);
	cr_expect_eq(fixture_run(&fixture,
			     fixture_data(&fixture, KL_BLK_READ, 0, FIXTURE_DISK_BYTES, 512)),
		-ERANGE);
	cr_expect_eq(fixture_run(&fixture,
			     fixture_data(&fixture, KL_BLK_WRITE, 0, FIXTURE_DISK_BYTES - 512,
				     1024)),
		-ERANGE);
	cr_expect_eq(fixture_run(&fixture,
			     fixture_data(&fixture, KL_BLK_READ, 0, UINT64_MAX - 511, 512)),
		-ERANGE);
	cr_expect_eq(fixture_run(&fixture,
			     fixture_data(&fixture, KL_BLK_READ, 0, 512, UINT64_MAX - 511)),
		-ERANGE);
	bad = fixture_data(&fixture, KL_BLK_READ, 0, 0, 512);
	bad.flags = KL_BLK_FUA;
	cr_expect_eq(fixture_run(&fixture, bad), -EINVAL);
	bad.flags = 0;
	bad.buffer = NULL;
	cr_expect_eq(fixture_run(&fixture, bad), -EINVAL);
	bad.buffer = &bad;
	cr_expect_eq(fixture_run(&fixture, bad), -EFAULT);
	for (unsigned int op = 0; op < 256; op++) {
		if (op == KL_BLK_READ || op == KL_BLK_WRITE || op == KL_BLK_FLUSH ||
			op == KL_BLK_GET_ID)
			continue;
		bad = fixture_data(&fixture, op, 0, 0, 512);
		cr_expect_eq(fixture_run(&fixture, bad), -ENOTSUP, "%u", op);
	}
	cr_expect_eq(fixture.logged, 0);
	fixture_expect_sum(&fixture, 0);
	fixture_close(&fixture);
}

Test(submit, read_only)
{
	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_BLK_F_RO);
	fake_offer(fixture.fake, VIRTIO_BLK_F_DISCARD);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	cr_expect(kl_blk_info(fixture.blk)->is_read_only);
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_WRITE, 0, 0, 512)),
		-EROFS);
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_DISCARD, 0, 0, 512)),
		-EROFS);
	cr_expect_eq(fixture.logged, 0);
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 512)), 0);
	fixture_close(&fixture);
}

/* Whoever never polls is stopped before anything can overflow. */
Test(submit, refused_and_never_polled)
{
	struct kl_blk_request bad = {.op = 99};
	struct kl_blk_completion done[FIXTURE_RING];
	unsigned int taken = 0;

	ONLY_IF(!ring_is("direct"));
	fixture_open(&fixture);
	for (unsigned int i = 0; i < 1000; i++)
		taken += kl_blk_submit(fixture.blk, 0, &bad, 1);
	cr_expect_eq(taken, FIXTURE_RING);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, FIXTURE_RING), FIXTURE_RING);
	cr_expect_eq(kl_blk_submit(fixture.blk, 0, &bad, 1), 1);
	fixture_close(&fixture);
}

/* Before the first start there are no queues: nothing is accepted, and nothing completes. */
Test(submit, before_the_first_start)
{
	struct kl_blk_request request = {.op = KL_BLK_FLUSH};
	struct kl_blk_completion done;

	fixture_prepare(&fixture);
	fixture_apply_config(&fixture);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	for (uint16_t queue = 0; queue <= 1; queue++) {
		cr_expect_eq(kl_blk_submit(fixture.blk, queue, &request, 1), 0);
		cr_expect_eq(kl_blk_poll(fixture.blk, queue, &done, 1), 0);
		kl_blk_kick(fixture.blk, queue);
		cr_expect(kl_blk_arm(fixture.blk, queue), "there is nothing to sleep for");
		kl_blk_disarm(fixture.blk, queue);
		cr_expect_eq(kl_blk_wait(fixture.blk, queue, &done, 1, 1, 1000000), -ESHUTDOWN);
	}
	fixture_close(&fixture);
}

/* 2.7.7.1: a polled queue is never interrupted, not even once in 65536 requests. */
Test(submit, no_interrupts_while_polled)
{
	struct kl_blk_request requests[FIXTURE_RING];
	struct kl_blk_completion done[FIXTURE_RING];

	fixture_open(&fixture);
	for (unsigned int i = 0; i < FIXTURE_RING; i++)
		requests[i] = fixture_data(&fixture, KL_BLK_READ, 0, 0, 512);
	for (unsigned int round = 0; round < 70000 / FIXTURE_RING; round++) {
		cr_assert_eq(kl_blk_submit(fixture.blk, 0, requests, FIXTURE_RING), FIXTURE_RING);
		fake_process(fixture.fake, 0, FIXTURE_RING);
		cr_assert_eq(kl_blk_poll(fixture.blk, 0, done, FIXTURE_RING), FIXTURE_RING);
	}
	cr_expect_eq(fixture.fake->queue[0].interrupts, 0);
	fixture_close(&fixture);
}

/* A policy that waits: polling alone makes the decision in the end. */
Test(submit, a_pending_kick_comes_by_polling)
{
	struct kl_blk_completion done[1];

	fixture_prepare(&fixture);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	fixture_start(&fixture, &(struct kl_blk_conf){.kick = {KL_KICK_LAZY, 1000000}});
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 512));
	cr_expect_eq(fixture.fake->queue[0].doorbells, 0);
	for (unsigned int i = 0; i < 100000000 && fixture.fake->queue[0].doorbells == 0; i++)
		cr_assert_eq(kl_blk_poll(fixture.blk, 0, done, 1), 0);
	cr_expect_eq(fixture.fake->queue[0].doorbells, 1);
	/* And what comes back in time spares it. */
	cr_expect_eq(fixture_drain(&fixture, done, 1), 1);
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 512));
	cr_expect_eq(fixture_drain(&fixture, done, 1), 1);
	cr_expect_eq(fixture.fake->queue[0].doorbells, 1);
	fixture_close(&fixture);
}

/* Refused requests complete too, however many there are, and none is lost. */
Test(submit, many_refused)
{
	struct kl_blk_request bad = {.op = 99};
	struct kl_blk_completion done[3];
	unsigned int taken = 0, completed = 0;

	fixture_open(&fixture);
	for (unsigned int i = 0; i < 1000; i++) {
		bad.user_data = i;
		taken += kl_blk_submit(fixture.blk, 0, &bad, 1);
		if (i % 3 == 0)
			completed += kl_blk_poll(fixture.blk, 0, done, 3);
	}
	completed += fixture_drain(&fixture, done, 3) ? 3 : 0;
	for (uint16_t n; (n = kl_blk_poll(fixture.blk, 0, done, 3)) > 0;)
		completed += n;
	cr_expect_eq(taken, completed);
	fixture_close(&fixture);
}
