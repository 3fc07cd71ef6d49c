/* SPDX-License-Identifier: BSD-3-Clause */
/* A disk from before virtio 1.0: the same requests, framed as it needs them. 5.2.6.4. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "blk_fixture.h"
#include "spec/features.h"

static struct blk_fixture fixture;

static void prepare(void)
{
	fixture_prepare(&fixture);
	fixture.fake->script.interfaces = FAKE_LEGACY;
	fixture.fake->script.next_iova = UINT64_C(1) << 32;
	fake_offer_not(fixture.fake, VIRTIO_F_VERSION_1);
	fake_rebuild(fixture.fake);
}

static void start(void)
{
	cr_assert_eq(fixture_attach(&fixture, NULL), 0, "%s", log_text());
	cr_expect_str_eq(kl_device_info(fixture.device)->transport, "pci-legacy");
	fixture_start(&fixture, &(struct kl_blk_conf){0});
}

/* BLKL-02, BLKL-03: header, data and status apart, and a used length that means nothing. */
Test(legacy, requests)
{
	prepare();
	fixture.malforms_length = true;
	start();
	for (unsigned int i = 0; i < 100; i++) {
		memset(fixture.memory, (int)i + 1, 8192);
		cr_expect_eq(fixture_run(&fixture,
				     fixture_data(&fixture, KL_BLK_WRITE, 0, i * 8192, 8192)),
			0);
		cr_expect_eq(fixture_run(&fixture,
				     fixture_data(&fixture, KL_BLK_READ, 16384, i * 8192, 8192)),
			0);
		cr_expect_eq(memcmp(fixture.memory, fixture.memory + 16384, 8192), 0);
	}
	cr_expect_eq(fixture_run(&fixture, (struct kl_blk_request){.op = KL_BLK_FLUSH}), 0);
	fixture_expect_sum(&fixture, 0);
	fixture_close(&fixture);
}

/* Without indirect descriptors and event index, as the oldest have it. */
Test(legacy, requests_without_ring_features)
{
	prepare();
	fake_offer_not(fixture.fake, VIRTIO_F_INDIRECT_DESC);
	fake_offer_not(fixture.fake, VIRTIO_F_EVENT_IDX);
	start();
	for (unsigned int i = 0; i < 100; i++)
		cr_expect_eq(fixture_run(&fixture,
				     fixture_data(&fixture, KL_BLK_READ, 0, i * 4096, 4096)),
			0);
	fixture_close(&fixture);
}

/* BLKL-07: what only such devices offer is left alone. */
Test(legacy, features)
{
	prepare();
	fake_offer(fixture.fake, VIRTIO_BLK_F_BARRIER);
	fake_offer(fixture.fake, VIRTIO_BLK_F_SCSI);
	fake_offer(fixture.fake, VIRTIO_F_ANY_LAYOUT);
	start();
	cr_expect_not(kl_device_has(fixture.device, VIRTIO_BLK_F_BARRIER));
	cr_expect_not(kl_device_has(fixture.device, VIRTIO_BLK_F_SCSI));
	cr_expect(kl_device_has(fixture.device, VIRTIO_F_ANY_LAYOUT));
	fixture_close(&fixture);
}

/* BLKL-05: the cache mode is in the configuration, which has moved by the vectors. */
Test(legacy, cache_mode)
{
	prepare();
	fake_offer(fixture.fake, VIRTIO_BLK_F_CONFIG_WCE);
	fixture.config.writeback = 1;
	fixture_apply_config(&fixture);
	fixture.fake->script.config_is_writable = true;
	start();
	cr_expect(kl_blk_info(fixture.blk)->is_writeback);
	cr_expect_eq(kl_blk_writeback_set(fixture.blk, false), 0);
	cr_expect_eq(fixture.fake->script.config[offsetof(struct virtio_blk_config, writeback)], 0);
	cr_expect_not(kl_blk_info(fixture.blk)->is_writeback);
	fixture_close(&fixture);
}

Test(legacy, stopped_and_started)
{
	prepare();
	start();
	for (unsigned int i = 0; i < 5; i++) {
		cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 4096)),
			0);
		cr_expect_eq(kl_blk_stop(fixture.blk), 0);
		fixture_start(&fixture, &(struct kl_blk_conf){0});
	}
	fixture_close(&fixture);
}

static void come_back_with(uint16_t size, int expected)
{
	fixture.fake->script.queue_size[0] = fixture.fake->queue[0].size = size;
	kl_device_halt(fixture.device, NULL, "the test wants it");
	cr_expect_eq(kl_blk_recover(fixture.blk), expected, "%s", log_text());
}

/* The device fixes the ring's size, and the queue's memory has the size of the start. */
Test(legacy, the_ring_s_size_changes)
{
	uint16_t size;

	prepare();
	size = fixture.fake->script.queue_size[0];
	start();
	come_back_with(size / 2, 0);
	fixture_expect_works(&fixture);
	come_back_with(size, 0);
	fixture_expect_works(&fixture);
	forget_log();
	come_back_with(16 * size, -EPROTO);
	cr_expect(logged("queue 0"), "%s", log_text());
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_FAILED);
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	fixture_expect_works(&fixture);
	fixture_close(&fixture);
}
