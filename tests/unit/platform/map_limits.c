/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/map_limits.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <criterion/criterion.h>

#include "folders.h"
#include "platform/process.h"

/* As the kernel lays it out: the head, two ranges, how many mappings are left. */
struct answer {
	struct vfio_iommu_type1_info head;
	uint32_t gap;
	struct {
		struct vfio_info_cap_header header;
		uint32_t count, reserved;
		struct vfio_iova_range range[2];
	} ranges;
	struct vfio_iommu_type1_info_dma_avail avail;
};

static struct answer whole(void)
{
	struct answer answer = {
		.head = {.argsz = sizeof(answer),
			.flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS,
			.iova_pgsizes = 0x40201000,
			.cap_offset = offsetof(struct answer, ranges)},
		.ranges = {.header = {.id = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE,
				   .version = 1,
				   .next = offsetof(struct answer, avail)},
			.count = 2,
			.range = {{0, 0xfedfffff}, {0xfef00000, 0x7fffffffff}}},
		.avail = {.header = {.id = VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, .version = 1},
			.avail = 65535},
	};

	return answer;
}

/* A copy of exactly size bytes, so that the sanitizers see a step beyond. */
static struct kl__map_limits parse(const struct answer *answer, size_t size)
{
	struct kl__map_limits limits;
	void *copy = malloc(size != 0 ? size : 1);

	memcpy(copy, answer, size);
	kl__map_limits_clear(&limits);
	kl__map_limits_parse(copy, size, &limits);
	free(copy);
	return limits;
}

static const char *explain(const struct kl__map_limits *limits, uint64_t iova, uint64_t size,
	int error)
{
	static char text[512];

	return kl__map_limits_explain(limits, iova, size, error, text, sizeof(text));
}

static void expect_reason(const struct kl__map_limits *limits, uint64_t iova, uint64_t size,
	int error, const char *reason)
{
	const char *text = explain(limits, iova, size, error);

	cr_expect_neq(strstr(text, reason), NULL, "'%s' instead of '%s'", text, reason);
}

Test(map_limits, all_of_it)
{
	const struct answer answer = whole();
	struct kl__map_limits limits = parse(&answer, sizeof(answer));

	cr_expect_eq(limits.page_size, 4096);
	cr_expect_eq(limits.mappings_left, 65535);
	cr_assert_eq(limits.range_count, 2);
	cr_expect_eq(limits.range[1].first, 0xfef00000);
	cr_expect_eq(limits.range[1].last, 0x7fffffffff);
}

Test(map_limits, an_old_kernel_says_nothing)
{
	struct answer answer = whole();
	struct kl__map_limits limits;

	answer.head.flags = 0;
	limits = parse(&answer, sizeof(answer));
	cr_expect_eq(limits.page_size, 0);
	cr_expect_eq(limits.mappings_left, UINT32_MAX);
	cr_expect_eq(limits.range_count, 0);
	cr_expect_eq(limits.memlock, UINT64_MAX);
	cr_expect(kl__map_limits_cover(&limits, 1, UINT64_MAX));
	expect_reason(&limits, 1, UINT64_MAX, -EINVAL, "the kernel refuses it: Invalid argument");
}

Test(map_limits, cut_anywhere)
{
	const size_t end = offsetof(struct answer, avail) +
		sizeof(struct vfio_iommu_type1_info_dma_avail);
	const struct answer answer = whole();

	for (size_t size = 0; size < end; size++) {
		struct kl__map_limits limits = parse(&answer, size);

		cr_expect_leq(limits.range_count, 2);
		cr_expect_eq(limits.mappings_left, UINT32_MAX, "%zu bytes", size);
	}
}

Test(map_limits, lists_that_make_no_sense)
{
	struct answer answer = whole();

	answer.ranges.count = UINT32_MAX;
	cr_expect_leq(parse(&answer, sizeof(answer)).range_count, KL__MAP_RANGES_MAX);
	answer.ranges.header.next = offsetof(struct answer, ranges);
	cr_expect_eq(parse(&answer, sizeof(answer)).mappings_left, UINT32_MAX, "no loop");
	answer.head.cap_offset = 0;
	cr_expect_eq(parse(&answer, sizeof(answer)).range_count, 0);
	answer.head.cap_offset = UINT32_MAX;
	cr_expect_eq(parse(&answer, sizeof(answer)).range_count, 0);
}

Test(map_limits, covered)
{
	const struct answer answer = whole();
	struct kl__map_limits limits = parse(&answer, sizeof(answer));

	cr_expect(kl__map_limits_cover(&limits, 0x100000000, 0x200000));
	cr_expect(kl__map_limits_cover(&limits, 0x7fffe00000, 0x200000), "to the last byte");
	cr_expect_not(kl__map_limits_cover(&limits, 0x7fffe00000, 0x201000));
	cr_expect_not(kl__map_limits_cover(&limits, 0xfedff000, 0x2000), "across the gap");
	cr_expect_not(kl__map_limits_cover(&limits, 0x2000, UINT64_MAX & ~0xfffull),
		"no sum wraps");
}

Test(map_limits, explained_by_the_place)
{
	const struct answer answer = whole();
	struct kl__map_limits limits = parse(&answer, sizeof(answer));

	expect_reason(&limits, 0x7fffe00000, 0x201000, -EINVAL,
		"its IOMMU takes bus addresses from 0x0 to 0xfedfffff, 0xfef00000 to 0x7fffffffff; "
		"choose others with the EAL option --base-virtaddr=");
	expect_reason(&limits, 0x100000800, 4096, -EINVAL, "its IOMMU maps whole pages of 4 KiB");
	expect_reason(&limits, 0x100000000, 2048, -EINVAL, "its IOMMU maps whole pages of 4 KiB");
	limits.page_size = 65536;
	expect_reason(&limits, 0x100001000, 65536, -EINVAL, "its IOMMU maps whole pages of 64 KiB");
}

/* The limit, the need and the remedy. */
Test(map_limits, explained_by_the_amount)
{
	const struct answer answer = whole();
	struct kl__map_limits limits = parse(&answer, sizeof(answer));

	expect_reason(&limits, 0x100000000, 65536, -ENOSPC, "dma_entry_limit");
	expect_reason(&limits, 0x100000000, 65536, -ENOMEM, "the kernel refuses it: Cannot alloc");
	limits.memlock = 1 << 20;
	limits.memlock_left = 512 << 10;
	expect_reason(&limits, 0x100000000, 2 << 20, -ENOMEM,
		"may lock 1024 KiB of memory, of which 512 KiB are left (memlock), and 2048 KiB more");
	expect_reason(&limits, 0x100000000, 2 << 20, -ENOMEM,
		"prlimit --pid $$ --memlock=unlimited");
	limits.memlock_is_users = true;
	expect_reason(&limits, 0x100000000, 2 << 20, -ENOMEM,
		"this user may lock 1024 KiB of memory, of which at most 512 KiB are left");
	expect_reason(&limits, 0x100000000, 4096, -EFAULT, "mapped for reading and writing");
	expect_reason(&limits, 0x100000000, 4096, -EEXIST, "mapped already");
	limits.mappings_left = 0;
	expect_reason(&limits, 0x100000000, 65536, -EINVAL, "takes no more mappings");
}

/* A text that does not fit ends early. */
Test(map_limits, room_for_the_text)
{
	const struct answer answer = whole();
	struct kl__map_limits limits = parse(&answer, sizeof(answer));
	char text[64];

	for (size_t size = 1; size < sizeof(text); size++) {
		memset(text, 'x', sizeof(text));
		kl__map_limits_explain(&limits, UINT64_MAX - 4095, 4096, -EINVAL, text, size);
		cr_expect_lt(strlen(text), size);
		cr_expect_eq(text[size], 'x');
	}
}

/* Of the limit remains what is not locked yet; a process that may lock anything has none. */
Test(map_limits, memlock, .init = folders_make, .fini = folders_remove)
{
	const struct rlimit little = {1 << 20, 1 << 20};
	struct kl__map_limits limits;

	cr_assert_eq(setrlimit(RLIMIT_MEMLOCK, &little), 0);
	folders_capabilities("0");
	kl__map_limits_clear(&limits);
	kl__map_limits_add_memlock(&folders, 4096, &limits);
	cr_expect_eq(limits.memlock, 1 << 20);
	cr_expect_eq(limits.memlock_left, (1 << 20) - 4096);
	kl__map_limits_add_memlock(&folders, 2 << 20, &limits);
	cr_expect_eq(limits.memlock_left, 0);
	folders_file("proc/self/status",
		"CapEff:\t0000000000004000\nVmLck:\t      64 kB\nVmPin:\t     128 kB");
	kl__map_limits_clear(&limits);
	kl__map_limits_add_memlock(&folders, 2 << 20, &limits);
	cr_expect_eq(limits.memlock, UINT64_MAX);
	cr_expect_eq(limits.memlock_left, UINT64_MAX);
	cr_expect_eq(kl__process_locked(&folders), 64 << 10);
	cr_expect_eq(kl__process_pinned(&folders), 128 << 10);
}
