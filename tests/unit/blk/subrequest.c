/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests larger than the device's limits: cut, and completed as one. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "blk_fixture.h"
#include "spec/features.h"

static struct blk_fixture fixture;

static void open_with(uint32_t seg_max, uint32_t size_max, bool indirect)
{
	fixture_prepare(&fixture);
	fixture.config.seg_max = seg_max;
	fixture.config.size_max = size_max;
	fake_offer(fixture.fake, VIRTIO_BLK_F_SIZE_MAX);
	if (!indirect)
		fake_offer_not(fixture.fake, VIRTIO_F_INDIRECT_DESC);
	fixture_apply_config(&fixture);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0, "%s", log_text());
	fixture_start(&fixture, &(struct kl_blk_conf){0});
}

static unsigned int scatter(struct iovec *iov, unsigned int max, size_t length)
{
	unsigned int count = 0;
	size_t at = 0, memory = 0;

	while (at < length) {
		size_t bytes = 1 + fake_random(fixture.fake) % 3000;

		cr_assert_lt(count, max);
		if (bytes > length - at || count + 1 == max)
			bytes = length - at;
		iov[count++] = (struct iovec){fixture.memory + memory, bytes};
		at += bytes;
		memory += bytes + fake_random(fixture.fake) % 700;
	}
	return count;
}

static void expect_scattered(const struct iovec *iov, unsigned int count, const uint8_t *disk)
{
	for (unsigned int i = 0; i < count; i++) {
		cr_expect_eq(memcmp(iov[i].iov_base, disk, iov[i].iov_len), 0);
		disk += iov[i].iov_len;
	}
}

/* Any iovec, any limits, reads and writes: the bytes are right. The fixture checks the limits. */
static void try_scattered(uint32_t seg_max, uint32_t size_max, bool indirect)
{
	static struct iovec iov[400];

	open_with(seg_max, size_max, indirect);
	for (unsigned int round = 0; round < 60; round++) {
		size_t length = 512 * (1 + fake_random(fixture.fake) % 400);
		uint64_t offset = 512 * (fake_random(fixture.fake) % 8000);
		struct kl_blk_request request = {.op = round % 2,
			.offset = offset,
			.length = length,
			.iov = iov,
			.count = (uint16_t)scatter(iov, 400, length)};
		int rc = fixture_run(&fixture, request);

		/* A block over more segments than a request can have can't be done. */
		if (rc == -EINVAL && seg_max < 4)
			continue;
		cr_expect_eq(rc, 0);
		expect_scattered(iov, request.count, fixture.disk + offset);
	}
	fixture_expect_sum(&fixture, 0);
	fixture_close(&fixture);
}

Test(subrequest, scattered)
{
	try_scattered(8, 0, true);
}

Test(subrequest, scattered_over_small_segments)
{
	try_scattered(5, 512, true);
}

Test(subrequest, scattered_over_two_segments)
{
	try_scattered(2, 4096, true);
}

Test(subrequest, scattered_over_chains)
{
	try_scattered(8, 1024, false);
}

Test(subrequest, scattered_over_many_segments)
{
	try_scattered(254, 0, true);
}

/* Far more parts than the ring has entries. */
Test(subrequest, larger_than_the_ring)
{
	struct kl_blk_request request;

	open_with(1, 4096, true);
	memset(fixture.disk, 0x77, FIXTURE_DISK_BYTES);
	request = fixture_data(&fixture, KL_BLK_READ, 0, 0, 4 << 20);
	cr_expect_eq(fixture_run(&fixture, request), 0);
	cr_expect_eq(fixture.logged, 1024);
	cr_expect_eq(memcmp(fixture.memory, fixture.disk, 4 << 20), 0);
	fixture_close(&fixture);
}

/* Two that are cut and plain ones in between, with little room for completions. */
Test(subrequest, mixed)
{
	struct kl_blk_request requests[3];
	struct kl_blk_completion done[1];
	unsigned int seen = 0;

	open_with(1, 4096, true);
	requests[0] = fixture_data(&fixture, KL_BLK_READ, 0, 0, 1 << 20);
	requests[1] = fixture_data(&fixture, KL_BLK_READ, 2 << 20, 4096, 4096);
	requests[2] = fixture_data(&fixture, KL_BLK_READ, 4 << 20, 1 << 20, 1 << 20);
	for (unsigned int i = 0; i < 3; i++)
		requests[i].user_data = i;
	cr_assert_eq(kl_blk_submit(fixture.blk, 0, requests, 3), 1, "the first fills the ring");
	for (unsigned int i = 0, submitted = 1; i < 2000 && seen != 7; i++) {
		fake_process(fixture.fake, 0, 3);
		if (kl_blk_poll(fixture.blk, 0, done, 1) == 1) {
			cr_expect_eq(done->result, 0);
			cr_expect_eq(seen & 1u << done->user_data, 0);
			seen |= 1u << done->user_data;
		}
		if (submitted < 3)
			submitted += kl_blk_submit(fixture.blk, 0, &requests[submitted], 1);
	}
	cr_expect_eq(seen, 7);
	cr_expect_eq(memcmp(fixture.memory, fixture.disk, 1 << 20), 0);
	cr_expect_eq(memcmp(fixture.memory + (4 << 20), fixture.disk + (1 << 20), 1 << 20), 0);
	fixture_close(&fixture);
}

Test(subrequest, the_first_error_ends_it)
{
	open_with(1, 4096, true);
	fixture.bad_sector = 8 * 20;
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 1 << 20)),
		-EIO);
	cr_expect_lt(fixture.logged, 64, "what was not given yet stays here");
	cr_expect_eq(fixture_run(&fixture,
			     fixture_data(&fixture, KL_BLK_READ, 0, 1 << 20, 1 << 20)),
		0);
	fixture_expect_sum(&fixture, 0);
	fixture_close(&fixture);
}

Test(subrequest, iovec_too_short_or_out_of_reach)
{
	struct iovec iov[2] = {{NULL, 512}, {NULL, 512}};
	struct kl_blk_request request = {.op = KL_BLK_READ, .iov = iov, .count = 2, .length = 1536};

	open_with(8, 0, true);
	iov[0].iov_base = iov[1].iov_base = fixture.memory;
	cr_expect_eq(fixture_run(&fixture, request), -EINVAL);
	request.length = 1024;
	iov[1].iov_base = iov;
	cr_expect_eq(fixture_run(&fixture, request), -EFAULT);
	iov[1].iov_base = fixture.memory + FIXTURE_MEMORY_BYTES - 511;
	cr_expect_eq(fixture_run(&fixture, request), -EFAULT);
	iov[1].iov_base = fixture.memory + FIXTURE_MEMORY_BYTES - 512;
	cr_expect_eq(fixture_run(&fixture, request), 0);
	fixture_close(&fixture);
}

/* Part of it is with the device when the memory turns out to be none. */
Test(subrequest, out_of_reach_half_way)
{
	open_with(1, 4096, true);
	cr_expect_eq(fixture_run(&fixture,
			     (struct kl_blk_request){.op = KL_BLK_READ,
				     .buffer = fixture.memory + FIXTURE_MEMORY_BYTES - 8192,
				     .length = 65536}),
		-EFAULT);
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 65536)), 0);
	fixture_close(&fixture);
}

static void open_ranges(uint32_t sectors, uint32_t ranges, uint32_t alignment)
{
	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_BLK_F_DISCARD);
	fake_offer(fixture.fake, VIRTIO_BLK_F_WRITE_ZEROES);
	fake_offer(fixture.fake, VIRTIO_BLK_F_SECURE_ERASE);
	fixture.config.max_discard_sectors = fixture.config.max_write_zeroes_sectors =
		fixture.config.max_secure_erase_sectors = sectors;
	fixture.config.max_discard_seg = fixture.config.max_write_zeroes_seg =
		fixture.config.max_secure_erase_seg = ranges;
	fixture.config.discard_sector_alignment = fixture.config.secure_erase_sector_alignment =
		alignment;
	fixture_apply_config(&fixture);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0, "%s", log_text());
	fixture_start(&fixture, &(struct kl_blk_conf){0});
}

static bool is_zero(uint64_t offset, uint64_t length)
{
	for (uint64_t i = 0; i < length; i++)
		if (fixture.disk[offset + i] != 0)
			return false;
	return true;
}

Test(subrequest, ranges_are_cut)
{
	struct kl_blk_request request = {.op = KL_BLK_DISCARD,
		.offset = 512 * 3,
		.length = 512 * 100};

	open_ranges(16, 1, 0);
	cr_expect_eq(fixture_run(&fixture, request), 0);
	cr_expect_eq(fixture.logged, 7);
	cr_expect(is_zero(512 * 3, 512 * 100));
	cr_expect(!is_zero(512 * 2, 512));
	cr_expect(!is_zero(512 * 103, 512));
	for (unsigned int i = 0; i < fixture.logged; i++)
		cr_expect(fixture.log[i].bytes <= 16 * 512 && fixture.log[i].ranges == 1);
	fixture_close(&fixture);
}

Test(subrequest, ranges_are_cut_where_the_device_likes_it)
{
	struct kl_blk_request request = {.op = KL_BLK_DISCARD,
		.offset = 512 * 3,
		.length = 512 * 100};

	open_ranges(20, 1, 8);
	cr_expect_eq(fixture_run(&fixture, request), 0);
	cr_expect_eq(fixture.log[0].bytes, 512 * 13, "up to sector 16");
	cr_expect_eq(fixture.log[1].bytes, 512 * 16);
	cr_expect(is_zero(512 * 3, 512 * 100) && !is_zero(512 * 103, 512));
	fixture_close(&fixture);
}

/* Limits and likes of the device that are no multiples of its own blocks. */
Test(subrequest, ranges_stay_whole_blocks)
{
	struct kl_blk_request request = {.op = KL_BLK_DISCARD, .offset = 4096, .length = 4096 * 30};

	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_BLK_F_DISCARD);
	fixture.config.blk_size = 4096;
	fixture.config.max_discard_sectors = 45;
	fixture.config.max_discard_seg = 1;
	fixture.config.discard_sector_alignment = 17;
	fixture_apply_config(&fixture);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0, "%s", log_text());
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	cr_expect_eq(kl_blk_info(fixture.blk)->discard.max_bytes, 40 * 512);
	cr_expect_eq(fixture_run(&fixture, request), 0);
	cr_expect(is_zero(4096, 4096 * 30) && !is_zero(0, 4096) && !is_zero(4096 * 31, 4096));
	fixture_close(&fixture);
}

Test(subrequest, several_ranges)
{
	struct kl_blk_range ranges[100];
	struct kl_blk_request request = {.op = KL_BLK_SECURE_ERASE, .ranges = ranges, .count = 100};

	open_ranges(16, 4, 0);
	for (unsigned int i = 0; i < 100; i++)
		ranges[i] = (struct kl_blk_range){i * 65536, i % 10 == 0 ? 512 * 40 : 512};
	cr_expect_eq(fixture_run(&fixture, request), 0);
	/* 90 whole ones and 10 in three segments, four at a time. */
	cr_expect_eq(fixture.logged, 30);
	for (unsigned int i = 0; i < 100; i++)
		cr_expect(is_zero(ranges[i].offset, ranges[i].length));
	ranges[57].length = 100;
	cr_expect_eq(fixture_run(&fixture, request), -EINVAL);
	ranges[57] = (struct kl_blk_range){FIXTURE_DISK_BYTES, 512};
	cr_expect_eq(fixture_run(&fixture, request), -ERANGE);
	cr_expect_eq(fixture.logged, 30);
	fixture_close(&fixture);
}

/* BIO-08 to BIO-10: each kind by its own limit. */
Test(subrequest, as_many_ranges_as_the_device_takes)
{
	static const enum kl_blk_op ops[] = {KL_BLK_DISCARD, KL_BLK_WRITE_ZEROES,
		KL_BLK_SECURE_ERASE};
	struct kl_blk_range ranges[10];
	struct kl_blk_request request = {.ranges = ranges, .count = 10};

	for (unsigned int i = 0; i < 10; i++)
		ranges[i] = (struct kl_blk_range){i * 65536, 512};
	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_BLK_F_DISCARD);
	fake_offer(fixture.fake, VIRTIO_BLK_F_WRITE_ZEROES);
	fake_offer(fixture.fake, VIRTIO_BLK_F_SECURE_ERASE);
	fixture.config.max_discard_sectors = fixture.config.max_write_zeroes_sectors =
		fixture.config.max_secure_erase_sectors = 64;
	fixture.config.max_discard_seg = 1;
	fixture.config.max_write_zeroes_seg = 2;
	fixture.config.max_secure_erase_seg = 3;
	fixture_apply_config(&fixture);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0, "%s", log_text());
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	for (unsigned int i = 0; i < 3; i++) {
		unsigned int before = fixture.logged, most = 0;

		request.op = ops[i];
		cr_expect_eq(fixture_run(&fixture, request), 0);
		for (unsigned int j = before; j < fixture.logged; j++)
			most = fixture.log[j].ranges > most ? fixture.log[j].ranges : most;
		cr_expect_eq(most, i + 1, "%u ranges at once", most);
	}
	fixture_close(&fixture);
}

/* BIO-13: after a discard the caller gets what the device reads there, whatever that is. */
Test(subrequest, data_after_a_discard)
{
	open_ranges(64, 1, 0);
	cr_expect_eq(fixture_run(&fixture,
			     (struct kl_blk_request){.op = KL_BLK_DISCARD, .length = 512 * 64}),
		0);
	for (unsigned int i = 0; i < 512 * 64; i++)
		fixture.disk[i] = (uint8_t)(i * 7 + i / 512);
	for (unsigned int round = 0; round < 2; round++) {
		memset(fixture.memory, 0xee, 512 * 64);
		cr_expect_eq(fixture_run(&fixture,
				     fixture_data(&fixture, KL_BLK_READ, 0, 0, 512 * 64)),
			0);
		cr_expect_eq(memcmp(fixture.memory, fixture.disk, 512 * 64), 0);
		fixture.disk[5] ^= 0xff;
	}
	fixture_close(&fixture);
}

/* BIO-12: unmap only where it may be; 80: limits of 0 or absurd ones. */
Test(subrequest, range_flags_and_odd_limits)
{
	struct kl_blk_request request = {.op = KL_BLK_WRITE_ZEROES,
		.length = 65536,
		.flags = KL_BLK_UNMAP};

	open_ranges(0, 0, 0);
	cr_expect_eq(fixture_run(&fixture, request), 0);
	cr_expect_eq(fixture.log[0].flags, 1);
	request.flags = 0;
	cr_expect_eq(fixture_run(&fixture, request), 0);
	cr_expect_eq(fixture.log[1].flags, 0);
	cr_expect_eq(fixture.logged, 2);
	request.op = KL_BLK_DISCARD;
	request.flags = KL_BLK_UNMAP;
	cr_expect_eq(fixture_run(&fixture, request), -EINVAL);
	fixture_close(&fixture);
}

Test(subrequest, data_after_ranges_in_the_same_slot)
{
	struct kl_blk_range ranges[8];
	struct kl_blk_request erase = {.op = KL_BLK_DISCARD, .ranges = ranges, .count = 8};

	open_ranges(16, 8, 0);
	for (unsigned int i = 0; i < 8; i++)
		ranges[i] = (struct kl_blk_range){(1 << 20) + i * 8192, 512};
	for (unsigned int i = 0; i < 3 * FIXTURE_RING; i++) {
		struct iovec iov[7];
		struct kl_blk_request scattered = {.op = KL_BLK_READ,
			.iov = iov,
			.length = 7 * 512,
			.count = 7};

		for (unsigned int j = 0; j < 7; j++)
			iov[j] = (struct iovec){fixture.memory + j * 1024, 512};
		cr_expect_eq(fixture_run(&fixture, erase), 0);
		cr_expect_eq(fixture_run(&fixture, scattered), 0);
		if (i % 2 != 0)
			continue;
		cr_expect_eq(fixture_run(&fixture,
				     fixture_data(&fixture, KL_BLK_READ, 0, 4096, 4096)),
			0);
		cr_expect_eq(fixture.log[fixture.logged - 1].bytes, 4096);
		cr_expect_eq(fixture.log[fixture.logged - 1].segments, 1);
	}
	fixture_close(&fixture);
}
