/* SPDX-License-Identifier: BSD-3-Clause */
/* A disk from before virtio 1.0: the same requests, framed as it needs them. 5.2.6.4. */
#include <string.h>

#include <criterion/criterion.h>

#include "blk_rig.h"
#include "spec/features.h"

static struct blk_rig rig;

static void prepare(void)
{
	rig_prepare(&rig);
	rig.model->script.interfaces = MODEL_LEGACY;
	rig.model->script.next_iova = UINT64_C(1) << 32;
	model_offer_not(rig.model, VIRTIO_F_VERSION_1);
	model_rebuild(rig.model);
}

static void start(void)
{
	cr_assert_eq(rig_attach(&rig, NULL), 0, "%s", log_text());
	cr_expect_str_eq(kl_device_info(rig.device)->transport, "pci-legacy");
	rig_start(&rig, &(struct kl_blk_conf){0});
}

/* BLKL-02, BLKL-03: header, data and status apart, and a used length that means nothing. */
Test(blk_legacy, requests)
{
	prepare();
	rig.lies_about_length = true;
	start();
	for (unsigned int i = 0; i < 100; i++) {
		memset(rig.memory, (int)i + 1, 8192);
		cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_WRITE, 0, i * 8192, 8192)), 0);
		cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 16384, i * 8192, 8192)), 0);
		cr_expect_eq(memcmp(rig.memory, rig.memory + 16384, 8192), 0);
	}
	cr_expect_eq(rig_run(&rig, (struct kl_blk_request){.op = KL_BLK_FLUSH}), 0);
	rig_expect_sum(&rig, 0);
	rig_close(&rig);
}

/* Without indirect descriptors and event index, as the oldest have it. */
Test(blk_legacy, requests_without_ring_features)
{
	prepare();
	model_offer_not(rig.model, VIRTIO_F_INDIRECT_DESC);
	model_offer_not(rig.model, VIRTIO_F_EVENT_IDX);
	start();
	for (unsigned int i = 0; i < 100; i++)
		cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 0, i * 4096, 4096)), 0);
	rig_close(&rig);
}

/* BLKL-07: what only such devices offer is left alone. */
Test(blk_legacy, features)
{
	prepare();
	model_offer(rig.model, VIRTIO_BLK_F_BARRIER);
	model_offer(rig.model, VIRTIO_BLK_F_SCSI);
	model_offer(rig.model, VIRTIO_F_ANY_LAYOUT);
	start();
	cr_expect_not(kl_device_has(rig.device, VIRTIO_BLK_F_BARRIER));
	cr_expect_not(kl_device_has(rig.device, VIRTIO_BLK_F_SCSI));
	cr_expect(kl_device_has(rig.device, VIRTIO_F_ANY_LAYOUT));
	rig_close(&rig);
}

/* BLKL-05: the cache mode is in the configuration, which has moved by the vectors. */
Test(blk_legacy, cache_mode)
{
	prepare();
	model_offer(rig.model, VIRTIO_BLK_F_CONFIG_WCE);
	rig.config.writeback = 1;
	rig_apply_config(&rig);
	rig.model->script.config_is_writable = true;
	start();
	cr_expect(kl_blk_info(rig.blk)->is_writeback);
	cr_expect_eq(kl_blk_writeback_set(rig.blk, false), 0);
	cr_expect_eq(rig.model->script.config[offsetof(struct virtio_blk_config, writeback)], 0);
	cr_expect_not(kl_blk_info(rig.blk)->is_writeback);
	rig_close(&rig);
}

Test(blk_legacy, stopped_and_started)
{
	prepare();
	start();
	for (unsigned int i = 0; i < 5; i++) {
		cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 4096)), 0);
		cr_expect_eq(kl_blk_stop(rig.blk), 0);
		rig_start(&rig, &(struct kl_blk_conf){0});
	}
	rig_close(&rig);
}
