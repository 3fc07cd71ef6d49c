/* SPDX-License-Identifier: BSD-3-Clause */
/* What few devices have: other doorbells, a BAR out of reach, the reset of one queue. */
#include "transport/pci_modern.h"

#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "device_rig.h"
#include "ring/kick.h"
#include "ring/verbs.h"
#include "spec/features.h"

static struct device_rig rig;
static struct kl_queue *queue;

static void prepare(void)
{
	rig_prepare(&rig);
	rig.model->queue[0].kicks = MODEL_KICKS_ANY;
	rig.model->queue[1].kicks = MODEL_KICKS_ANY;
}

static void start(const char *options)
{
	const struct kl_queue_conf conf = {.index = 1};

	model_rebuild(rig.model);
	cr_assert_eq(rig_attach(&rig, options), 0, "%s", log_text());
	cr_assert_eq(rig_negotiate(&rig), 0, "%s", log_text());
	cr_assert_eq(kl_device_queue_add(rig.device, &conf, &queue), 0, "%s", log_text());
	cr_assert_eq(kl_device_run(rig.device), 0);
}

/* One buffer there and back, and its doorbell. */
static void expect_moves(struct model *model)
{
	uint64_t before = model->queue[1].doorbells;
	struct kl__segment piece = {.length = 64};
	struct kl_dma dma;
	uint32_t length;

	cr_assert_eq(kl_device_dma_alloc(rig.device, 64, 64, &dma), 0);
	piece.address = dma.iova;
	cr_assert_eq(kl__queue_add(queue, &piece, 0, 1, &dma), 0);
	kl__queue_publish(queue);
	kl__kick(queue);
	cr_expect_eq(model_process(model, 1, 9), 1);
	cr_expect_eq(model->queue[1].doorbells, before + 1);
	cr_expect_eq(kl__queue_take(queue, &length), &dma);
	kl_device_dma_free(rig.device, &dma);
}

/* PCI-09: of two notification structures the first counts, a port that serves all queues. */
Test(pci_modern_extras, doorbell_in_a_port)
{
	prepare();
	rig.model->script.has_port_doorbell = true;
	rig.model->script.map_doorbells = true;
	start(NULL);
	cr_expect_eq(queue->notifier.doorbell, NULL);
	expect_moves(rig.model);
	expect_moves(rig.model);
	cr_expect_eq(model_trace_count(rig.model, "doorbell_port", true), 2);
	rig_close(&rig);
}

/* PCI-09: and the next one counts where ports can't be had. */
Test(pci_modern_extras, port_out_of_reach)
{
	prepare();
	rig.model->script.has_port_doorbell = true;
	model_rebuild(rig.model);
	rig.model->access.bar[2].size = 0;
	cr_assert_eq(rig_attach(&rig, NULL), 0, "%s", log_text());
	cr_assert_eq(rig_negotiate(&rig), 0);
	rig_close(&rig);
}

/* NTF-02, NTF-05 to NTF-07: the model compares every doorbell with what it should be. */
Test(pci_modern_extras, doorbell_data)
{
	static const char *const features[] = {"features=+NOTIFICATION_DATA/-NOTIF_CONFIG_DATA",
		NULL, "features=+NOTIFICATION_DATA"};

	for (unsigned int i = 0; i < 3; i++)
		for (unsigned int is_mapped = 0; is_mapped < 2; is_mapped++) {
			prepare();
			model_offer(rig.model, VIRTIO_F_NOTIFICATION_DATA);
			model_offer(rig.model, VIRTIO_F_NOTIF_CONFIG_DATA);
			rig.model->script.map_doorbells = is_mapped != 0;
			start(features[i]);
			cr_expect_eq(queue->notifier.width, i == 1 ? 2 : 4);
			for (unsigned int n = 0; n < 700; n++)
				expect_moves(rig.model);
			rig_close(&rig);
		}
}

Test(pci_modern_extras, doorbell_data_is_not_taken_unasked)
{
	prepare();
	model_offer(rig.model, VIRTIO_F_NOTIFICATION_DATA);
	start(NULL);
	cr_expect_not(kl_device_has(rig.device, VIRTIO_F_NOTIFICATION_DATA));
	expect_moves(rig.model);
	rig_close(&rig);
}

/* PCI-30: registers of 32 bits need more room, and another alignment. */
Test(pci_modern_extras, wide_doorbell_at_an_odd_place)
{
	static const struct {
		uint32_t multiplier;
		uint16_t slot;
		int error;
	} cases[] = {{4, 1, 0}, {2, 1, -EPROTO}, {2, 2, 0}, {4, 0x3fff, 0}, {2, 0x7fff, -EPROTO}};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct kl_queue_conf conf = {.index = 1};

		prepare();
		model_offer(rig.model, VIRTIO_F_NOTIFICATION_DATA);
		rig.model->script.notify_multiplier = cases[i].multiplier;
		rig.model->script.notify_off[1] = cases[i].slot;
		model_rebuild(rig.model);
		cr_assert_eq(rig_attach(&rig, "features=+NOTIFICATION_DATA"), 0);
		cr_assert_eq(rig_negotiate(&rig), 0);
		cr_expect_eq(kl_device_queue_add(rig.device, &conf, &queue), cases[i].error,
			"case %u: %s", i, log_text());
		rig_close(&rig);
	}
}

/* PCI-43, PCI-44: a whole life through the window, doorbells and configuration too. */
Test(pci_modern_extras, window)
{
	uint64_t value = 0;
	const struct kl_config_field field = {0, 8, 1, &value};

	prepare();
	rig.model->script.has_window = true;
	rig.model->script.hides_bar = true;
	rig.model->script.map_doorbells = true;
	memset(rig.model->script.config, 7, 8);
	start(NULL);
	cr_expect_eq(queue->notifier.doorbell, NULL);
	expect_moves(rig.model);
	cr_expect_eq(kl_device_config_read(rig.device, &field, 1), 0);
	cr_expect_eq(value, UINT64_C(0x0707070707070707));
	rig.model->script.is_gone = true;
	cr_expect(kl_device_needs_reset(rig.device), "all ones come through it");
	rig.model->script.is_gone = false;
	rig_close(&rig);
}

/* The last resort only: where the BAR is there the window is left alone. */
Test(pci_modern_extras, window_that_is_not_needed)
{
	unsigned int at;

	prepare();
	rig.model->script.has_window = true;
	start(NULL);
	expect_moves(rig.model);
	at = model_capability(rig.model, 5, 0);
	cr_assert_neq(at, 0);
	for (unsigned int i = 4; i < 20; i++)
		cr_expect_eq(rig.model->pci_config[at + i], 0);
	rig_close(&rig);
}

Test(pci_modern_extras, no_window)
{
	prepare();
	rig.model->script.hides_bar = true;
	model_rebuild(rig.model);
	cr_expect_eq(rig_attach(&rig, NULL), -EPROTO);
	cr_expect(logged("can't be reached"), "%s", log_text());
	rig.model->access_closes = 0;
	finish(rig.model);
}

static int reset_queue(uint16_t index, unsigned int *calls)
{
	struct kl__transport *transport = rig.device->transport;
	int rc;

	for (*calls = 1; (rc = transport->ops->queue_reset(transport, index)) == -EAGAIN; ++*calls)
		cr_assert_lt(*calls, 100);
	return rc;
}

/* VQ-03, PCI-24, PCI-25: waited for, and enabled anew while the other queue is untouched. */
Test(pci_modern_extras, one_queue_is_reset)
{
	struct kl__transport *transport;
	struct kl__queue_setup setup = {.index = 1, .size = 256, .vector = -1};
	struct kl_notifier notifier;
	unsigned int calls;

	prepare();
	model_offer(rig.model, VIRTIO_F_RING_RESET);
	rig.model->script.queue_reset_reads = 5;
	start(NULL);
	transport = rig.device->transport;
	setup.desc = rig.model->queue[1].address[0];
	setup.driver = rig.model->queue[1].address[1];
	setup.device = rig.model->queue[1].address[2];
	cr_expect_eq(reset_queue(1, &calls), 0);
	cr_expect_eq(calls, 6);
	cr_expect_eq(rig.model->queue[1].resets, 1, "written once, read until it is over");
	cr_expect_not(transport->ops->queue_is_enabled(transport, 1));
	cr_expect_eq(transport->ops->queue_enable(transport, &setup, &notifier), 0);
	cr_expect(transport->ops->queue_is_enabled(transport, 1));
	cr_expect_eq(reset_queue(1, &calls), 0, "and once more");
	cr_expect_eq(rig.model->queue[1].resets, 2);
	cr_expect_eq(rig.model->resets, 1, "the device itself was reset only when it was opened");
	rig_close(&rig);
}

/* A reset of the device ends one of a queue that never did. */
Test(pci_modern_extras, a_queue_reset_without_end)
{
	struct kl__transport *transport;
	unsigned int calls;

	prepare();
	model_offer(rig.model, VIRTIO_F_RING_RESET);
	rig.model->script.queue_reset_reads = MODEL_NEVER;
	start(NULL);
	transport = rig.device->transport;
	for (unsigned int i = 0; i < 50; i++)
		cr_expect_eq(transport->ops->queue_reset(transport, 1), -EAGAIN);
	cr_expect_eq(rig.model->queue[1].resets, 1);
	rig.model->script.queue_reset_reads = 0;
	cr_expect_eq(kl_device_reset(rig.device, NULL, NULL), 0);
	cr_assert_eq(rig_negotiate(&rig), 0);
	cr_expect_eq(reset_queue(1, &calls), 0);
	rig_close(&rig);
}

Test(pci_modern_extras, a_queue_that_stays_enabled)
{
	unsigned int calls;

	prepare();
	model_offer(rig.model, VIRTIO_F_RING_RESET);
	start(NULL);
	rig.model->script.stays_enabled = true;
	cr_expect_eq(reset_queue(1, &calls), -EPROTO);
	cr_expect(logged("queue 1: still enabled"), "%s", log_text());
	rig_close(&rig);
}
