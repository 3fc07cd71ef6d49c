/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/pci_modern.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include <kickless/driver/driver.h>

#include "device_fixture.h"
#include "ring/queue.h"
#include "spec/features.h"
#include "transport/pci.h"

static struct fake_device *fake;
static struct kl__transport *transport;

static void set_up(void)
{
	capture_log();
	fake = fake_new(63);
	transport = NULL;
}

static int open_it(void)
{
	return kl__pci_open(&fake->access, KL__INTERFACE_MODERN, &transport);
}

static void tear_down(void)
{
	if (transport != NULL) {
		transport->ops->close(transport);
		cr_expect_eq(fake->access_closes, 1);
	}
	finish(fake);
}

static void put16(unsigned int at, uint16_t value)
{
	fake->pci_config[at] = (uint8_t)value;
	fake->pci_config[at + 1] = (uint8_t)(value >> 8);
}

FRAMED_TEST(pci_modern, identification)
{
	snprintf(fake->access.name, sizeof(fake->access.name), "0000:00:05.0");
	fake->access.numa_node = 3;
	cr_assert_eq(open_it(), 0);
	cr_expect_eq(transport->type, 63);
	cr_expect_eq(transport->vendor, 0x1af4);
	cr_expect_eq(transport->numa_node, 3);
	cr_expect_eq(transport->config_size, 8);
	cr_expect_eq(transport->quirks, 0);
	cr_expect_str_eq(transport->name, "0000:00:05.0");
	cr_expect_str_eq(transport->ops->name, "pci-modern");
	cr_expect(kl_features_has(&transport->features, VIRTIO_F_VERSION_1));
	cr_expect(kl_features_has(&transport->features, VIRTIO_F_ACCESS_PLATFORM));
	cr_expect(kl_features_has(&transport->features, VIRTIO_F_NOTIFICATION_DATA));
	cr_expect(kl_features_has(&transport->features, VIRTIO_F_NOTIF_CONFIG_DATA));
	cr_expect(kl_features_has(&transport->features, VIRTIO_F_RING_RESET));
	cr_expect_eq(__builtin_popcountll(transport->features.word[0]), 5);
	cr_expect_eq(fake->traced, 0, "no register is touched by opening");
}

/* PCI-02: a transitional device with modern capabilities is driven by those. */
FRAMED_TEST(pci_modern, transitional)
{
	put16(2, 0x1000);
	put16(0x2e, 63);
	cr_assert_eq(open_it(), 0);
	cr_expect_eq(transport->type, 63);
}

/* PCI-03: the revision has no meaning. */
FRAMED_TEST(pci_modern, any_revision)
{
	for (unsigned int revision = 0; revision < 256; revision += 51) {
		fake->pci_config[8] = (uint8_t)revision;
		cr_assert_eq(open_it(), 0);
		transport->ops->close(transport);
		fake->access_closes = 0;
	}
	transport = NULL;
}

FRAMED_TEST(pci_modern, not_virtio)
{
	put16(0, 0x8086);
	put16(2, 0x100e);
	cr_expect_eq(open_it(), -ENODEV);
	cr_expect(logged("fake") && logged("8086:100e") && logged("1af4:1000"), "%s", log_text());
	cr_expect_eq(fake->access_closes, 0, "the access stays the caller's");
}

/* PCI-41 */
FRAMED_TEST(pci_modern, legacy_only)
{
	put16(2, 0x1000);
	fake->pci_config[0x34] = 0;
	cr_expect_eq(open_it(), -ENODEV);
	cr_expect(logged("no virtio capabilities"), "%s", log_text());
}

FRAMED_TEST(pci_modern, unusable)
{
	fake->access.bar[4].size = 0x1000;
	cr_expect_eq(open_it(), -EPROTO);
	cr_expect(logged("no usable notification") && logged("beyond its BAR"), "%s", log_text());
}

FRAMED_TEST(pci_modern, unreadable)
{
	fake->pci_config_bytes = 32;
	cr_expect_eq(open_it(), -EIO);
	cr_expect(logged("can't be read"), "%s", log_text());
}

FRAMED_TEST(pci_modern, partly_readable)
{
	fake->pci_config_bytes = 200;
	cr_expect_eq(open_it(), 0, "what is needed lies in the first 192 bytes");
}

FRAMED_TEST(pci_modern, gone)
{
	fake->script.is_gone = true;
	cr_expect_lt(open_it(), 0);
}

/* FEAT-21: four banks are read, in order. */
FRAMED_TEST(pci_modern, features_trace)
{
	struct kl_features offered, accepted = {{UINT64_C(0x0000000100000000), 2}};
	char text[1024];

	fake->script.offered = (struct kl_features){
		{UINT64_C(0x1111111122222222), UINT64_C(0x3333333344444444)}};
	cr_assert_eq(open_it(), 0);
	transport->ops->get_features(transport, &offered);
	cr_expect(kl_features_equal(&offered, &fake->script.offered));
	cr_expect_str_eq(fake_trace_text(fake, text, sizeof(text)),
		"W4 device_feature_select 0x0\nR4 device_feature 0x22222222\n"
		"W4 device_feature_select 0x1\nR4 device_feature 0x11111111\n"
		"W4 device_feature_select 0x2\nR4 device_feature 0x44444444\n"
		"W4 device_feature_select 0x3\nR4 device_feature 0x33333333\n",
		"%s", text);
	fake->status = 3;
	fake_trace_clear(fake);
	transport->ops->set_features(transport, &accepted);
	cr_expect(kl_features_equal(&accepted, &fake->accepted));
	cr_expect_str_eq(fake_trace_text(fake, text, sizeof(text)),
		"W4 driver_feature_select 0x0\nW4 driver_feature 0x0\n"
		"W4 driver_feature_select 0x1\nW4 driver_feature 0x1\n"
		"W4 driver_feature_select 0x2\nW4 driver_feature 0x2\n"
		"W4 driver_feature_select 0x3\nW4 driver_feature 0x0\n",
		"%s", text);
}

/* A device of the type, in the state where queues are set up. */
static struct kl_device *negotiated(struct device_fixture *fixture)
{
	*fixture = (struct device_fixture){.fake = fake};
	cr_assert_eq(fixture_attach(fixture, NULL), 0);
	cr_assert_eq(fixture_negotiate(fixture), 0);
	transport = NULL;
	return fixture->device;
}

/* PCI-40: the golden trace of a queue's setup, 4.1.5.1.3. */
FRAMED_TEST(pci_modern, queue_enable_trace)
{
	const struct kl_queue_conf conf = {.index = 1, .size = 64};
	struct device_fixture fixture;
	struct kl_queue *queue;
	char text[1024], expected[1024];
	const uint64_t *address = fake->queue[1].address;

	negotiated(&fixture);
	fake_trace_clear(fake);
	cr_assert_eq(kl_device_queue_add(fixture.device, &conf, &queue), 0);
	snprintf(expected, sizeof(expected),
		"W2 queue_select 0x1\nR2 queue_size 0x100\n"
		"W2 queue_select 0x1\nR2 queue_enable 0x0\n"
		"W2 queue_select 0x1\nR2 queue_notify_off 0x1\nW2 queue_size 0x40\n"
		"W2 queue_msix_vector 0xffff\n"
		"W4 queue_desc_low 0x%x\nW4 queue_desc_high 0x%x\n"
		"W4 queue_driver_low 0x%x\nW4 queue_driver_high 0x%x\n"
		"W4 queue_device_low 0x%x\nW4 queue_device_high 0x%x\n"
		"W2 queue_enable 0x1\n",
		(unsigned int)address[0], (unsigned int)(address[0] >> 32),
		(unsigned int)address[1], (unsigned int)(address[1] >> 32),
		(unsigned int)address[2], (unsigned int)(address[2] >> 32));
	cr_expect_str_eq(fake_trace_text(fake, text, sizeof(text)), expected, "%s", text);
	kl_device_close(fixture.device);
}

/* PCI-29: the doorbell is at the device's offset, whatever the queue's index. */
static void ring_with(uint32_t multiplier, uint16_t slot, bool is_mapped)
{
	const struct kl_queue_conf conf = {.index = 1};
	struct device_fixture fixture;
	struct kl_queue *queue;

	fake = fake_new(63);
	fake->script.notify_multiplier = multiplier;
	fake->script.notify_off[1] = slot;
	fake->script.map_doorbells = is_mapped;
	fake->queue[1].kicks = FAKE_KICKS_ANY;
	fake_rebuild(fake);
	negotiated(&fixture);
	cr_assert_eq(kl_device_queue_add(fixture.device, &conf, &queue), 0, "%s", log_text());
	cr_assert_eq(kl__device_run(fixture.device), 0);
	kl_notify(&queue->notifier, 0);
	fake_collect_doorbells(fake);
	cr_expect_eq(fake->queue[1].doorbells, 1);
	cr_expect_eq(queue->notifier.doorbell != NULL, is_mapped);
	kl_device_close(fixture.device);
	finish(fake);
}

FRAMED_TEST(pci_modern, doorbells)
{
	finish(fake);
	for (unsigned int is_mapped = 0; is_mapped < 2; is_mapped++) {
		ring_with(4, 1, is_mapped);
		ring_with(4, 77, is_mapped);
		ring_with(4096, 3, is_mapped);
		ring_with(2, 32767, is_mapped);
		ring_with(0, 5, is_mapped);
	}
	set_up();
}

/* PCI-30: a doorbell beyond the structure would be a stray store. */
FRAMED_TEST(pci_modern, doorbell_beyond_the_structure)
{
	static const struct {
		uint32_t length, multiplier;
		uint16_t slot;
		bool is_good;
	} cases[] = {
		{8, 4, 1, true},
		{6, 4, 1, true},
		{5, 4, 1, false},
		{4, 4, 1, false},
		{2, 4, 0, true},
		{0x10000, 4, 0x3fff, true},
		{0x10000, 4, 0x4000, false},
		{0x10000, 4, 0xffff, false},
		{0x10000, 0xfffffffe, 2, false},
		{0x10000, 0x80000000, 2, false},
		{2, 0, 0xffff, true},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct kl_queue_conf conf = {.index = 1};
		struct device_fixture fixture;
		struct kl_queue *queue;
		unsigned int at;

		fake->script.notify_multiplier = cases[i].multiplier;
		fake->script.notify_off[1] = cases[i].slot;
		fake_rebuild(fake);
		at = fake_capability(fake, 2, 0);
		put16(at + 12, (uint16_t)cases[i].length);
		put16(at + 14, (uint16_t)(cases[i].length >> 16));
		negotiated(&fixture);
		forget_log();
		cr_expect_eq(kl_device_queue_add(fixture.device, &conf, &queue),
			cases[i].is_good ? 0 : -EPROTO, "case %u", i);
		if (!cases[i].is_good)
			cr_expect(logged("queue 1") && logged("queue_notify_off"), "%s",
				log_text());
		kl_device_close(fixture.device);
		finish(fake);
		set_up();
	}
}

/* PCI-37, PCI-39: a vector is mapped while MSI-X is on, and read back. */
FRAMED_TEST(pci_modern, queue_vector)
{
	struct device_fixture fixture;
	struct kl_queue *queue;
	const struct kl_queue_conf conf = {.index = 0, .vector = 1};

	negotiated(&fixture);
	cr_assert_eq(kl_device_interrupts_enable(fixture.device, 1), 0);
	fake_trace_clear(fake);
	cr_expect_eq(kl_device_queue_add(fixture.device, &conf, &queue), 0);
	cr_expect_eq(fake_trace_count(fake, "queue_msix_vector", true), 1);
	cr_expect_eq(fake_trace_count(fake, "queue_msix_vector", false), 1);
	cr_expect_eq(fake->queue[0].vector, 1);
	kl_device_close(fixture.device);
}

FRAMED_TEST(pci_modern, more_vectors_than_the_table_has)
{
	int fds[4] = {-1, -1, -1, -1};

	cr_assert_eq(open_it(), 0);
	cr_expect_eq(transport->ops->set_interrupts(transport, 3, fds), -ENOTSUP);
	cr_expect_eq(transport->ops->set_interrupts(transport, 2, fds), 0);
	cr_expect_eq(transport->ops->set_interrupts(transport, 0, NULL), 0);
	cr_expect_not(fake->msix_is_on);
}

/* A device without MSI-X has no vector registers worth writing. */
FRAMED_TEST(pci_modern, no_msix)
{
	const struct kl_queue_conf conf = {.index = 0};
	struct device_fixture fixture;
	struct kl_queue *queue;

	fake->script.msix_vectors = 0;
	fake_rebuild(fake);
	negotiated(&fixture);
	cr_expect_eq(kl_device_interrupts_enable(fixture.device, 0), -ENOTSUP);
	cr_expect_eq(kl_device_queue_add(fixture.device, &conf, &queue), 0);
	cr_expect_eq(fake_trace_count(fake, "queue_msix_vector", true), 0);
	cr_expect_eq(fake_trace_count(fake, "config_msix_vector", true), 0);
	kl_device_close(fixture.device);
}

/* PCI-14, PCI-26: a short common structure has no register behind its end. */
FRAMED_TEST(pci_modern, short_common_structure)
{
	unsigned int at = fake_capability(fake, 1, 0);

	fake->pci_config[at + 12] = 0x38;
	cr_assert_eq(open_it(), 0);
	cr_expect_eq(transport->ops->queue_count(transport), 2);
	cr_expect_eq(transport->ops->queue_max_size(transport, 0), 256);
	cr_expect_eq(transport->ops->queue_max_size(transport, 9), 0);
	cr_expect_not(transport->ops->queue_is_enabled(transport, 0));
	cr_expect(kl_features_has(&transport->features, VIRTIO_F_NOTIFICATION_DATA));
	cr_expect_not(kl_features_has(&transport->features, VIRTIO_F_NOTIF_CONFIG_DATA));
	cr_expect_not(kl_features_has(&transport->features, VIRTIO_F_RING_RESET));
}

/* NTF-09, PCI-14: the registers come one by one. */
FRAMED_TEST(pci_modern, half_of_the_optional_registers)
{
	fake->pci_config[fake_capability(fake, 1, 0) + 12] = 0x3a;
	cr_assert_eq(open_it(), 0);
	cr_expect(kl_features_has(&transport->features, VIRTIO_F_NOTIF_CONFIG_DATA));
	cr_expect_not(kl_features_has(&transport->features, VIRTIO_F_RING_RESET));
}
