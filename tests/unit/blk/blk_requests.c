/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests as the device sees them: BIO of the specification. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "blk_rig.h"
#include "spec/features.h"

static struct blk_rig rig;

static void expect_bytes(size_t memory, size_t disk, size_t length)
{
	cr_expect_eq(memcmp(rig.memory + memory, rig.disk + disk, length), 0);
}

Test(blk_requests, read_and_write)
{
	rig_open(&rig);
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 0, 8192, 4096)), 0);
	expect_bytes(0, 8192, 4096);
	memset(rig.memory + 4096, 0x5a, 4096);
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_WRITE, 4096, RIG_DISK_BYTES - 4096, 4096)),
		0);
	expect_bytes(4096, RIG_DISK_BYTES - 4096, 4096);
	cr_expect_eq(rig.disk[RIG_DISK_BYTES - 1], 0x5a);
	cr_expect_eq(rig.logged, 2);
	cr_expect_eq(rig.log[0].sector, 16);
	cr_expect_eq(rig.log[0].is_indirect, !ring_is("direct"));
	rig_expect_sum(&rig, 0);
	rig_close(&rig);
}

/* Every slot id is used, many times, in every order that a device may take. */
Test(blk_requests, many_in_any_order)
{
	struct kl_blk_request requests[RIG_RING];
	struct kl_blk_completion done[RIG_RING];
	bool seen[RIG_RING];

	rig_open(&rig);
	for (unsigned int round = 0; round < 3000; round++) {
		unsigned int count = 1 + (unsigned int)(model_random(rig.model) % RIG_RING);

		rig.model->script.order = round % 3;
		memset(seen, 0, sizeof(seen));
		for (unsigned int i = 0; i < count; i++) {
			requests[i] = rig_data(&rig,
				model_random(rig.model) % 2 ? KL_BLK_READ : KL_BLK_WRITE, i * 4096,
				4096 * (model_random(rig.model) % 2000), 4096);
			requests[i].user_data = i;
		}
		cr_assert_eq(kl_blk_submit(rig.blk, 0, requests, (uint16_t)count), count);
		cr_assert_eq(rig_drain(&rig, done, RIG_RING), count);
		for (unsigned int i = 0; i < count; i++) {
			cr_assert_eq(done[i].result, 0);
			cr_assert(!seen[done[i].user_data]);
			seen[done[i].user_data] = true;
		}
	}
	rig_expect_sum(&rig, 0);
	rig_close(&rig);
}

Test(blk_requests, as_many_in_flight_as_the_ring_has_entries)
{
	struct kl_blk_request requests[RIG_RING + 4];
	struct kl_blk_completion done[RIG_RING];
	struct kl_blk_queue_stats stats;

	ONLY_IF(!ring_is("direct"));
	rig_open(&rig);
	for (unsigned int i = 0; i < RIG_RING + 4; i++)
		requests[i] = rig_data(&rig, KL_BLK_READ, i * 4096, i * 4096, 4096);
	cr_expect_eq(kl_blk_submit(rig.blk, 0, requests, RIG_RING + 4), RIG_RING);
	kl_blk_queue_stats_get(rig.blk, 0, &stats);
	cr_expect_eq(stats.max_in_flight, RIG_RING);
	cr_expect_eq(stats.queue.ring_full, 1);
	cr_expect_eq(stats.queue.kicks_sent + stats.queue.kicks_suppressed, 1,
		"one decision a call");
	rig_expect_sum(&rig, RIG_RING);
	cr_expect_eq(rig_drain(&rig, done, RIG_RING), RIG_RING);
	rig_close(&rig);
}

/* A device without INDIRECT_DESC gets chains, with the same results. */
Test(blk_requests, chained)
{
	struct kl_blk_queue_info info;
	struct kl_blk_request requests[8];
	struct kl_blk_completion done[8];

	ONLY_IF(!ring_is("direct"));
	rig_prepare(&rig);
	model_offer_not(rig.model, VIRTIO_F_INDIRECT_DESC);
	cr_assert_eq(rig_attach(&rig, NULL), 0);
	rig_start(&rig, &(struct kl_blk_conf){0});
	cr_assert_eq(kl_blk_queue_info_get(rig.blk, 0, &info), 0);
	cr_expect_str_eq(info.path, "chained");
	for (unsigned int round = 0; round < 300; round++) {
		rig.model->script.order = round % 3;
		for (unsigned int i = 0; i < 8; i++)
			requests[i] = rig_data(&rig, KL_BLK_READ, i * 4096, (i + round) * 4096,
				4096);
		cr_assert_eq(kl_blk_submit(rig.blk, 0, requests, 8), RIG_RING / 3);
		cr_assert_eq(rig_drain(&rig, done, 8), RIG_RING / 3);
		for (unsigned int i = 0; i < RIG_RING / 3; i++)
			expect_bytes(i * 4096, (i + round) * 4096, 4096);
	}
	cr_expect(!rig.log[0].is_indirect);
	rig_close(&rig);
}

Test(blk_requests, flush_and_queries)
{
	struct kl_blk_request flush = {.op = KL_BLK_FLUSH};

	rig_prepare(&rig);
	model_offer(rig.model, VIRTIO_BLK_F_LIFETIME);
	rig.serial = "twenty characters..!";
	cr_assert_eq(rig_attach(&rig, NULL), 0);
	rig_start(&rig, &(struct kl_blk_conf){0});
	cr_expect_eq(rig_run(&rig, flush), 0);
	cr_expect_eq(rig.log[0].type, VIRTIO_BLK_T_FLUSH);
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_GET_ID, 0, 0, 20)), 0);
	cr_expect_eq(memcmp(rig.memory, rig.serial, 20), 0);
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_GET_ID, 0, 0, 8)), -EINVAL);
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_GET_LIFETIME, 64, 0, 6)), 0);
	cr_expect_eq(rig.memory[69], 7);
	rig_close(&rig);
}

/* BLK-02: without FLUSH there is nothing to flush, and nothing is sent. */
Test(blk_requests, without_flush)
{
	struct kl_blk_request flush = {.op = KL_BLK_FLUSH};
	struct kl_blk_request write;

	rig_prepare(&rig);
	model_offer_not(rig.model, VIRTIO_BLK_F_FLUSH);
	cr_assert_eq(rig_attach(&rig, NULL), 0);
	rig_start(&rig, &(struct kl_blk_conf){0});
	cr_expect(!kl_blk_info(rig.blk)->is_writeback);
	cr_expect_eq(rig_run(&rig, flush), 0);
	cr_expect_eq(rig.logged, 0);
	write = rig_data(&rig, KL_BLK_WRITE, 0, 0, 512);
	write.flags = KL_BLK_FUA;
	cr_expect_eq(rig_run(&rig, write), 0);
	cr_expect_eq(rig.logged, 1);
	rig_close(&rig);
}

Test(blk_requests, fua_is_a_write_then_a_flush)
{
	struct kl_blk_request write;
	struct kl_blk_completion done[2];

	rig_open(&rig);
	cr_expect(kl_blk_info(rig.blk)->fua_is_emulated);
	write = rig_data(&rig, KL_BLK_WRITE, 0, 4096, 4096);
	write.flags = KL_BLK_FUA;
	rig_submit(&rig, write);
	cr_expect_eq(model_process(rig.model, 0, 9), 1);
	cr_expect_eq(kl_blk_poll(rig.blk, 0, done, 2), 0, "not before the flush");
	cr_expect_eq(model_process(rig.model, 0, 9), 1);
	cr_expect_eq(kl_blk_poll(rig.blk, 0, done, 2), 1);
	cr_expect_eq(rig.log[0].type, VIRTIO_BLK_T_OUT);
	cr_expect_eq(rig.log[1].type, VIRTIO_BLK_T_FLUSH);
	/* A write that failed is not flushed. */
	rig.bad_sector = 8;
	cr_expect_eq(rig_run(&rig, write), -EIO);
	cr_expect_eq(rig.logged, 3);
	rig_close(&rig);
}

/* BIO-20, BIO-21: the status byte decides and nothing else. */
Test(blk_requests, statuses)
{
	rig_open(&rig);
	rig.bad_sector = 100;
	for (unsigned int status = 1; status < 256; status++) {
		rig.bad_status = (uint8_t)status;
		cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 0, 100 * 512, 512)),
			status == 2 ? -ENOTSUP : -EIO);
	}
	rig.lies_about_length = true;
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 512)), 0);
	rig.writes_no_status = true;
	for (unsigned int i = 0; i < 2 * RIG_RING; i++)
		cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 512)), -EIO, "slot %u",
			i);
	rig_expect_sum(&rig, 0);
	rig_close(&rig);
}

/* Only the request that touches the bad sector fails. */
Test(blk_requests, one_bad_sector)
{
	struct kl_blk_request requests[8];
	struct kl_blk_completion done[8];

	rig_open(&rig);
	rig.bad_sector = 3 * 8 + 5;
	for (unsigned int i = 0; i < 8; i++)
		requests[i] = rig_data(&rig, KL_BLK_READ, i * 4096, i * 4096, 4096);
	cr_assert_eq(kl_blk_submit(rig.blk, 0, requests, 8), 8);
	cr_assert_eq(rig_drain(&rig, done, 8), 8);
	for (unsigned int i = 0; i < 8; i++)
		cr_expect_eq(done[i].result, done[i].user_data == 3 * 4096 ? -EIO : 0);
	rig_close(&rig);
}

Test(blk_requests, refused_at_the_door)
{
	struct kl_blk_request bad;

	rig_open(&rig);
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 0)), -EINVAL);
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 0, 100, 512)), -EINVAL);
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 0, 512, 100)), -EINVAL);
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 0, RIG_DISK_BYTES, 512)), -ERANGE);
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_WRITE, 0, RIG_DISK_BYTES - 512, 1024)),
		-ERANGE);
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 0, UINT64_MAX - 511, 512)), -ERANGE);
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 0, 512, UINT64_MAX - 511)), -ERANGE);
	bad = rig_data(&rig, KL_BLK_READ, 0, 0, 512);
	bad.flags = KL_BLK_FUA;
	cr_expect_eq(rig_run(&rig, bad), -EINVAL);
	bad.flags = 0;
	bad.buffer = NULL;
	cr_expect_eq(rig_run(&rig, bad), -EINVAL);
	bad.buffer = &bad;
	cr_expect_eq(rig_run(&rig, bad), -EFAULT);
	for (unsigned int op = 0; op < 256; op++) {
		if (op == KL_BLK_READ || op == KL_BLK_WRITE || op == KL_BLK_FLUSH ||
			op == KL_BLK_GET_ID)
			continue;
		bad = rig_data(&rig, op, 0, 0, 512);
		cr_expect_eq(rig_run(&rig, bad), -ENOTSUP, "%u", op);
	}
	cr_expect_eq(rig.logged, 0);
	rig_expect_sum(&rig, 0);
	rig_close(&rig);
}

Test(blk_requests, read_only)
{
	rig_prepare(&rig);
	model_offer(rig.model, VIRTIO_BLK_F_RO);
	model_offer(rig.model, VIRTIO_BLK_F_DISCARD);
	cr_assert_eq(rig_attach(&rig, NULL), 0);
	rig_start(&rig, &(struct kl_blk_conf){0});
	cr_expect(kl_blk_info(rig.blk)->is_read_only);
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_WRITE, 0, 0, 512)), -EROFS);
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_DISCARD, 0, 0, 512)), -EROFS);
	cr_expect_eq(rig.logged, 0);
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 512)), 0);
	rig_close(&rig);
}

/* Whoever never polls is stopped before anything can overflow. */
Test(blk_requests, refused_and_never_polled)
{
	struct kl_blk_request bad = {.op = 99};
	struct kl_blk_completion done[RIG_RING];
	unsigned int taken = 0;

	ONLY_IF(!ring_is("direct"));
	rig_open(&rig);
	for (unsigned int i = 0; i < 1000; i++)
		taken += kl_blk_submit(rig.blk, 0, &bad, 1);
	cr_expect_eq(taken, RIG_RING);
	cr_expect_eq(kl_blk_poll(rig.blk, 0, done, RIG_RING), RIG_RING);
	cr_expect_eq(kl_blk_submit(rig.blk, 0, &bad, 1), 1);
	rig_close(&rig);
}

/* What was never started has no queues: nothing is taken, and nothing comes. */
Test(blk_requests, before_the_first_start)
{
	struct kl_blk_request request = {.op = KL_BLK_FLUSH};
	struct kl_blk_completion done;

	rig_prepare(&rig);
	rig_apply_config(&rig);
	cr_assert_eq(rig_attach(&rig, NULL), 0);
	for (uint16_t queue = 0; queue <= 1; queue++) {
		cr_expect_eq(kl_blk_submit(rig.blk, queue, &request, 1), 0);
		cr_expect_eq(kl_blk_poll(rig.blk, queue, &done, 1), 0);
		kl_blk_kick(rig.blk, queue);
		cr_expect(kl_blk_arm(rig.blk, queue), "there is nothing to sleep for");
		kl_blk_disarm(rig.blk, queue);
		cr_expect_eq(kl_blk_wait(rig.blk, queue, &done, 1, 1, 1000000), -ESHUTDOWN);
	}
	rig_close(&rig);
}

/* 2.7.7.1: a polled queue is never interrupted, not even once in 65536 requests. */
Test(blk_requests, no_interrupts_while_polled)
{
	struct kl_blk_request requests[RIG_RING];
	struct kl_blk_completion done[RIG_RING];

	rig_open(&rig);
	for (unsigned int i = 0; i < RIG_RING; i++)
		requests[i] = rig_data(&rig, KL_BLK_READ, 0, 0, 512);
	for (unsigned int round = 0; round < 70000 / RIG_RING; round++) {
		cr_assert_eq(kl_blk_submit(rig.blk, 0, requests, RIG_RING), RIG_RING);
		model_process(rig.model, 0, RIG_RING);
		cr_assert_eq(kl_blk_poll(rig.blk, 0, done, RIG_RING), RIG_RING);
	}
	cr_expect_eq(rig.model->queue[0].interrupts, 0);
	rig_close(&rig);
}

/* A policy that waits: polling alone makes the decision in the end. */
Test(blk_requests, an_owed_kick_comes_by_polling)
{
	struct kl_blk_completion done[1];

	rig_prepare(&rig);
	cr_assert_eq(rig_attach(&rig, NULL), 0);
	rig_start(&rig, &(struct kl_blk_conf){.kick = {KL_KICK_LAZY, 1000000}});
	rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 512));
	cr_expect_eq(rig.model->queue[0].doorbells, 0);
	for (unsigned int i = 0; i < 100000000 && rig.model->queue[0].doorbells == 0; i++)
		cr_assert_eq(kl_blk_poll(rig.blk, 0, done, 1), 0);
	cr_expect_eq(rig.model->queue[0].doorbells, 1);
	/* And what comes back in time spares it. */
	cr_expect_eq(rig_drain(&rig, done, 1), 1);
	rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 512));
	cr_expect_eq(rig_drain(&rig, done, 1), 1);
	cr_expect_eq(rig.model->queue[0].doorbells, 1);
	rig_close(&rig);
}

/* Refused requests complete too, however many there are, and none is lost. */
Test(blk_requests, many_refused)
{
	struct kl_blk_request bad = {.op = 99};
	struct kl_blk_completion done[3];
	unsigned int taken = 0, completed = 0;

	rig_open(&rig);
	for (unsigned int i = 0; i < 1000; i++) {
		bad.user_data = i;
		taken += kl_blk_submit(rig.blk, 0, &bad, 1);
		if (i % 3 == 0)
			completed += kl_blk_poll(rig.blk, 0, done, 3);
	}
	completed += rig_drain(&rig, done, 3) ? 3 : 0;
	for (uint16_t n; (n = kl_blk_poll(rig.blk, 0, done, 3)) > 0;)
		completed += n;
	cr_expect_eq(taken, completed);
	rig_close(&rig);
}
