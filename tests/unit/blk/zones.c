/* SPDX-License-Identifier: BSD-3-Clause */
/* A host-managed disk. 5.2.5.1, 5.2.6.1 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "zone_disk.h"

static struct blk_fixture fixture;

static int attach(const char *options)
{
	fixture_apply_config(&fixture);
	return fixture_attach(&fixture, options);
}

static void open_zoned(void)
{
	zone_disk_prepare(&fixture);
	cr_assert_eq(attach(NULL), 0, "%s", log_text());
	fixture_start(&fixture, &(struct kl_blk_conf){0});
}

static struct kl_blk_request zone_request(enum kl_blk_op op, unsigned int zone)
{
	return (struct kl_blk_request){.op = (uint8_t)op, .offset = zone * ZONE_BYTES};
}

/* BLK-09, BLK-10, BLK-11 */
Test(zones, what_is_negotiated)
{
	const struct kl_blk_zones *zones;

	zone_disk_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_BLK_F_DISCARD);
	cr_assert_eq(attach(NULL), 0, "%s", log_text());
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	cr_expect(kl_features_has(&fixture.fake->accepted, VIRTIO_BLK_F_ZONED));
	cr_expect(!kl_features_has(&fixture.fake->accepted, VIRTIO_BLK_F_DISCARD));
	zones = &kl_blk_info(fixture.blk)->zones;
	cr_expect_eq(zones->zone_bytes, ZONE_BYTES);
	cr_expect_eq(zones->max_open, 3);
	cr_expect_eq(zones->max_active, 4);
	cr_expect_eq(zones->max_append_bytes, 256 * 512);
	cr_expect_eq(zones->write_granularity, GRANULARITY);
	fixture_close(&fixture);
}

/* BLK-13, BLK-14: host-aware, and none, as any disk. The other zone fields are not read. */
Test(zones, other_models)
{
	for (uint8_t fake = 0; fake <= 3; fake++) {
		if (fake == VIRTIO_BLK_Z_HOST_MANAGED)
			continue;
		zone_disk_prepare(&fixture);
		fixture.serve = NULL;
		fixture.config.zoned.model = fake;
		fixture.config.zoned.zone_sectors = fixture.config.zoned.write_granularity =
			0xdeadbeef;
		cr_assert_eq(attach(NULL), 0, "%s", log_text());
		fixture_start(&fixture, &(struct kl_blk_conf){0});
		cr_expect(!kl_features_has(&fixture.fake->accepted, VIRTIO_BLK_F_ZONED));
		cr_expect_eq(kl_blk_info(fixture.blk)->zones.zone_bytes, 0);
		cr_expect_eq(fixture_run(&fixture, zone_request(KL_BLK_ZONE_RESET, 1)), -ENOTSUP);
		fixture_expect_works(&fixture);
		fixture_close(&fixture);
	}
}

/* BLK-12 */
Test(zones, declined)
{
	zone_disk_prepare(&fixture);
	cr_assert_eq(attach("features=-ZONED"), 0, "%s", log_text());
	cr_expect_eq(kl_blk_start(fixture.blk, &(struct kl_blk_conf){0}), -EINVAL);
	cr_expect(logged("host-managed"));
	cr_expect_eq(fixture.fake->status & 8, 0, "FEATURES_OK");
	fixture_close(&fixture);
}

Test(zones, numbers_that_can_not_be)
{
	static const uint32_t bad[][2] = {{0, 4096}, {ZONE_SECTORS, 0}, {ZONE_SECTORS, 100},
		{ZONE_SECTORS + 1, 4096}, {ZONE_SECTORS, 8u << 20}};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		zone_disk_prepare(&fixture);
		fixture.config.zoned.zone_sectors = bad[i][0];
		fixture.config.zoned.write_granularity = bad[i][1];
		cr_expect_eq(attach(NULL), -EPROTO, "case %zu", i);
		cr_expect(logged("allowed are multiples"));
		fixture_close(&fixture);
	}
}

/* BZN-01, BZN-07: cut, and yet in order, since each part has to begin where the last one ended. */
Test(zones, a_long_write)
{
	struct kl_blk_request request;
	struct kl_blk_queue_stats stats;
	static struct iovec iov[64];
	unsigned int subrequests;

	open_zoned();
	for (unsigned int i = 0; i < 64; i++) {
		iov[i] = (struct iovec){fixture.memory + 5000 * i, 2048};
		memset(iov[i].iov_base, (int)(i + 1), 2048);
	}
	request = zone_request(KL_BLK_WRITE, 3);
	request.iov = iov;
	request.count = 64;
	request.length = 64 * 2048;
	cr_expect_eq(fixture_run(&fixture, request), 0);
	subrequests = fixture.logged;
	cr_expect_eq(subrequests, 8);
	cr_assert_eq(kl_blk_queue_stats_get(fixture.blk, 0, &stats), 0);
	cr_expect_eq(stats.max_in_flight, 1);
	for (unsigned int i = 0; i < 64; i++)
		cr_expect_eq(memcmp(fixture.disk + 3 * ZONE_BYTES + 2048 * i, iov[i].iov_base,
				     2048),
			0, "segment %u", i);
	/* A sector that is not the write pointer. */
	cr_expect_eq(fixture_run(&fixture,
			     fixture_data(&fixture, KL_BLK_WRITE, 0, 3 * ZONE_BYTES, 4096)),
		-EILSEQ);
	/* Smaller than the granularity. */
	cr_expect_eq(fixture_run(&fixture,
			     fixture_data(&fixture, KL_BLK_WRITE, 0, 4 * ZONE_BYTES, 512)),
		-EINVAL);
	cr_expect_eq(fixture.logged, subrequests + 1);
	fixture_close(&fixture);
}

/* BZN-05, BZN-06, BZN-08 */
Test(zones, appends)
{
	struct kl_blk_request request;

	open_zoned();
	for (unsigned int i = 0; i < 8; i++) {
		memset(fixture.memory, (int)(0x40 + i), 8192);
		request = fixture_data(&fixture, KL_BLK_ZONE_APPEND, 0, 2 * ZONE_BYTES, 8192);
		cr_expect_eq(fixture_run(&fixture, request), 0);
		cr_expect_eq(fixture.value, 2 * ZONE_BYTES + 8192 * i);
		cr_expect_eq(memcmp(fixture.memory, fixture.disk + fixture.value, 8192), 0);
	}
	request.offset += 512;
	cr_expect_eq(fixture_run(&fixture, request), -EINVAL);
	request.offset = 2 * ZONE_BYTES;
	request.length = 512;
	cr_expect_eq(fixture_run(&fixture, request), -EINVAL);
	request.length = 257 * 512;
	cr_expect_eq(fixture_run(&fixture, request), -EINVAL);
	request.length = 4096;
	request.offset = ZONES * ZONE_BYTES;
	cr_expect_eq(fixture_run(&fixture, request), -ERANGE);
	cr_expect_eq(fixture.logged, 8);
	fixture_close(&fixture);
}

/* As many segments as there may be, with the answer behind them; one more can't be cut off. */
Test(zones, append_of_many_segments)
{
	static struct iovec iov[16];
	struct kl_blk_request request = zone_request(KL_BLK_ZONE_APPEND, 5);

	open_zoned();
	for (unsigned int i = 0; i < 16; i++)
		iov[i] = (struct iovec){fixture.memory + 9000 * i, 4096};
	request.iov = iov;
	for (request.count = 1; request.count <= 8; request.count++) {
		request.length = 4096ul * request.count;
		cr_expect_eq(fixture_run(&fixture, request), 0, "%u segments", request.count);
		cr_expect_eq(fixture.log[fixture.logged - 1].bytes, request.length);
	}
	request.count = 9;
	request.length = 4096 * 9;
	cr_expect_eq(fixture_run(&fixture, request), -EINVAL);
	fixture_close(&fixture);
}

Test(zones, appends_that_are_not_offered)
{
	zone_disk_prepare(&fixture);
	fixture.config.zoned.max_append_sectors = 0;
	cr_assert_eq(attach(NULL), 0, "%s", log_text());
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_ZONE_APPEND, 0, 0, 4096)),
		-ENOTSUP);
	fixture_close(&fixture);
}

/* A sector outside of the zone is no answer. */
Test(zones, a_malformed_append_sector)
{
	static const uint64_t sectors[] = {ZONE_SECTORS - 1, 2 * ZONE_SECTORS - 7, UINT64_MAX};
	struct kl_blk_request request;

	open_zoned();
	for (size_t i = 0; i < sizeof(sectors) / sizeof(sectors[0]); i++) {
		zone_disk.malformed_append = sectors[i];
		request = fixture_data(&fixture, KL_BLK_ZONE_APPEND, 0, ZONE_BYTES, 4096);
		cr_expect_eq(fixture_run(&fixture, request), -EIO, "sector %zu", i);
		cr_expect_eq(fixture.value, 0);
	}
	fixture_close(&fixture);
}

/* BZN-02, BZN-08 */
Test(zones, reports)
{
	struct kl_blk_zone_report *report;
	struct kl_blk_request request;

	open_zoned();
	report = (struct kl_blk_zone_report *)fixture.memory;
	request = fixture_data(&fixture, KL_BLK_ZONE_REPORT, 0, 5 * ZONE_BYTES + 512,
		64 + 64 * ZONES);
	cr_expect_eq(fixture_run(&fixture, request), 0);
	cr_assert_eq(fixture.value, ZONES - 5);
	cr_expect_eq(report->zones[0].start_sector, 5 * ZONE_SECTORS);
	cr_expect_eq(report->zones[1].capacity_sectors, ZONE_SECTORS - 8);
	cr_expect_eq(report->zones[0].type, KL_BLK_ZONE_SEQUENTIAL);
	cr_expect_eq(report->zones[0].state, KL_BLK_ZONE_EMPTY);
	/* More zones than there is room for. */
	zone_disk.malformed_count = UINT64_MAX;
	cr_expect_eq(fixture_run(&fixture, request), 0);
	cr_expect_eq(fixture.value, ZONES);
	request.length = 127;
	cr_expect_eq(fixture_run(&fixture, request), -EINVAL);
	request.length = 128;
	request.offset = ZONES * ZONE_BYTES;
	cr_expect_eq(fixture_run(&fixture, request), -ERANGE);
	fixture_close(&fixture);
}

/* BZN-03, BZN-04 */
Test(zones, managed)
{
	open_zoned();
	cr_expect_eq(fixture_run(&fixture, zone_request(KL_BLK_ZONE_OPEN, 2)), 0);
	cr_expect_eq(zone_disk.zone[2].z_state, KL_BLK_ZONE_OPENED);
	cr_expect_eq(fixture_run(&fixture, zone_request(KL_BLK_ZONE_CLOSE, 2)), 0);
	cr_expect_eq(zone_disk.zone[2].z_state, KL_BLK_ZONE_CLOSED);
	cr_expect_eq(fixture_run(&fixture, zone_request(KL_BLK_ZONE_FINISH, 2)), 0);
	cr_expect_eq(zone_disk.zone[2].z_state, KL_BLK_ZONE_FULL);
	cr_expect_eq(fixture_run(&fixture, zone_request(KL_BLK_ZONE_RESET, 2)), 0);
	cr_expect_eq(zone_disk.zone[2].z_state, KL_BLK_ZONE_EMPTY);
	zone_disk.zone[7].z_state = KL_BLK_ZONE_FULL;
	cr_expect_eq(fixture_run(&fixture, zone_request(KL_BLK_ZONE_RESET_ALL, 0)), 0);
	cr_expect_eq(zone_disk.zone[7].z_state, KL_BLK_ZONE_EMPTY);
	cr_expect_eq(fixture_run(&fixture, zone_request(KL_BLK_ZONE_OPEN, 0)), -EINVAL,
		"conventional");
	cr_expect_eq(fixture.logged, 6);
	fixture_close(&fixture);
}

Test(zones, requests_that_are_not_legal)
{
	struct kl_blk_request request;

	open_zoned();
	request = zone_request(KL_BLK_ZONE_RESET, 1);
	request.offset += 512;
	cr_expect_eq(fixture_run(&fixture, request), -EINVAL);
	request = zone_request(KL_BLK_ZONE_RESET, ZONES);
	cr_expect_eq(fixture_run(&fixture, request), -ERANGE);
	request = zone_request(KL_BLK_ZONE_OPEN, 1);
	request.length = ZONE_BYTES;
	cr_expect_eq(fixture_run(&fixture, request), -EINVAL);
	request = zone_request(KL_BLK_ZONE_RESET_ALL, 1);
	cr_expect_eq(fixture_run(&fixture, request), -EINVAL);
	request = zone_request(KL_BLK_ZONE_FINISH, 1);
	request.flags = KL_BLK_FUA;
	cr_expect_eq(fixture_run(&fixture, request), -EINVAL);
	cr_expect_eq(fixture_run(&fixture, zone_request((enum kl_blk_op)27, 0)), -ENOTSUP);
	cr_expect_eq(fixture.logged, 0);
	fixture_close(&fixture);
}

Test(zones, statuses)
{
	static const int results[] = {0, -EIO, -ENOTSUP, -EINVAL, -EILSEQ, -EMFILE, -EOVERFLOW,
		-EIO};

	open_zoned();
	fixture.bad_sector = 9;
	for (uint8_t status = 1; status < 8; status++) {
		fixture.bad_status = status;
		cr_expect_eq(fixture_run(&fixture,
				     fixture_data(&fixture, KL_BLK_READ, 0, 4096, 4096)),
			results[status], "status %u", status);
	}
	fixture_close(&fixture);
}

Test(zones, read_only)
{
	zone_disk_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_BLK_F_RO);
	cr_assert_eq(attach(NULL), 0, "%s", log_text());
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	cr_expect_eq(fixture_run(&fixture, zone_request(KL_BLK_ZONE_RESET, 1)), -EROFS);
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_ZONE_APPEND, 0, 0, 4096)),
		-EROFS);
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_ZONE_REPORT, 0, 0, 4096)),
		0);
	fixture_close(&fixture);
}
