/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Disks as hypervisors other than QEMU make them. Each case is the input of a public report;
 * tests/reports.md lists them.
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "blk_fixture.h"

static struct blk_fixture fixture;

static void start(void)
{
	fixture_apply_config(&fixture);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0, "%s", log_text());
	fixture_start(&fixture, &(struct kl_blk_conf){0});
}

/* DISCARD and WRITE_ZEROES are offered, and all their limits read 0. */
Test(other_hypervisors, ranges_without_limits)
{
	static const enum kl_blk_op ops[] = {KL_BLK_DISCARD, KL_BLK_WRITE_ZEROES};

	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_BLK_F_DISCARD);
	fake_offer(fixture.fake, VIRTIO_BLK_F_WRITE_ZEROES);
	memset(&fixture.config.max_discard_sectors, 0,
		offsetof(struct virtio_blk_config, max_secure_erase_sectors) -
			offsetof(struct virtio_blk_config, max_discard_sectors));
	start();
	for (unsigned int i = 0; i < 2; i++) {
		const struct kl_blk_request request = {
			.op = ops[i],
			.offset = 512,
			.length = FIXTURE_DISK_BYTES - 1024,
		};

		memset(fixture.disk, 0xee, FIXTURE_DISK_BYTES);
		cr_expect_eq(fixture_run(&fixture, request), 0);
		cr_expect_eq(fixture.disk[511], 0xee);
		cr_expect_eq(fixture.disk[512], 0);
		cr_expect_eq(fixture.disk[FIXTURE_DISK_BYTES - 513], 0);
		cr_expect_eq(fixture.disk[FIXTURE_DISK_BYTES - 512], 0xee);
	}
	fixture_close(&fixture);
}

/* Blocks of 4 KiB: what a discard names are sectors of 512 bytes all the same. */
Test(other_hypervisors, discarded_sectors_of_a_disk_with_large_blocks)
{
	const struct kl_blk_request request = {
		.op = KL_BLK_DISCARD,
		.offset = 8 * 4096,
		.length = 2 * 4096,
	};

	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_BLK_F_DISCARD);
	fixture.config.blk_size = 4096;
	fixture.config.max_discard_sectors = 1024;
	fixture.config.max_discard_seg = 1;
	fixture.config.discard_sector_alignment = 8;
	start();
	memset(fixture.disk, 0xee, FIXTURE_DISK_BYTES);
	cr_expect_eq(fixture_run(&fixture, request), 0);
	for (uint32_t at = 0; at < FIXTURE_DISK_BYTES; at += 512)
		cr_assert_eq(fixture.disk[at],
			at >= request.offset && at < request.offset + request.length ? 0 : 0xee,
			"at %u", at);
	fixture_close(&fixture);
}

/* More ranges in one request than any device takes. */
Test(other_hypervisors, a_thousand_ranges)
{
	static struct kl_blk_range ranges[1024];
	const struct kl_blk_request request = {
		.op = KL_BLK_DISCARD,
		.ranges = ranges,
		.count = 1024,
	};

	for (unsigned int i = 0; i < 1024; i++)
		ranges[i] = (struct kl_blk_range){(uint64_t)i * 4096, 512};
	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_BLK_F_DISCARD);
	fixture.config.max_discard_sectors = 1024;
	fixture.config.max_discard_seg = 1;
	start();
	memset(fixture.disk, 0xee, FIXTURE_DISK_BYTES);
	cr_expect_eq(fixture_run(&fixture, request), 0);
	cr_expect_eq(fixture.logged, 1024);
	for (unsigned int i = 0; i < 1024; i++)
		cr_assert(fixture.disk[i * 4096] == 0 && fixture.disk[i * 4096 + 512] == 0xee);
	fixture_close(&fixture);
}

/* Many small elements: no request has more segments than seg_max, whatever that is. */
Test(other_hypervisors, no_more_segments_than_seg_max)
{
	static const uint32_t limits[] = {0, 1, 2, 3, 126};
	static struct iovec iov[129];

	for (unsigned int n = 0; n < sizeof(limits) / sizeof(limits[0]); n++) {
		struct kl_blk_request request = {
			.op = KL_BLK_WRITE,
			.iov = iov,
			.count = 129,
			.length = 129 * 512,
		};

		fixture_prepare(&fixture);
		fixture.config.seg_max = limits[n];
		start();
		/* With gaps, so that no two are one segment. */
		for (unsigned int i = 0; i < 129; i++) {
			iov[i] = (struct iovec){fixture.memory + i * 1024, 512};
			memset(iov[i].iov_base, (int)i, 512);
		}
		cr_expect_eq(fixture_run(&fixture, request), 0);
		for (unsigned int i = 0; i < fixture.logged; i++)
			cr_expect_leq(fixture.log[i].segments, limits[n] > 0 ? limits[n] : 1);
		for (unsigned int i = 0; i < 129; i++)
			cr_expect(fixture.disk[i * 512] == i && fixture.disk[i * 512 + 511] == i);
		fixture_close(&fixture);
	}
}

static uint8_t refuse_id(struct blk_fixture *disk, struct fixture_request *request,
	const struct fake_chain *chain)
{
	for (unsigned int i = 1; i + 1 < chain->count && request->type == VIRTIO_BLK_T_IN; i++) {
		fixture_move(disk, request, &chain->segment[i], request->bytes);
		request->bytes += chain->segment[i].length;
		request->segments++;
	}
	return request->type == VIRTIO_BLK_T_GET_ID ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK;
}

/* A read-only disk takes the query of its serial number for a write, and fails it. */
Test(other_hypervisors, a_serial_number_that_can_not_be_read)
{
	const struct kl_driver *driver = kl_driver_find_name("blk");
	char id[KL_BLK_ID_BYTES + 1], own[64];

	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_BLK_F_RO);
	fixture.serve = refuse_id;
	fixture.fake->script.serves_doorbells = true;
	fixture_apply_config(&fixture);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0, "%s", log_text());
	cr_expect_eq(kl_blk_id_read(fixture.blk, id), -EIO);
	cr_expect(!driver->is_named(fixture.device, "serial", "scratch", own, sizeof(own)));
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	fixture_expect_works(&fixture);
	fixture_close(&fixture);
}
