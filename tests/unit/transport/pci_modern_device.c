/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A whole device over the transport: other doorbells, a BAR out of reach, the reset of one queue.
 */
#include "transport/pci_modern.h"

#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "device_fixture.h"
#include "ring/kick.h"
#include "ring/verbs.h"
#include "spec/features.h"

static struct device_fixture fixture;
static struct kl_queue *queue;

static void prepare(void)
{
	fixture_prepare(&fixture);
	fixture.fake->queue[0].kicks = FAKE_KICKS_ANY;
	fixture.fake->queue[1].kicks = FAKE_KICKS_ANY;
}

static void start(const char *options)
{
	const struct kl_queue_conf conf = {.index = 1};

	fake_rebuild(fixture.fake);
	cr_assert_eq(fixture_attach(&fixture, options), 0, "%s", log_text());
	cr_assert_eq(fixture_negotiate(&fixture), 0, "%s", log_text());
	cr_assert_eq(kl_device_queue_add(fixture.device, &conf, &queue), 0, "%s", log_text());
	cr_assert_eq(kl__device_run(fixture.device), 0);
}

/* One buffer there and back, and its doorbell. */
static void expect_moves(struct fake_device *fake)
{
	uint64_t before = fake->queue[1].doorbells;
	struct kl__segment segment = {.length = 64};
	struct kl_dma dma;
	uint32_t length;

	cr_assert_eq(kl_device_dma_alloc(fixture.device, 64, 64, &dma), 0);
	segment.address = dma.iova;
	cr_assert_eq(kl__queue_add(queue, &segment, 0, 1, &dma), 0);
	kl__queue_publish(queue);
	kl__kick(queue);
	cr_expect_eq(fake_process(fake, 1, 9), 1);
	cr_expect_eq(fake->queue[1].doorbells, before + 1);
	cr_expect_eq(kl__queue_take(queue, &length), &dma);
	kl_device_dma_free(fixture.device, &dma);
}

/* PCI-09: of two notification structures the first counts, a port that serves all queues. */
Test(pci_modern_device, doorbell_in_a_port)
{
	prepare();
	fixture.fake->script.has_port_doorbell = true;
	fixture.fake->script.map_doorbells = true;
	start(NULL);
	cr_expect_eq(queue->notifier.doorbell, NULL);
	expect_moves(fixture.fake);
	expect_moves(fixture.fake);
	cr_expect_eq(fake_trace_count(fixture.fake, "doorbell_port", true), 2);
	fixture_close(&fixture);
}

/* PCI-09: and the next one counts where ports can't be had. */
Test(pci_modern_device, port_out_of_reach)
{
	prepare();
	fixture.fake->script.has_port_doorbell = true;
	fake_rebuild(fixture.fake);
	fixture.fake->access.bar[2].size = 0;
	cr_assert_eq(fixture_attach(&fixture, NULL), 0, "%s", log_text());
	cr_assert_eq(fixture_negotiate(&fixture), 0);
	fixture_close(&fixture);
}

/* NTF-02, NTF-05 to NTF-07: the fake device compares every doorbell with what it should be. */
Test(pci_modern_device, doorbell_data)
{
	static const char *const features[] = {"features=+NOTIFICATION_DATA/-NOTIF_CONFIG_DATA",
		NULL, "features=+NOTIFICATION_DATA"};

	for (unsigned int i = 0; i < 3; i++)
		for (unsigned int is_mapped = 0; is_mapped < 2; is_mapped++) {
			prepare();
			fake_offer(fixture.fake, VIRTIO_F_NOTIFICATION_DATA);
			fake_offer(fixture.fake, VIRTIO_F_NOTIF_CONFIG_DATA);
			fixture.fake->script.map_doorbells = is_mapped != 0;
			start(features[i]);
			cr_expect_eq(queue->notifier.width, i == 1 ? 2 : 4);
			for (unsigned int n = 0; n < 700; n++)
				expect_moves(fixture.fake);
			fixture_close(&fixture);
		}
}

Test(pci_modern_device, doorbell_data_is_not_accepted_unless_offered)
{
	prepare();
	fake_offer(fixture.fake, VIRTIO_F_NOTIFICATION_DATA);
	start(NULL);
	cr_expect_not(kl_device_has(fixture.device, VIRTIO_F_NOTIFICATION_DATA));
	expect_moves(fixture.fake);
	fixture_close(&fixture);
}

/* PCI-30: registers of 32 bits need more room, and another alignment. */
Test(pci_modern_device, wide_doorbell_at_an_odd_place)
{
	static const struct {
		uint32_t multiplier;
		uint16_t slot;
		int error;
	} cases[] = {{4, 1, 0}, {2, 1, -EPROTO}, {2, 2, 0}, {4, 0x3fff, 0}, {2, 0x7fff, -EPROTO}};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct kl_queue_conf conf = {.index = 1};

		prepare();
		fake_offer(fixture.fake, VIRTIO_F_NOTIFICATION_DATA);
		fixture.fake->script.notify_multiplier = cases[i].multiplier;
		fixture.fake->script.notify_off[1] = cases[i].slot;
		fake_rebuild(fixture.fake);
		cr_assert_eq(fixture_attach(&fixture, "features=+NOTIFICATION_DATA"), 0);
		cr_assert_eq(fixture_negotiate(&fixture), 0);
		cr_expect_eq(kl_device_queue_add(fixture.device, &conf, &queue), cases[i].error,
			"case %u: %s", i, log_text());
		fixture_close(&fixture);
	}
}

/* PCI-43, PCI-44: a whole life through the window, doorbells and configuration too. */
Test(pci_modern_device, window)
{
	uint64_t value = 0;
	const struct kl_config_field field = {0, 8, 1, &value};

	prepare();
	fixture.fake->script.has_window = true;
	fixture.fake->script.hides_bar = true;
	fixture.fake->script.map_doorbells = true;
	memset(fixture.fake->script.config, 7, 8);
	start(NULL);
	cr_expect_eq(queue->notifier.doorbell, NULL);
	expect_moves(fixture.fake);
	cr_expect_eq(kl_device_config_read(fixture.device, &field, 1), 0);
	cr_expect_eq(value, UINT64_C(0x0707070707070707));
	fixture.fake->script.is_gone = true;
	cr_expect(kl_device_needs_reset(fixture.device), "all ones come through it");
	fixture.fake->script.is_gone = false;
	fixture_close(&fixture);
}

/* The last resort only: where the BAR is there the window is left alone. */
Test(pci_modern_device, window_that_is_not_needed)
{
	unsigned int at;

	prepare();
	fixture.fake->script.has_window = true;
	start(NULL);
	expect_moves(fixture.fake);
	at = fake_capability(fixture.fake, 5, 0);
	cr_assert_neq(at, 0);
	for (unsigned int i = 4; i < 20; i++)
		cr_expect_eq(fixture.fake->pci_config[at + i], 0);
	fixture_close(&fixture);
}

Test(pci_modern_device, no_window)
{
	prepare();
	fixture.fake->script.hides_bar = true;
	fake_rebuild(fixture.fake);
	cr_expect_eq(fixture_attach(&fixture, NULL), -EPROTO);
	cr_expect(logged("can't be reached"), "%s", log_text());
	fixture.fake->access_closes = 0;
	finish(fixture.fake);
}

static int reset_queue(uint16_t index, unsigned int *calls)
{
	struct kl__transport *transport = fixture.device->transport;
	int rc;

	for (*calls = 1; (rc = transport->ops->queue_reset(transport, index)) == -EAGAIN; ++*calls)
		cr_assert_lt(*calls, 100);
	return rc;
}

/* VQ-03, PCI-24, PCI-25: waited for, and enabled anew while the other queue is untouched. */
Test(pci_modern_device, one_queue_is_reset)
{
	struct kl__transport *transport;
	struct kl__queue_setup setup = {.index = 1, .size = 256, .vector = -1};
	struct kl_notifier notifier;
	unsigned int calls;

	prepare();
	fake_offer(fixture.fake, VIRTIO_F_RING_RESET);
	fixture.fake->script.queue_reset_reads = 5;
	start(NULL);
	transport = fixture.device->transport;
	setup.desc = fixture.fake->queue[1].address[0];
	setup.driver = fixture.fake->queue[1].address[1];
	setup.device = fixture.fake->queue[1].address[2];
	cr_expect_eq(reset_queue(1, &calls), 0);
	cr_expect_eq(calls, 6);
	cr_expect_eq(fixture.fake->queue[1].resets, 1, "written once, read until it is over");
	cr_expect_not(transport->ops->queue_is_enabled(transport, 1));
	cr_expect_eq(transport->ops->queue_enable(transport, &setup, &notifier), 0);
	cr_expect(transport->ops->queue_is_enabled(transport, 1));
	cr_expect_eq(reset_queue(1, &calls), 0, "and once more");
	cr_expect_eq(fixture.fake->queue[1].resets, 2);
	cr_expect_eq(fixture.fake->resets, 1,
		"the device itself was reset only when it was opened");
	fixture_close(&fixture);
}

/* A reset of the device ends one of a queue that never did. */
Test(pci_modern_device, a_queue_reset_without_end)
{
	struct kl__transport *transport;
	unsigned int calls;

	prepare();
	fake_offer(fixture.fake, VIRTIO_F_RING_RESET);
	fixture.fake->script.queue_reset_reads = FAKE_NEVER;
	start(NULL);
	transport = fixture.device->transport;
	for (unsigned int i = 0; i < 50; i++)
		cr_expect_eq(transport->ops->queue_reset(transport, 1), -EAGAIN);
	cr_expect_eq(fixture.fake->queue[1].resets, 1);
	fixture.fake->script.queue_reset_reads = 0;
	cr_expect_eq(kl__device_reset(fixture.device, NULL, NULL), 0);
	cr_assert_eq(fixture_negotiate(&fixture), 0);
	cr_expect_eq(reset_queue(1, &calls), 0);
	fixture_close(&fixture);
}

Test(pci_modern_device, a_queue_that_stays_enabled)
{
	unsigned int calls;

	prepare();
	fake_offer(fixture.fake, VIRTIO_F_RING_RESET);
	start(NULL);
	fixture.fake->script.stays_enabled = true;
	cr_expect_eq(reset_queue(1, &calls), -EPROTO);
	cr_expect(logged("queue 1: still enabled"), "%s", log_text());
	fixture_close(&fixture);
}
