/* SPDX-License-Identifier: BSD-3-Clause */
/* One queue stopped and started while its neighbour runs. 2.6.1. */
#include <errno.h>

#include <criterion/criterion.h>

#include "device_fixture.h"
#include "ring/verbs.h"
#include "spec/features.h"

static struct device_fixture fixture;
static struct kl_queue *queues[2];
static struct kl_dma data;

static void open_two(const char *options)
{
	const struct kl_features wanted = fixture_features();

	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_F_RING_RESET);
	cr_assert_eq(fixture_attach(&fixture, options), 0);
	cr_assert_eq(kl_device_negotiate(fixture.device, &wanted), 0);
	for (uint16_t i = 0; i < 2; i++) {
		const struct kl_queue_conf conf = {.index = i, .size = 8};

		cr_assert_eq(kl_device_queue_add(fixture.device, &conf, &queues[i]), 0);
		fixture.fake->queue[i].kicks = FAKE_KICKS_ANY;
	}
	cr_assert_eq(kl__device_run(fixture.device), 0);
	cr_assert_eq(kl_device_dma_alloc(fixture.device, 64, 64, &data), 0);
}

static void post(struct kl_queue *queue)
{
	const struct kl__segment segment = {data.iova, 64};

	cr_assert_eq(kl__queue_add(queue, &segment, 0, 1, &data), 0);
	kl__queue_publish(queue);
}

static void expect_works(uint16_t index)
{
	uint32_t length;

	post(queues[index]);
	cr_expect_eq(fake_process(fixture.fake, index, 1), 1);
	cr_expect_eq(kl__queue_take(queues[index], &length), &data);
}

static void close_two(void)
{
	kl_device_dma_free(fixture.device, &data);
	fixture_close(&fixture);
}

Test(queue_reset, one_of_two)
{
	uint32_t length;

	open_two(NULL);
	for (unsigned int round = 0; round < 100; round++) {
		fixture.fake->script.queue_reset_reads = round % 4;
		expect_works(0);
		post(queues[0]);
		post(queues[0]);
		post(queues[1]);
		cr_assert_eq(kl_device_queue_stop(fixture.device, queues[0]), 0);
		cr_expect_eq(kl__queue_drain(queues[0]), &data);
		cr_expect_eq(kl__queue_drain(queues[0]), &data);
		cr_expect_eq(kl__queue_drain(queues[0]), NULL);
		cr_expect_eq(fake_process(fixture.fake, 1, 8), 1, "the neighbour runs");
		cr_expect_eq(kl__queue_take(queues[1], &length), &data);
		cr_assert_eq(kl_device_queue_start(fixture.device, queues[0]), 0);
		expect_works(0);
	}
	cr_expect_eq(queues[0]->stats.posted, 400);
	cr_expect_eq(queues[0]->stats.done, 200);
	cr_expect_eq(queues[0]->stats.failed, 200);
	close_two();
}

Test(queue_reset, never_ends)
{
	open_two(NULL);
	fixture.fake->script.queue_reset_reads = FAKE_NEVER;
	kl__default_timeout_ms = 20;
	cr_expect_eq(kl_device_queue_stop(fixture.device, queues[1]), -ETIMEDOUT);
	cr_expect(logged("queue 1") && logged("20 ms (option timeout_ms)"), "%s", log_text());
	cr_expect_eq(kl__device_reset(fixture.device, NULL, NULL), 0, "this always helps");
	close_two();
}

Test(queue_reset, not_negotiated)
{
	open_two("features=-RING_RESET");
	cr_expect_eq(kl_device_queue_stop(fixture.device, queues[0]), -ENOTSUP);
	cr_expect(logged("RING_RESET"), "%s", log_text());
	expect_works(0);
	close_two();
}
