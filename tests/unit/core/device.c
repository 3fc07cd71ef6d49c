/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/device.h"

#include <errno.h>
#include <stdio.h>

#include <criterion/criterion.h>

#include "device_fixture.h"
#include "ring/kick.h"
#include "ring/used.h"
#include "ring/verbs.h"

static struct device_fixture fixture;

Test(device, close_of_nothing)
{
	kl_device_close(NULL);
}

Test(device, opened_and_closed)
{
	fixture_open(&fixture, NULL);
	fixture_expect_status(&fixture, "0 1 3");
	cr_expect_eq(kl_device_info(fixture.device)->accepted.word[0], 0);
	cr_expect(kl_device_offers(fixture.device, 32));
	kl_device_close(fixture.device);
	fixture.device = NULL;
	fixture_expect_status(&fixture, "0");
	cr_expect_eq(fixture_removes, 1);
	fixture_close(&fixture);
}

/* The driver does not want it: FAILED, nothing left over, the caller still has both ends. */
Test(device, probe_fails)
{
	fixture_prepare(&fixture);
	fixture_probe_result = -ENODEV;
	cr_expect_eq(fixture_attach(&fixture, NULL), -ENODEV);
	cr_expect_eq(fixture_removes, 0);
	fixture_expect_status(&fixture, "0 1 3 83");
	/* Another try begins with a reset, and works. */
	fixture_probe_result = 0;
	cr_expect_eq(fixture_attach(&fixture, NULL), 0);
	fixture_expect_status(&fixture, "0 1 3");
	fixture_start(&fixture, 2);
	fixture_close(&fixture);
}

Test(device, private_data)
{
	int mine;
	void *old;

	fixture_open(&fixture, NULL);
	old = kl_device_private(fixture.device);
	kl_device_private_set(fixture.device, &mine);
	cr_expect_eq(kl_device_private(fixture.device), &mine);
	kl_device_private_set(fixture.device, old);
	fixture_close(&fixture);
}

/* INIT-14, INIT-16: any state may be left by a reset, as often as needed. */
Test(device, reset_from_every_state)
{
	fixture_open(&fixture, NULL);
	cr_expect_eq(kl__device_reset(fixture.device, NULL, NULL), 0);
	cr_assert_eq(fixture_negotiate(&fixture), 0);
	cr_expect_eq(kl__device_reset(fixture.device, NULL, NULL), 0);
	for (unsigned int i = 0; i < 20; i++) {
		fixture_start(&fixture, 2);
		cr_expect_eq(fixture.fake->allocated, 2);
		cr_expect_eq(fixture.fake->allocated_private, 2);
		cr_expect_eq(kl__device_reset(fixture.device, NULL, NULL), 0);
		cr_expect_eq(fixture.fake->allocated, 0);
	}
	fixture_close(&fixture);
}

struct leftover {
	struct kl_queue *queue;
	struct fake_device *fake;
	unsigned int count;
};

/* Called when the status has read 0, and the rings are there still. */
static void take_all(void *context)
{
	struct leftover *left = context;

	cr_expect_eq(left->fake->status, 0);
	cr_expect_eq(left->fake->allocated, 2);
	cr_expect_eq(left->fake->allocated_private, 1);
	while (kl__queue_drain(left->queue) != NULL)
		left->count++;
}

Test(device, buffers_are_reclaimed_after_the_reset)
{
	const struct kl_queue_conf conf = {.index = 1};
	struct leftover left = {0};
	struct kl_dma dma;

	fixture_open(&fixture, NULL);
	left.fake = fixture.fake;
	cr_assert_eq(fixture_negotiate(&fixture), 0);
	cr_assert_eq(kl_device_queue_add(fixture.device, &conf, &left.queue), 0);
	cr_assert_eq(kl_device_dma_alloc(fixture.device, 64, 64, &dma), 0);
	cr_assert_eq(kl__device_run(fixture.device), 0);
	for (unsigned int i = 0; i < 7; i++) {
		const struct kl__segment segment = {dma.iova, 64};

		cr_assert_eq(kl__queue_add(left.queue, &segment, 0, 1, &dma), 0);
	}
	kl__queue_publish(left.queue);
	kl__kick(left.queue);
	fixture.fake->script.reset_reads = 3;
	fixture.fake->script.scribbles = true;
	cr_expect_eq(kl__device_reset(fixture.device, take_all, &left), 0);
	cr_expect_eq(left.count, 7);
	kl_device_dma_free(fixture.device, &dma);
	fixture_close(&fixture);
}

/* 3.1.1, INIT-11: buffers may be placed before DRIVER_OK; the doorbell for them comes after it. */
Test(device, a_doorbell_before_it_runs_is_caught)
{
	const struct kl_queue_conf conf = {.index = 0};
	struct kl_queue *queue;

	fixture_open(&fixture, NULL);
	cr_assert_eq(fixture_negotiate(&fixture), 0);
	cr_assert_eq(kl_device_queue_add(fixture.device, &conf, &queue), 0);
	kl_notify(&queue->notifier, 0);
	cr_expect(fake_take_violation(fixture.fake, "INIT-10"));
	fixture_close(&fixture);
}

/* Open devices are known by their names, so that none is opened twice. */
Test(device, open_ones_are_known)
{
	struct device_fixture other;

	fixture_prepare(&fixture);
	snprintf(fixture.fake->access.name, sizeof(fixture.fake->access.name), "first");
	cr_expect_not(kl__device_is_open("first"));
	fixture_probe_result = -EIO;
	cr_expect_eq(fixture_attach(&fixture, NULL), -EIO);
	cr_expect_not(kl__device_is_open("first"), "what failed is not open");
	fixture_probe_result = 0;
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	fixture_prepare(&other);
	snprintf(other.fake->access.name, sizeof(other.fake->access.name), "second");
	cr_assert_eq(fixture_attach(&other, NULL), 0);
	cr_expect(kl__device_is_open("first"));
	cr_expect(kl__device_is_open("second"));
	cr_expect_not(kl__device_is_open("firs"));
	fixture_close(&fixture);
	cr_expect_not(kl__device_is_open("first"));
	cr_expect(kl__device_is_open("second"));
	fixture_close(&other);
	cr_expect_not(kl__device_is_open("second"));
}
