/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/device.h"

#include <errno.h>
#include <stdio.h>

#include <criterion/criterion.h>

#include "device_rig.h"
#include "ring/kick.h"
#include "ring/ring.h"
#include "ring/verbs.h"

static struct device_rig rig;

Test(device, close_of_nothing)
{
	kl_device_close(NULL);
}

Test(device, opened_and_closed)
{
	rig_open(&rig, NULL);
	rig_expect_status(&rig, "0 1 3");
	cr_expect_eq(kl_device_info(rig.device)->accepted.word[0], 0);
	cr_expect(kl_device_offers(rig.device, 32));
	kl_device_close(rig.device);
	rig.device = NULL;
	rig_expect_status(&rig, "0");
	cr_expect_eq(rig_removes, 1);
	rig_close(&rig);
}

/* The driver does not want it: FAILED, nothing left over, the caller still has both ends. */
Test(device, probe_fails)
{
	rig_prepare(&rig);
	rig_probe_result = -ENODEV;
	cr_expect_eq(rig_attach(&rig, NULL), -ENODEV);
	cr_expect_eq(rig_removes, 0);
	rig_expect_status(&rig, "0 1 3 83");
	/* Another try begins with a reset, and works. */
	rig_probe_result = 0;
	cr_expect_eq(rig_attach(&rig, NULL), 0);
	rig_expect_status(&rig, "0 1 3");
	rig_start(&rig, 2);
	rig_close(&rig);
}

Test(device, private_data)
{
	int mine;
	void *old;

	rig_open(&rig, NULL);
	old = kl_device_private(rig.device);
	kl_device_private_set(rig.device, &mine);
	cr_expect_eq(kl_device_private(rig.device), &mine);
	kl_device_private_set(rig.device, old);
	rig_close(&rig);
}

/* INIT-14, INIT-16: any state may be left by a reset, as often as wished. */
Test(device, reset_from_every_state)
{
	rig_open(&rig, NULL);
	cr_expect_eq(kl_device_reset(rig.device, NULL, NULL), 0);
	cr_assert_eq(rig_negotiate(&rig), 0);
	cr_expect_eq(kl_device_reset(rig.device, NULL, NULL), 0);
	for (unsigned int i = 0; i < 20; i++) {
		rig_start(&rig, 2);
		cr_expect_eq(rig.model->allocated, 4);
		cr_expect_eq(kl_device_reset(rig.device, NULL, NULL), 0);
		cr_expect_eq(rig.model->allocated, 0);
	}
	rig_close(&rig);
}

struct leftover {
	struct kl_queue *queue;
	struct model *model;
	unsigned int count;
};

/* Called when the status has read 0, and the rings are there still. */
static void take_all(void *context)
{
	struct leftover *left = context;

	cr_expect_eq(left->model->status, 0);
	cr_expect_eq(left->model->allocated, 3);
	while (kl__queue_drain(left->queue) != NULL)
		left->count++;
}

Test(device, buffers_are_taken_back_after_the_reset)
{
	const struct kl_queue_conf conf = {.index = 1};
	struct leftover left = {0};
	struct kl_dma dma;

	rig_open(&rig, NULL);
	left.model = rig.model;
	cr_assert_eq(rig_negotiate(&rig), 0);
	cr_assert_eq(kl_device_queue_add(rig.device, &conf, &left.queue), 0);
	cr_assert_eq(kl_device_dma_alloc(rig.device, 64, 64, &dma), 0);
	cr_assert_eq(kl_device_run(rig.device), 0);
	for (unsigned int i = 0; i < 7; i++) {
		const struct kl__segment piece = {dma.iova, 64};

		cr_assert_eq(kl__queue_add(left.queue, &piece, 0, 1, &dma), 0);
	}
	kl__queue_publish(left.queue);
	kl__kick(left.queue);
	rig.model->script.reset_reads = 3;
	rig.model->script.scribbles = true;
	cr_expect_eq(kl_device_reset(rig.device, take_all, &left), 0);
	cr_expect_eq(left.count, 7);
	kl_device_dma_free(rig.device, &dma);
	rig_close(&rig);
}

/* 3.1.1, INIT-11: buffers may be placed before DRIVER_OK; the doorbell for them comes after it. */
Test(device, a_doorbell_before_it_runs_is_caught)
{
	const struct kl_queue_conf conf = {.index = 0};
	struct kl_queue *queue;

	rig_open(&rig, NULL);
	cr_assert_eq(rig_negotiate(&rig), 0);
	cr_assert_eq(kl_device_queue_add(rig.device, &conf, &queue), 0);
	kl_notify(&queue->notifier, 0);
	cr_expect(model_forgive(rig.model, "INIT-10"));
	rig_close(&rig);
}

/* What is open is known by its name, so that nobody opens it twice. */
Test(device, open_ones_are_known)
{
	struct device_rig other;

	rig_prepare(&rig);
	snprintf(rig.model->access.name, sizeof(rig.model->access.name), "first");
	cr_expect_not(kl__device_is_open("first"));
	rig_probe_result = -EIO;
	cr_expect_eq(rig_attach(&rig, NULL), -EIO);
	cr_expect_not(kl__device_is_open("first"), "what failed is not open");
	rig_probe_result = 0;
	cr_assert_eq(rig_attach(&rig, NULL), 0);
	rig_prepare(&other);
	snprintf(other.model->access.name, sizeof(other.model->access.name), "second");
	cr_assert_eq(rig_attach(&other, NULL), 0);
	cr_expect(kl__device_is_open("first"));
	cr_expect(kl__device_is_open("second"));
	cr_expect_not(kl__device_is_open("firs"));
	rig_close(&rig);
	cr_expect_not(kl__device_is_open("first"));
	cr_expect(kl__device_is_open("second"));
	rig_close(&other);
	cr_expect_not(kl__device_is_open("second"));
}
