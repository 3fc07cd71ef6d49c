/* SPDX-License-Identifier: BSD-3-Clause */
/* The device's configuration: BLK of the specification, and invalid fields. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "blk_fixture.h"
#include "fault_injection.h"
#include "spec/features.h"

static struct blk_fixture fixture;

static int open_device(void)
{
	fixture_apply_config(&fixture);
	return fixture_attach(&fixture, NULL);
}

Test(config, sizes)
{
	const struct kl_blk_info *info;

	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_BLK_F_TOPOLOGY);
	fake_offer(fixture.fake, VIRTIO_BLK_F_SIZE_MAX);
	fixture.config.blk_size = 4096;
	fake_offer(fixture.fake, VIRTIO_BLK_F_GEOMETRY);
	fixture.config.geometry.cylinders = 1024;
	fixture.config.geometry.heads = 16;
	fixture.config.geometry.sectors = 63;
	fixture.config.topology.physical_block_exp = 2;
	fixture.config.topology.alignment_offset = 1;
	fixture.config.topology.min_io_size = 4;
	fixture.config.topology.opt_io_size = 0x80000000;
	cr_assert_eq(open_device(), 0);
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	info = kl_blk_info(fixture.blk);
	cr_expect_eq(info->capacity, FIXTURE_DISK_BYTES, "BLK-05: in units of 512 always");
	cr_expect_eq(info->block_size, 4096);
	cr_expect(info->cylinders == 1024 && info->heads == 16 && info->sectors_per_track == 63);
	cr_expect_eq(info->physical_block_size, 16384);
	cr_expect_eq(info->alignment_offset, 4096);
	cr_expect_eq(info->min_io_size, 16384);
	cr_expect_eq(info->opt_io_size, UINT64_C(0x80000000) * 4096);
	cr_expect_eq(info->size_max, 0, "0 is no limit");
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 512, 4096)),
		-EINVAL);
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 4096, 8192)), 0);
	cr_expect_eq(fixture.log[0].sector, 8);
	fixture_close(&fixture);
}

Test(config, block_sizes_that_can_not_be)
{
	static const uint32_t sizes[] = {0, 1, 256, 511, 513, 768, 131072, 0x80000000, 0xffffffff};

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		fixture_prepare(&fixture);
		fixture.config.blk_size = sizes[i];
		cr_expect_eq(open_device(), -EPROTO, "%u", sizes[i]);
		cr_expect(logged("512 to 65536"));
		fixture_close(&fixture);
	}
}

Test(config, exponents_and_limits_that_can_not_be)
{
	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_BLK_F_TOPOLOGY);
	fake_offer(fixture.fake, VIRTIO_BLK_F_SIZE_MAX);
	fixture.config.topology.physical_block_exp = 255;
	fixture.config.seg_max = 0;
	fixture.config.size_max = 3;
	cr_assert_eq(open_device(), 0);
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	cr_expect_eq(kl_blk_info(fixture.blk)->physical_block_size, 512);
	cr_expect_eq(kl_blk_info(fixture.blk)->seg_max, 1);
	cr_expect_eq(kl_blk_info(fixture.blk)->size_max, 512);
	fixture_close(&fixture);
}

Test(config, capacity)
{
	fixture_prepare(&fixture);
	fixture.config.capacity = UINT64_MAX;
	cr_assert_eq(open_device(), 0);
	cr_expect_leq(kl_blk_info(fixture.blk)->capacity, INT64_MAX);
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	cr_expect_eq(fixture_run(&fixture,
			     fixture_data(&fixture, KL_BLK_READ, 0, UINT64_MAX - 4095, 4096)),
		-ERANGE);
	fixture_close(&fixture);

	fixture_prepare(&fixture);
	fixture.config.capacity = 0;
	cr_assert_eq(open_device(), 0);
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 512)),
		-ERANGE);
	fixture_close(&fixture);
}

Test(config, capacity_changes_while_it_runs)
{
	fixture_open(&fixture);
	fixture.config.capacity = 16;
	fake_change_config(fixture.fake, 0, 16);
	fake_change_config(fixture.fake, 1, 0);
	kl_device_event_handle(fixture.device);
	cr_expect_eq(kl_blk_info(fixture.blk)->capacity, 16 * 512);
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 16 * 512, 512)),
		-ERANGE);
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 15 * 512, 512)),
		0);
	fixture_close(&fixture);
}

Test(config, queues)
{
	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_BLK_F_MQ);
	cr_expect_eq(open_device(), -EPROTO);
	cr_expect(logged("num_queues is 0"));
	fixture_close(&fixture);

	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_BLK_F_MQ);
	fixture.config.num_queues = 60000;
	fixture.fake->script.num_queues = 3;
	cr_assert_eq(open_device(), 0);
	cr_expect_eq(kl_blk_info(fixture.blk)->max_queues, 3);
	cr_expect_eq(kl_blk_start(fixture.blk, &(struct kl_blk_conf){.queues = 4}), -EINVAL);
	cr_expect(logged("1 to 3"));
	fixture_close(&fixture);
}

/* BLK-03, BLK-04, BLK-15, BIO-16 */
Test(config, write_cache)
{
	fixture_prepare(&fixture);
	fixture.fake->script.config_is_writable = true;
	fake_offer(fixture.fake, VIRTIO_BLK_F_CONFIG_WCE);
	cr_assert_eq(open_device(), 0);
	cr_expect_eq(kl_blk_writeback_set(fixture.blk, true), -EINVAL);
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	cr_expect(!kl_blk_info(fixture.blk)->is_writeback);
	cr_expect(kl_blk_info(fixture.blk)->has_flush, "flushes go out all the same");
	cr_expect_eq(kl_blk_writeback_set(fixture.blk, true), 0);
	cr_expect(kl_blk_info(fixture.blk)->is_writeback);
	cr_expect_eq(fixture.fake->script.config[32], 1);
	fixture.fake->script.config_is_writable = false;
	cr_expect_eq(kl_blk_writeback_set(fixture.blk, false), -ENOTSUP);
	fake_take_violation(fixture.fake, "onfig");
	fixture_close(&fixture);
}

/* BIO-17: with the cache off, what was written before is still to be flushed, and is. */
Test(config, write_cache_switched_off)
{
	struct kl_blk_request write;

	fixture_prepare(&fixture);
	fixture.fake->script.config_is_writable = true;
	fake_offer(fixture.fake, VIRTIO_BLK_F_CONFIG_WCE);
	fixture.config.writeback = 1;
	fixture_apply_config(&fixture);
	cr_assert_eq(open_device(), 0);
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_WRITE, 0, 0, 512)), 0);
	cr_expect_eq(kl_blk_writeback_set(fixture.blk, false), 0);
	cr_expect_eq(fixture_run(&fixture, (struct kl_blk_request){.op = KL_BLK_FLUSH}), 0);
	cr_expect_eq(fixture.log[fixture.logged - 1].type, VIRTIO_BLK_T_FLUSH);
	write = fixture_data(&fixture, KL_BLK_WRITE, 0, 0, 512);
	write.flags = KL_BLK_FUA;
	cr_expect_eq(fixture_run(&fixture, write), 0);
	cr_expect_eq(fixture.log[fixture.logged - 1].type, VIRTIO_BLK_T_FLUSH);
	fixture_close(&fixture);
}

/* A cache that can't be flushed: the feature is not taken. */
Test(config, write_cache_without_flush)
{
	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_BLK_F_CONFIG_WCE);
	fake_offer_not(fixture.fake, VIRTIO_BLK_F_FLUSH);
	cr_assert_eq(open_device(), 0);
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	cr_expect(!kl_features_has(&fixture.fake->accepted, VIRTIO_BLK_F_CONFIG_WCE));
	fixture_close(&fixture);
}

/* FEAT-04, FEAT-06: everything offered, only what can be used is taken. */
Test(config, golden_mask)
{
	static const uint8_t expected[] = {1, 2, 4, 5, 6, 9, 10, 11, 12, 13, 14, 15, 16, 28, 29, 32,
		33, 34, 35, 36, 39, 40};
	uint64_t mask = 0;

	fixture_prepare(&fixture);
	fixture.config.num_queues = 1;
	fixture.fake->script.offered = (struct kl_features){{UINT64_MAX, UINT64_MAX}};
	cr_assert_eq(open_device(), 0, "%s", log_text());
	cr_assert_eq(kl_blk_start(fixture.blk, &(struct kl_blk_conf){0}), 0, "%s", log_text());
	for (unsigned int i = 0; i < sizeof(expected); i++)
		mask |= UINT64_C(1) << expected[i];
	cr_expect_eq(fixture.fake->accepted.word[0], mask, "0x%llx",
		(unsigned long long)(fixture.fake->accepted.word[0] ^ mask));
	cr_expect_eq(fixture.fake->accepted.word[1], 0);
	fixture_close(&fixture);
}

Test(config, rings_that_are_too_small)
{
	for (uint16_t size = 1; size <= 2; size *= 2) {
		fixture_prepare(&fixture);
		fixture.fake->script.queue_size[0] = fixture.fake->queue[0].size = size;
		cr_assert_eq(open_device(), 0);
		cr_expect_eq(kl_blk_start(fixture.blk, &(struct kl_blk_conf){0}), -EINVAL);
		fixture_close(&fixture);
	}
	fixture_prepare(&fixture);
	fixture.fake->script.queue_size[0] = fixture.fake->queue[0].size = 4;
	cr_assert_eq(open_device(), 0);
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 1 << 20)), 0);
	fixture_close(&fixture);
}

Test(config, serial_number)
{
	char id[KL_BLK_ID_BYTES + 1];

	fixture_prepare(&fixture);
	fixture.serial = "twenty characters..!";
	fixture.fake->script.serves_doorbells = true;
	cr_assert_eq(open_device(), 0);
	cr_expect_eq(kl_blk_id_read(fixture.blk, id), 0, "%s", log_text());
	cr_expect_str_eq(id, fixture.serial);
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	cr_expect_eq(kl_blk_id_read(fixture.blk, id), -EBUSY);
	fixture_close(&fixture);
}

Test(config, a_name_by_serial_number)
{
	const struct kl_driver *driver = kl_driver_find_name("blk");

	fixture_prepare(&fixture);
	fixture.serial = "scratch";
	fixture.fake->script.serves_doorbells = true;
	cr_assert_eq(open_device(), 0);
	cr_expect(driver->is_named(fixture.device, "serial", "scratch"));
	cr_expect(!driver->is_named(fixture.device, "serial", "scratch1"));
	cr_expect(!driver->is_named(fixture.device, "colour", "scratch"));
	fixture_close(&fixture);
}

static int attach_and_start(void)
{
	int rc = fixture_attach(&fixture, "queues=2");

	return rc != 0 ? rc : kl_blk_start(fixture.blk, &(struct kl_blk_conf){0});
}

static void close_device(void)
{
	kl_device_close(fixture.device);
	fixture.device = NULL;
}

static void expect_works(void)
{
	fixture_expect_works(&fixture);
}

/*
 * Refused in turn: transport, device, options, driver, the list of queues, eventfds and their
 * array, and of each queue the records and the memory shared with the device.
 */
Test(config, fault_injection)
{
	fixture_prepare(&fixture);
	kl_features_set(&fixture.fake->script.offered, VIRTIO_BLK_F_MQ);
	fixture.config.num_queues = fixture.fake->script.num_queues = 2;
	fixture.fake->script.queue_size[1] = fixture.fake->queue[1].size =
		fixture.fake->script.queue_size[0];
	fixture_apply_config(&fixture);
	cr_expect_geq(fault_injection_try_all(&(struct fault_trial){fixture.fake, attach_and_start,
			      close_device, expect_works}),
		16);
	fixture_close(&fixture);
}
