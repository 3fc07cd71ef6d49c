/* SPDX-License-Identifier: BSD-3-Clause */
/* The device's configuration: BLK of the specification, and invalid fields. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "blk_fixture.h"
#include "fault_injection.h"
#include "spec/features.h"
#include "state.h"

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

static unsigned int count_lines(const char *words)
{
	unsigned int count = 0;

	for (const char *at = log_text(); (at = strstr(at, words)) != NULL; at++)
		count++;
	return count;
}

static void toggle_capacity(unsigned int times)
{
	for (unsigned int i = 0; i < times; i++) {
		fake_change_config(fixture.fake, 0, i % 2 == 0 ? 16 : 32);
		kl_device_event_handle(fixture.device);
		cr_assert_eq(kl_blk_info(fixture.blk)->capacity, (i % 2 == 0 ? 16 : 32) * 512);
	}
}

/* A device that never stops changing it: a few lines, with the number of the others. */
Test(config, capacity_changes_all_the_time)
{
	fixture_open(&fixture);
	fake_change_config(fixture.fake, 1, 0);
	kl_device_event_handle(fixture.device);
	forget_log();
	fixture.blk->logged_since = 0;
	toggle_capacity(1000);
	cr_expect_leq(count_lines("its capacity"), BLK_LOGGED_MOST + 1, "%s", log_text());
	cr_expect_eq(count_lines("changes all the time"), 1, "%s", log_text());
	/* A period later it is logged again. */
	forget_log();
	fixture.blk->logged_since -= BLK_LOGGED_SECONDS * fixture.blk->ticks_per_second;
	toggle_capacity(1);
	cr_expect(logged("from 16384 to 8192 bytes, after 99"), "%s", log_text());
	fixture_close(&fixture);
}

/* More than can be expressed, again and again, is logged at the start only. */
Test(config, capacity_too_large_all_the_time)
{
	fixture_open(&fixture);
	forget_log();
	for (unsigned int i = 0; i < 100; i++) {
		fake_change_config(fixture.fake, 7, 0xff);
		kl_device_event_handle(fixture.device);
	}
	cr_expect_leq(count_lines("capacity"), 1, "%s", log_text());
	fixture_close(&fixture);
}

/* An incomplete block, alone and behind others. */
Test(config, capacity_of_incomplete_blocks)
{
	static const struct {
		uint64_t sectors, capacity;
		uint32_t tail;
	} rows[] = {{0, 0, 0}, {1, 0, 512}, {7, 0, 3584}, {8, 4096, 0}, {17, 8192, 512}};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fixture_prepare(&fixture);
		fixture.config.blk_size = 4096;
		fixture.config.capacity = rows[i].sectors;
		cr_assert_eq(open_device(), 0);
		fixture_start(&fixture, &(struct kl_blk_conf){0});
		cr_expect_eq(kl_blk_info(fixture.blk)->capacity, rows[i].capacity);
		cr_expect_eq(kl_blk_info(fixture.blk)->tail_bytes, rows[i].tail);
		cr_expect_eq(fixture_run(&fixture,
				     fixture_data(&fixture, KL_BLK_READ, 0, rows[i].capacity,
					     4096)),
			-ERANGE);
		fixture_close(&fixture);
	}
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

static char own[KL_BLK_ID_TEXT_BYTES];

static bool is_named(const char *key, const char *value)
{
	return kl_driver_find_name("blk")->is_named(fixture.device, key, value, own, sizeof(own));
}

Test(config, a_name_by_serial_number)
{
	fixture_prepare(&fixture);
	fixture.serial = "scratch";
	fixture.fake->script.serves_doorbells = true;
	cr_assert_eq(open_device(), 0);
	cr_expect(is_named("serial", "scratch"));
	cr_expect_str_eq(own, "scratch");
	cr_expect(!is_named("serial", "scratch1"));
	cr_expect_str_eq(own, "scratch");
	cr_expect(!is_named("colour", "scratch"));
	fixture_close(&fixture);
}

/* The bytes of a serial number, the values that name it, and the one that is shown. */
static const struct {
	const char *bytes; /* 20 of them */
	const char *values[4];
	const char *shown;
} serials[] = {
	{"scratch\0\0\0\0\0\0\0\0\0\0\0\0\0", {"scratch", "\\x73cratch"}, "scratch"},
	{"\033[31mred\n\x9b\0\0\0\0\0\0\0\0\0\0", {"\\x1b[31mred\\x0a\\x9b", "\033[31mred\n\x9b"},
		"\\x1b[31mred\\x0a\\x9b"},
	{"a,b\\x41\"\0\0\0\0\0\0\0\0\0\0\0\0", {"a\\x2cb\\x5cx41\"", "a,b\\x41\""},
		"a\\x2cb\\x5cx41\""},
	{"one\0two\0\0\0\0\0\0\0\0\0\0\0\0", {"one", "one\\x00two"}, "one\\x00two"},
	{"\xff\xfe\xc3\xa9\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", {"\\xff\\xfe\xc3\xa9"},
		"\\xff\\xfe\xc3\xa9"},
	{"twenty characters..!", {"twenty characters..!", "twenty characters..!, and more"},
		"twenty characters..!"},
	{"01234567-89ab-cdef-0", {"01234567-89ab-cdef-0123-456789abcdef-2026"},
		"01234567-89ab-cdef-0"},
};

Test(config, names_by_any_serial_number)
{
	for (unsigned int i = 0; i < sizeof(serials) / sizeof(serials[0]); i++) {
		fixture_prepare(&fixture);
		fixture.serial_bytes = serials[i].bytes;
		fixture.fake->script.serves_doorbells = true;
		cr_assert_eq(open_device(), 0);
		for (unsigned int j = 0; j < 4 && serials[i].values[j] != NULL; j++) {
			const char *value = serials[i].values[j];

			forget_log();
			cr_expect(is_named("serial", value), "%u: %s", i, value);
			cr_expect_str_eq(own, serials[i].shown);
			cr_expect_eq(logged("virtio carries 20"), strlen(value) > 20, "%s: %s",
				value, log_text());
		}
		cr_expect(is_named("serial", own), "what is shown names it");
		cr_expect(!is_named("serial", "twenty characters.."));
		cr_expect(!is_named("serial", "01234567-89ab-cdef-123456789"));
		fixture_close(&fixture);
	}
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
