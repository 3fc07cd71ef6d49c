/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "device_fixture.h"
#include "ring/kick.h"
#include "ring/used.h"
#include "ring/verbs.h"
#include "spec/features.h"

static struct device_fixture fixture;
static struct kl_queue *queue;

static void open_negotiated(const char *options)
{
	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_F_EVENT_IDX);
	fake_offer(fixture.fake, VIRTIO_F_INDIRECT_DESC);
	cr_assert_eq(fixture_attach(&fixture, options), 0);
	cr_assert_eq(fixture_negotiate(&fixture), 0);
}

static int add(struct kl_queue_conf conf)
{
	queue = NULL;
	return kl_device_queue_add(fixture.device, &conf, &queue);
}

/* Posts, lets the device serve, reclaims: the queue works. */
static void expect_works(uint16_t index)
{
	struct kl_dma dma;
	struct kl__segment segment;
	uint32_t length;

	cr_assert_eq(kl_device_dma_alloc(fixture.device, 256, 64, &dma), 0);
	segment = (struct kl__segment){dma.iova, 256};
	cr_expect_eq(kl__queue_add(queue, &segment, 0, 1, &dma), 0);
	kl__queue_publish(queue);
	kl__kick(queue);
	cr_expect_eq(fixture.fake->queue[index].doorbells, 1);
	cr_expect_eq(fake_process(fixture.fake, index, 9), 1);
	cr_expect_eq(kl__queue_take(queue, &length), &dma);
	kl_device_dma_free(fixture.device, &dma);
}

Test(queues, count_and_sizes)
{
	open_negotiated(NULL);
	fixture.fake->script.num_queues = 7;
	fixture.fake->queue[6].size = fixture.fake->script.queue_size[6] = 64;
	cr_expect_eq(kl_device_queue_count(fixture.device), 7);
	cr_expect_eq(kl_device_queue_max_size(fixture.device, 0), 256);
	cr_expect_eq(kl_device_queue_max_size(fixture.device, 3), 0);
	cr_expect_eq(kl_device_queue_max_size(fixture.device, 6), 64);
	cr_expect_eq(kl_device_queue_max_size(fixture.device, 7), 0);
	fixture_close(&fixture);
}

/* SPL-03, PCI-20: whatever the device claims is brought to a legal size. */
Test(queues, the_device_s_maximum)
{
	static const uint16_t claims[][2] = {{1, 1}, {2, 2}, {3, 2}, {255, 128}, {256, 256},
		{1000, 512}, {32767, 16384}, {32768, 32768}, {32769, 32768}, {65535, 32768}};

	for (unsigned int i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		fixture_prepare(&fixture);
		fixture.fake->script.queue_size[1] = claims[i][0];
		cr_assert_eq(fixture_attach(&fixture, NULL), 0);
		cr_assert_eq(fixture_negotiate(&fixture), 0);
		cr_expect_eq(add((struct kl_queue_conf){.index = 1}), 0, "%s", log_text());
		cr_expect_eq(queue->size, claims[i][1]);
		cr_expect_eq(fixture.fake->queue[1].size, claims[i][1], "written back");
		cr_expect_eq(kl__device_run(fixture.device), 0);
		expect_works(1);
		fixture_close(&fixture);
	}
}

Test(queues, requested_size)
{
	open_negotiated(NULL);
	cr_expect_eq(add((struct kl_queue_conf){.index = 0, .size = 64}), 0);
	cr_expect_eq(queue->size, 64);
	cr_expect_eq(add((struct kl_queue_conf){.index = 1, .size = 512}), -EINVAL);
	cr_expect(logged("queue 1") && logged("512") && logged("up to 256"), "%s", log_text());
	cr_expect_eq(add((struct kl_queue_conf){.index = 1, .size = 96}), -EINVAL);
	cr_expect_eq(add((struct kl_queue_conf){.index = 1, .size = 256}), 0);
	fixture_close(&fixture);
}

Test(queues, the_user_s_size_and_kick)
{
	open_negotiated("queue_size=32,kick=lazy:500");
	cr_expect_eq(add((struct kl_queue_conf){.index = 0}), 0);
	cr_expect_eq(queue->size, 32);
	cr_expect_eq(queue->kick.policy.mode, KL_KICK_LAZY);
	cr_expect_eq(queue->kick.wait_ticks, 500);
	cr_expect_eq(add((struct kl_queue_conf){.index = 1, .size = 8, .kick = {KL_KICK_AUTO, 7}}),
		0);
	cr_expect_eq(queue->size, 8, "the driver knows better");
	cr_expect_eq(queue->kick.policy.wait_ns, 500, "the user has precedence");
	fixture_close(&fixture);
}

/* A queue that supplies the device with buffers is kicked at once, and may stay idle for ever. */
Test(queues, supply)
{
	open_negotiated("kick=lazy:500");
	cr_expect_eq(add((struct kl_queue_conf){.index = 0, .is_supply = true}), 0);
	cr_expect_eq(queue->kick.policy.mode, KL_KICK_EAGER);
	cr_expect_not(queue->kick.has_watchdog);
	cr_expect_eq(add((struct kl_queue_conf){.index = 1}), 0);
	cr_expect(queue->kick.has_watchdog);
	fixture_close(&fixture);
}

/* A transport's preferred size never exceeds the device's. */
Test(queues, a_transport_s_default_size)
{
	open_negotiated(NULL);
	fixture.device->transport->default_queue_size = 128;
	cr_expect_eq(add((struct kl_queue_conf){.index = 0}), 0);
	cr_expect_eq(queue->size, 128);
	fixture.device->transport->default_queue_size = 1024;
	cr_expect_eq(add((struct kl_queue_conf){.index = 1}), 0);
	cr_expect_eq(queue->size, 256);
	fixture_close(&fixture);
}

Test(queues, no_such_queue)
{
	open_negotiated(NULL);
	cr_expect_eq(add((struct kl_queue_conf){.index = 2}), -EINVAL);
	cr_expect(logged("queue 2 does not exist") && logged("2 queues"), "%s", log_text());
	cr_expect_eq(add((struct kl_queue_conf){.index = 65535}), -EINVAL);
	cr_expect_eq(fixture.fake->allocated, 0);
	fixture_close(&fixture);
}

Test(queues, enabled_already)
{
	open_negotiated(NULL);
	cr_expect_eq(add((struct kl_queue_conf){.index = 0}), 0);
	cr_expect_eq(add((struct kl_queue_conf){.index = 0}), -EBUSY);
	cr_expect(logged("queue 0 is enabled"), "%s", log_text());
	cr_expect_eq(fixture.fake->allocated, 1);
	fixture_close(&fixture);
	open_negotiated(NULL);
	fixture.fake->script.stays_enabled = true;
	cr_expect_eq(add((struct kl_queue_conf){.index = 1}), -EBUSY);
	fixture_close(&fixture);
}

/* Each allocation in turn fails: a message, nothing left over, and it works afterwards. */
Test(queues, out_of_memory)
{
	for (unsigned int n = 1; n <= 2; n++) {
		open_negotiated(NULL);
		fixture.fake->script.alloc_fails_at = n;
		cr_expect_eq(add((struct kl_queue_conf){.index = 0, .indirect_entries = 4}),
			-ENOMEM);
		cr_expect_eq(fixture.fake->allocated, 0);
		cr_expect(logged(n == 1 ? "NUMA node -1" : "bytes of memory are left"), "%s",
			log_text());
		cr_expect_eq(fixture.fake->allocated_private, 0);
		cr_expect_eq(add((struct kl_queue_conf){.index = 0, .indirect_entries = 4}), 0);
		cr_expect_eq(kl__device_run(fixture.device), 0);
		expect_works(0);
		fixture_close(&fixture);
	}
}

Test(queues, features_shape_the_ring)
{
	open_negotiated(NULL);
	cr_expect_eq(add((struct kl_queue_conf){.index = 0, .size = 8, .indirect_entries = 34}), 0);
	cr_expect(queue->event_idx);
	cr_expect_eq(queue->indirect_entries, 8, "no table is longer than the queue");
	fixture_close(&fixture);
	open_negotiated("event_idx=0,indirect=0");
	cr_expect_eq(add((struct kl_queue_conf){.index = 0,
			     .indirect_entries = 34,
			     .chained = true}),
		0);
	cr_expect_not(queue->event_idx);
	cr_expect_eq(queue->indirect_entries, 0);
	cr_expect_eq(queue->kind, KL__RING_CHAINED);
	fixture_close(&fixture);
}

/* A legacy device's queue size is not ours to choose. */
Test(queues, legacy_size_is_fixed)
{
	open_negotiated(NULL);
	fixture.device->transport->quirks = KL__QUIRK_FIXED_QUEUE_SIZE;
	fixture.device->transport->default_queue_size = 128;
	cr_expect_eq(add((struct kl_queue_conf){.index = 0, .size = 64}), -EINVAL);
	cr_expect(logged("64") && logged("fixes it, here at 256"), "%s", log_text());
	cr_expect_eq(add((struct kl_queue_conf){.index = 0}), 0);
	cr_expect_eq(queue->size, 256);
	cr_expect_eq(add((struct kl_queue_conf){.index = 1, .size = 256}), 0);
	fixture_close(&fixture);
}

/* A size that can't be rounded to a legal one can't be used. */
Test(queues, legacy_size_is_not_legal)
{
	open_negotiated(NULL);
	fixture.device->transport->quirks = KL__QUIRK_FIXED_QUEUE_SIZE;
	fixture.fake->queue[0].size = 255;
	cr_expect_eq(add((struct kl_queue_conf){.index = 0}), -EPROTO);
	cr_expect(logged("queue 0") && logged("255"), "%s", log_text());
	fixture_close(&fixture);
}

Test(queues, clock)
{
	fixture_prepare(&fixture);
	fixture.fake->host.ticks_per_second = 4711;
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	cr_expect_eq(kl_device_ticks_per_second(fixture.device), 4711);
	fixture_close(&fixture);
}
