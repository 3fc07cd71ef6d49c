/* SPDX-License-Identifier: BSD-3-Clause */
/* What the device says of itself: BLK of the specification, and lies about it. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "blk_rig.h"
#include "scarce.h"
#include "spec/features.h"

static struct blk_rig rig;

static int open_device(void)
{
	rig_apply_config(&rig);
	return rig_attach(&rig, NULL);
}

Test(blk_config, sizes)
{
	const struct kl_blk_info *info;

	rig_prepare(&rig);
	model_offer(rig.model, VIRTIO_BLK_F_TOPOLOGY);
	model_offer(rig.model, VIRTIO_BLK_F_SIZE_MAX);
	rig.config.blk_size = 4096;
	model_offer(rig.model, VIRTIO_BLK_F_GEOMETRY);
	rig.config.geometry.cylinders = 1024;
	rig.config.geometry.heads = 16;
	rig.config.geometry.sectors = 63;
	rig.config.topology.physical_block_exp = 2;
	rig.config.topology.alignment_offset = 1;
	rig.config.topology.min_io_size = 4;
	rig.config.topology.opt_io_size = 0x80000000;
	cr_assert_eq(open_device(), 0);
	rig_start(&rig, &(struct kl_blk_conf){0});
	info = kl_blk_info(rig.blk);
	cr_expect_eq(info->capacity, RIG_DISK_BYTES, "BLK-05: in units of 512 always");
	cr_expect_eq(info->block_size, 4096);
	cr_expect(info->cylinders == 1024 && info->heads == 16 && info->sectors_per_track == 63);
	cr_expect_eq(info->physical_block_size, 16384);
	cr_expect_eq(info->alignment_offset, 4096);
	cr_expect_eq(info->min_io_size, 16384);
	cr_expect_eq(info->opt_io_size, UINT64_C(0x80000000) * 4096);
	cr_expect_eq(info->size_max, 0, "0 is no limit");
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 0, 512, 4096)), -EINVAL);
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 0, 4096, 8192)), 0);
	cr_expect_eq(rig.log[0].sector, 8);
	rig_close(&rig);
}

Test(blk_config, block_sizes_that_can_not_be)
{
	static const uint32_t sizes[] = {0, 1, 256, 511, 513, 768, 131072, 0x80000000, 0xffffffff};

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		rig_prepare(&rig);
		rig.config.blk_size = sizes[i];
		cr_expect_eq(open_device(), -EPROTO, "%u", sizes[i]);
		cr_expect(logged("512 to 65536"));
		rig_close(&rig);
	}
}

Test(blk_config, exponents_and_limits_that_can_not_be)
{
	rig_prepare(&rig);
	model_offer(rig.model, VIRTIO_BLK_F_TOPOLOGY);
	model_offer(rig.model, VIRTIO_BLK_F_SIZE_MAX);
	rig.config.topology.physical_block_exp = 255;
	rig.config.seg_max = 0;
	rig.config.size_max = 3;
	cr_assert_eq(open_device(), 0);
	rig_start(&rig, &(struct kl_blk_conf){0});
	cr_expect_eq(kl_blk_info(rig.blk)->physical_block_size, 512);
	cr_expect_eq(kl_blk_info(rig.blk)->seg_max, 1);
	cr_expect_eq(kl_blk_info(rig.blk)->size_max, 512);
	rig_close(&rig);
}

Test(blk_config, capacity)
{
	rig_prepare(&rig);
	rig.config.capacity = UINT64_MAX;
	cr_assert_eq(open_device(), 0);
	cr_expect_leq(kl_blk_info(rig.blk)->capacity, INT64_MAX);
	rig_start(&rig, &(struct kl_blk_conf){0});
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 0, UINT64_MAX - 4095, 4096)),
		-ERANGE);
	rig_close(&rig);

	rig_prepare(&rig);
	rig.config.capacity = 0;
	cr_assert_eq(open_device(), 0);
	rig_start(&rig, &(struct kl_blk_conf){0});
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 512)), -ERANGE);
	rig_close(&rig);
}

Test(blk_config, capacity_changes_while_it_runs)
{
	rig_open(&rig);
	rig.config.capacity = 16;
	model_change_config(rig.model, 0, 16);
	model_change_config(rig.model, 1, 0);
	kl_device_event_handle(rig.device);
	cr_expect_eq(kl_blk_info(rig.blk)->capacity, 16 * 512);
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 0, 16 * 512, 512)), -ERANGE);
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 0, 15 * 512, 512)), 0);
	rig_close(&rig);
}

Test(blk_config, queues)
{
	rig_prepare(&rig);
	model_offer(rig.model, VIRTIO_BLK_F_MQ);
	cr_expect_eq(open_device(), -EPROTO);
	cr_expect(logged("num_queues is 0"));
	rig_close(&rig);

	rig_prepare(&rig);
	model_offer(rig.model, VIRTIO_BLK_F_MQ);
	rig.config.num_queues = 60000;
	rig.model->script.num_queues = 3;
	cr_assert_eq(open_device(), 0);
	cr_expect_eq(kl_blk_info(rig.blk)->max_queues, 3);
	cr_expect_eq(kl_blk_start(rig.blk, &(struct kl_blk_conf){.queues = 4}), -EINVAL);
	cr_expect(logged("1 to 3"));
	rig_close(&rig);
}

/* BLK-03, BLK-04, BLK-15, BIO-16 */
Test(blk_config, write_cache)
{
	rig_prepare(&rig);
	rig.model->script.config_is_writable = true;
	model_offer(rig.model, VIRTIO_BLK_F_CONFIG_WCE);
	cr_assert_eq(open_device(), 0);
	cr_expect_eq(kl_blk_writeback_set(rig.blk, true), -EINVAL);
	rig_start(&rig, &(struct kl_blk_conf){0});
	cr_expect(!kl_blk_info(rig.blk)->is_writeback);
	cr_expect(kl_blk_info(rig.blk)->has_flush, "flushes go out all the same");
	cr_expect_eq(kl_blk_writeback_set(rig.blk, true), 0);
	cr_expect(kl_blk_info(rig.blk)->is_writeback);
	cr_expect_eq(rig.model->script.config[32], 1);
	rig.model->script.config_is_writable = false;
	cr_expect_eq(kl_blk_writeback_set(rig.blk, false), -ENOTSUP);
	model_forgive(rig.model, "onfig");
	rig_close(&rig);
}

/* BIO-17: with the cache off, what was written before is still to be flushed, and is. */
Test(blk_config, write_cache_switched_off)
{
	struct kl_blk_request write;

	rig_prepare(&rig);
	rig.model->script.config_is_writable = true;
	model_offer(rig.model, VIRTIO_BLK_F_CONFIG_WCE);
	rig.config.writeback = 1;
	rig_apply_config(&rig);
	cr_assert_eq(open_device(), 0);
	rig_start(&rig, &(struct kl_blk_conf){0});
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_WRITE, 0, 0, 512)), 0);
	cr_expect_eq(kl_blk_writeback_set(rig.blk, false), 0);
	cr_expect_eq(rig_run(&rig, (struct kl_blk_request){.op = KL_BLK_FLUSH}), 0);
	cr_expect_eq(rig.log[rig.logged - 1].type, VIRTIO_BLK_T_FLUSH);
	write = rig_data(&rig, KL_BLK_WRITE, 0, 0, 512);
	write.flags = KL_BLK_FUA;
	cr_expect_eq(rig_run(&rig, write), 0);
	cr_expect_eq(rig.log[rig.logged - 1].type, VIRTIO_BLK_T_FLUSH);
	rig_close(&rig);
}

/* A cache that can't be flushed: the feature is not taken. */
Test(blk_config, write_cache_without_flush)
{
	rig_prepare(&rig);
	model_offer(rig.model, VIRTIO_BLK_F_CONFIG_WCE);
	model_offer_not(rig.model, VIRTIO_BLK_F_FLUSH);
	cr_assert_eq(open_device(), 0);
	rig_start(&rig, &(struct kl_blk_conf){0});
	cr_expect(!kl_features_has(&rig.model->accepted, VIRTIO_BLK_F_CONFIG_WCE));
	rig_close(&rig);
}

/* FEAT-04, FEAT-06: everything offered, only what can be used is taken. */
Test(blk_config, golden_mask)
{
	static const uint8_t expected[] = {1, 2, 4, 5, 6, 9, 10, 11, 12, 13, 14, 15, 16, 28, 29, 32,
		33, 34, 35, 36, 39, 40};
	uint64_t mask = 0;

	rig_prepare(&rig);
	rig.config.num_queues = 1;
	rig.model->script.offered = (struct kl_features){{UINT64_MAX, UINT64_MAX}};
	cr_assert_eq(open_device(), 0, "%s", log_text());
	cr_assert_eq(kl_blk_start(rig.blk, &(struct kl_blk_conf){0}), 0, "%s", log_text());
	for (unsigned int i = 0; i < sizeof(expected); i++)
		mask |= UINT64_C(1) << expected[i];
	cr_expect_eq(rig.model->accepted.word[0], mask, "0x%llx",
		(unsigned long long)(rig.model->accepted.word[0] ^ mask));
	cr_expect_eq(rig.model->accepted.word[1], 0);
	rig_close(&rig);
}

Test(blk_config, rings_that_are_too_small)
{
	for (uint16_t size = 1; size <= 2; size *= 2) {
		rig_prepare(&rig);
		rig.model->script.queue_size[0] = rig.model->queue[0].size = size;
		cr_assert_eq(open_device(), 0);
		cr_expect_eq(kl_blk_start(rig.blk, &(struct kl_blk_conf){0}), -EINVAL);
		rig_close(&rig);
	}
	rig_prepare(&rig);
	rig.model->script.queue_size[0] = rig.model->queue[0].size = 4;
	cr_assert_eq(open_device(), 0);
	rig_start(&rig, &(struct kl_blk_conf){0});
	cr_expect_eq(rig_run(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 1 << 20)), 0);
	rig_close(&rig);
}

Test(blk_config, serial_number)
{
	char id[KL_BLK_ID_BYTES + 1];

	rig_prepare(&rig);
	rig.serial = "twenty characters..!";
	rig.model->script.serves_doorbells = true;
	cr_assert_eq(open_device(), 0);
	cr_expect_eq(kl_blk_id_read(rig.blk, id), 0, "%s", log_text());
	cr_expect_str_eq(id, rig.serial);
	rig_start(&rig, &(struct kl_blk_conf){0});
	cr_expect_eq(kl_blk_id_read(rig.blk, id), -EBUSY);
	rig_close(&rig);
}

Test(blk_config, a_name_by_serial_number)
{
	const struct kl_driver *driver = kl_driver_find_name("blk");

	rig_prepare(&rig);
	rig.serial = "scratch";
	rig.model->script.serves_doorbells = true;
	cr_assert_eq(open_device(), 0);
	cr_expect(driver->is_named(rig.device, "serial", "scratch"));
	cr_expect(!driver->is_named(rig.device, "serial", "scratch1"));
	cr_expect(!driver->is_named(rig.device, "colour", "scratch"));
	rig_close(&rig);
}

static int attach_and_start(void)
{
	int rc = rig_attach(&rig, "queues=2");

	return rc != 0 ? rc : kl_blk_start(rig.blk, &(struct kl_blk_conf){0});
}

static void close_device(void)
{
	kl_device_close(rig.device);
	rig.device = NULL;
}

static void expect_works(void)
{
	rig_expect_works(&rig);
}

/*
 * Transport, device, options, driver, the list of queues, eventfds and where they stand, and of each
 * queue the records and what it shares with the device.
 */
Test(blk_config, scarcity)
{
	rig_prepare(&rig);
	kl_features_set(&rig.model->script.offered, VIRTIO_BLK_F_MQ);
	rig.config.num_queues = rig.model->script.num_queues = 2;
	rig.model->script.queue_size[1] = rig.model->queue[1].size =
		rig.model->script.queue_size[0];
	rig_apply_config(&rig);
	cr_expect_geq(scarce_try_all(&(struct scarce_trial){rig.model, attach_and_start,
			      close_device, expect_works}),
		16);
	rig_close(&rig);
}
