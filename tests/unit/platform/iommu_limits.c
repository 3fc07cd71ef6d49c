/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/iommu.h"

#include <linux/vfio.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

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
static struct kl__iommu_limits parse(const struct answer *answer, size_t size)
{
	struct kl__iommu_limits limits;
	void *copy = malloc(size != 0 ? size : 1);

	memcpy(copy, answer, size);
	kl__iommu_limits_parse(copy, size, &limits);
	free(copy);
	return limits;
}

static const char *explain(const struct kl__iommu_limits *limits, uint64_t iova, uint64_t size)
{
	static char text[256];

	return kl__iommu_limits_explain(limits, iova, size, text, sizeof(text));
}

Test(iommu_limits, all_of_it)
{
	const struct answer answer = whole();
	struct kl__iommu_limits limits = parse(&answer, sizeof(answer));

	cr_expect_eq(limits.page_size, 4096);
	cr_expect_eq(limits.mappings_left, 65535);
	cr_assert_eq(limits.range_count, 2);
	cr_expect_eq(limits.range[1].first, 0xfef00000);
	cr_expect_eq(limits.range[1].last, 0x7fffffffff);
}

Test(iommu_limits, an_old_kernel_says_nothing)
{
	struct answer answer = whole();
	struct kl__iommu_limits limits;

	answer.head.flags = 0;
	limits = parse(&answer, sizeof(answer));
	cr_expect_eq(limits.page_size, 0);
	cr_expect_eq(limits.mappings_left, UINT32_MAX);
	cr_expect_eq(limits.range_count, 0);
	cr_expect_str_eq(explain(&limits, 1, UINT64_MAX), "");
}

Test(iommu_limits, cut_anywhere)
{
	const size_t end = offsetof(struct answer, avail) +
		sizeof(struct vfio_iommu_type1_info_dma_avail);
	const struct answer answer = whole();

	for (size_t size = 0; size < end; size++) {
		struct kl__iommu_limits limits = parse(&answer, size);

		cr_expect_leq(limits.range_count, 2);
		cr_expect_eq(limits.mappings_left, UINT32_MAX, "%zu bytes", size);
	}
}

Test(iommu_limits, lists_that_make_no_sense)
{
	struct answer answer = whole();

	answer.ranges.count = UINT32_MAX;
	cr_expect_leq(parse(&answer, sizeof(answer)).range_count, KL__IOMMU_RANGES);
	answer.ranges.header.next = offsetof(struct answer, ranges);
	cr_expect_eq(parse(&answer, sizeof(answer)).mappings_left, UINT32_MAX, "no loop");
	answer.head.cap_offset = 0;
	cr_expect_eq(parse(&answer, sizeof(answer)).range_count, 0);
	answer.head.cap_offset = UINT32_MAX;
	cr_expect_eq(parse(&answer, sizeof(answer)).range_count, 0);
}

Test(iommu_limits, explained)
{
	const struct answer answer = whole();
	struct kl__iommu_limits limits = parse(&answer, sizeof(answer));

	cr_expect_str_eq(explain(&limits, 0x100000000, 0x200000), "");
	cr_expect_str_eq(explain(&limits, 0x7fffe00000, 0x200000), "", "to the last byte");
	cr_expect_str_eq(explain(&limits, 0x7fffe00000, 0x201000),
		"its IOMMU takes bus addresses from 0x0 to 0xfedfffff, 0xfef00000 to 0x7fffffffff");
	cr_expect_neq(strstr(explain(&limits, 0xfedff000, 0x2000), "0xfedfffff"), NULL,
		"across the gap");
	cr_expect_neq(strstr(explain(&limits, 0x2000, UINT64_MAX & ~0xfffull), "0xfedfffff"), NULL,
		"no sum wraps");
	cr_expect_str_eq(explain(&limits, 0x100000800, 4096),
		"its IOMMU maps whole pages of 4 KiB");
	cr_expect_str_eq(explain(&limits, 0x100000000, 2048),
		"its IOMMU maps whole pages of 4 KiB");
	limits.page_size = 65536;
	cr_expect_str_eq(explain(&limits, 0x100001000, 65536),
		"its IOMMU maps whole pages of 64 KiB");
	limits.mappings_left = 0;
	cr_expect_str_eq(explain(&limits, 0x100000000, 65536), "its IOMMU takes no more mappings");
}
