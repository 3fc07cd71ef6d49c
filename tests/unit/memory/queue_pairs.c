/* SPDX-License-Identifier: BSD-3-Clause */
/* Queues of fake devices in memory of real hosts: how many there can be, and where what lies. */
#include <string.h>
#include <sys/mman.h>

#include <criterion/criterion.h>

#include "core/device_queue.h"
#include "attach_device.h"
#include "device_fixture.h"
#include "finish.h"
#include "memory_fixture.h"
#include "spec/features.h"
#include "transport/pci.h"

#define QUEUES FAKE_QUEUES
#define DEVICES (512 * 2 / QUEUES)

static struct fake_mapper mapper;

static void open_device(struct device_fixture *fixture, struct fake_mapper *space)
{
	struct kl__transport *transport;
	struct kl__host *host;

	fixture_prepare(fixture);
	fake_offer(fixture->fake, VIRTIO_F_INDIRECT_DESC);
	fake_offer(fixture->fake, VIRTIO_F_ACCESS_PLATFORM);
	fixture->fake->script.num_queues = QUEUES;
	for (unsigned int i = 0; i < QUEUES; i++)
		fixture->fake->script.queue_size[i] = fixture->fake->queue[i].size = 256;
	cr_assert_eq(host_open(space, &host), 0, "%s", log_text());
	cr_assert_eq(kl__pci_open(&fixture->fake->access, KL__INTERFACE_BEST, &transport), 0);
	cr_assert_eq(attach_device(transport, host, NULL, &fixture->device), 0, "%s", log_text());
	cr_assert_eq(fixture_negotiate(fixture), 0);
}

static void add_queues(struct device_fixture *fixture)
{
	for (uint16_t i = 0; i < QUEUES; i++) {
		struct kl_queue_conf conf = {.index = i, .indirect_entries = 8};
		struct kl_queue *queue;

		cr_assert_eq(kl_device_queue_add(fixture->device, &conf, &queue), 0, "%s",
			log_text());
	}
}

/* The rings are mapped, and nothing else of a queue. */
static void check_queues(const struct device_fixture *fixture, const struct fake_mapper *space)
{
	const struct kl__device_queue *entry = fixture->device->queues;
	unsigned int count = 0;

	for (; entry != NULL; entry = entry->next, count++) {
		cr_expect(fake_mapper_covers(space, (uintptr_t)entry->shared.memory));
		cr_expect_not(fake_mapper_covers(space, (uintptr_t)entry->own));
		cr_expect_not(fake_mapper_covers(space, (uintptr_t)entry));
		cr_expect_not(fake_mapper_covers(space, (uintptr_t)entry->queue.buffer));
		cr_expect_not(fake_mapper_covers(space, (uintptr_t)entry->queue.slot));
		cr_expect_not(fake_mapper_covers(space, (uintptr_t)entry->queue.order));
	}
	cr_expect_eq(count, QUEUES);
	cr_expect_not(fake_mapper_covers(space, (uintptr_t)fixture->device));
}

static void close_device(struct device_fixture *fixture)
{
	kl_device_close(fixture->device);
	fake_free(fixture->fake);
}

Test(queue_pairs, five_hundred_and_twelve)
{
	static struct device_fixture devices[DEVICES];

	eal_is_dynamic = true;
	eal_add_pages(EAL_OWN, EAL_BASE, 64);
	fake_mapper_init(&mapper, false);
	for (unsigned int i = 0; i < DEVICES; i++) {
		open_device(&devices[i], &mapper);
		add_queues(&devices[i]);
	}
	cr_expect_leq(eal_zones, 100, "%u memzones", eal_zones);
	for (unsigned int i = 0; i < DEVICES; i++)
		check_queues(&devices[i], &mapper);
	for (unsigned int i = 0; i < DEVICES; i++)
		close_device(&devices[i]);
	cr_expect_leq(eal_zones, 1, "one is kept");
	cr_expect_eq(mapper.puts, DEVICES);
}

Test(queue_pairs, of_isolated_devices)
{
	static struct fake_mapper space[2];
	static struct device_fixture devices[2];

	eal_is_dynamic = true;
	eal_add_pages(EAL_OWN, EAL_BASE, 4);
	for (unsigned int i = 0; i < 2; i++) {
		fake_mapper_init(&space[i], true);
		open_device(&devices[i], &space[i]);
		add_queues(&devices[i]);
		cr_expect_eq(space[i].count, 1, "a chunk of its own");
	}
	for (unsigned int i = 0; i < 2; i++) {
		check_queues(&devices[i], &space[i]);
		cr_expect_not(fake_mapper_covers(&space[i],
			(uintptr_t)devices[1 - i].device->queues->shared.memory));
		cr_expect_not(fake_mapper_covers(&space[i], EAL_BASE));
	}
	cr_expect_eq(eal_zones, 0);
	for (unsigned int i = 0; i < 2; i++)
		close_device(&devices[i]);
}
