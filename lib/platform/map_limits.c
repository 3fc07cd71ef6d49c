/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/map_limits.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/vfio.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "platform/process.h"

void kl__map_limits_clear(struct kl__map_limits *limits)
{
	*limits = (struct kl__map_limits){
		.mappings_left = UINT32_MAX,
		.memlock = UINT64_MAX,
		.memlock_left = UINT64_MAX,
	};
}

/* Bytes of one capability, all of which lie within the info. */
struct capability {
	const uint8_t *bytes;
	size_t size;
};

static void take_ranges(const struct capability *capability, struct kl__map_limits *limits)
{
	struct vfio_iommu_type1_info_cap_iova_range head;
	struct vfio_iova_range range;

	if (capability->size < sizeof(head))
		return;
	memcpy(&head, capability->bytes, sizeof(head));
	for (uint32_t i = 0; i < head.nr_iovas && limits->range_count < KL__MAP_RANGES_MAX; i++) {
		size_t at = sizeof(head) + i * sizeof(range);

		if (capability->size - at < sizeof(range))
			return;
		memcpy(&range, capability->bytes + at, sizeof(range));
		limits->range[limits->range_count++] = (struct kl__map_range){range.start,
			range.end};
	}
}

static void take_left(const struct capability *capability, struct kl__map_limits *limits)
{
	struct vfio_iommu_type1_info_dma_avail avail;

	if (capability->size < sizeof(avail))
		return;
	memcpy(&avail, capability->bytes, sizeof(avail));
	limits->mappings_left = avail.avail;
}

static void take_capabilities(const uint8_t *bytes, size_t size, uint32_t at,
	struct kl__map_limits *limits)
{
	struct vfio_info_cap_header header;

	while (at >= sizeof(struct vfio_iommu_type1_info) && at <= size - sizeof(header)) {
		const struct capability capability = {bytes + at, size - at};

		memcpy(&header, bytes + at, sizeof(header));
		if (header.id == VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE)
			take_ranges(&capability, limits);
		else if (header.id == VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL)
			take_left(&capability, limits);
		/* The list runs forward, so it ends. */
		if (header.next <= at)
			return;
		at = header.next;
	}
}

void kl__map_limits_parse(const void *info, size_t size, struct kl__map_limits *limits)
{
	struct vfio_iommu_type1_info head;

	if (size < sizeof(head))
		return;
	memcpy(&head, info, sizeof(head));
	if ((head.flags & VFIO_IOMMU_INFO_PGSIZES) != 0)
		limits->page_size = head.iova_pgsizes & -head.iova_pgsizes;
	if ((head.flags & VFIO_IOMMU_INFO_CAPS) != 0)
		take_capabilities(info, size, head.cap_offset, limits);
}

void kl__map_limits_add_memlock(const struct kl_machine *machine, uint64_t used,
	struct kl__map_limits *limits)
{
	limits->memlock = kl__process_memlock_limit(machine);
	if (limits->memlock != UINT64_MAX)
		limits->memlock_left = used < limits->memlock ? limits->memlock - used : 0;
}

static void list_ranges(const struct kl__map_limits *limits, char *text, size_t size)
{
	size_t at = (size_t)snprintf(text, size, "its IOMMU takes bus addresses from ");

	for (unsigned int i = 0; i < limits->range_count && at < size; i++)
		at += (size_t)snprintf(text + at, size - at, "%s0x%" PRIx64 " to 0x%" PRIx64,
			i == 0 ? "" : ", ", limits->range[i].first, limits->range[i].last);
	if (at < size)
		snprintf(text + at, size - at,
			"; choose others with the EAL option --base-virtaddr=0x100000000 or "
			"--iova-mode=pa");
}

static bool is_aligned(const struct kl__map_limits *limits, uint64_t iova, uint64_t size)
{
	return limits->page_size == 0 || ((iova | size) & (limits->page_size - 1)) == 0;
}

/* Bus addresses that no mapping may have; false: it is not that. */
static bool explain_place(const struct kl__map_limits *limits, uint64_t iova, uint64_t size,
	char *text, size_t text_size)
{
	if (!is_aligned(limits, iova, size))
		snprintf(text, text_size, "its IOMMU maps whole pages of %" PRIu64 " KiB",
			limits->page_size / 1024);
	else if (!kl__map_limits_cover(limits, iova, size))
		list_ranges(limits, text, text_size);
	else
		return false;
	return true;
}

static bool explain_amount(const struct kl__map_limits *limits, uint64_t size, int error,
	char *text, size_t text_size)
{
	if (error == -ENOSPC || limits->mappings_left == 0)
		snprintf(text, text_size,
			"its IOMMU takes no more mappings; use hugepages, which need fewer, or as root "
			"allow more: echo NUMBER > "
			"/sys/module/vfio_iommu_type1/parameters/dma_entry_limit, and start again");
	else if (error == -ENOMEM && limits->memlock != UINT64_MAX)
		snprintf(text, text_size,
			"this %s may lock %" PRIu64 " KiB of memory, of which %s%" PRIu64
			" KiB are left (memlock), and %" PRIu64
			" KiB more are needed; run as root: prlimit --pid $$ --memlock=unlimited (for "
			"this shell), or set memlock in /etc/security/limits.conf, or use less memory",
			limits->memlock_is_users ? "user" : "process", limits->memlock / 1024,
			limits->memlock_is_users ? "at most " : "", limits->memlock_left / 1024,
			(size + 1023) / 1024);
	else
		return false;
	return true;
}

char *kl__map_limits_explain(const struct kl__map_limits *limits, uint64_t iova, uint64_t size,
	int error, char *text, size_t text_size)
{
	if (explain_place(limits, iova, size, text, text_size) ||
		explain_amount(limits, size, error, text, text_size))
		return text;
	if (error == -EFAULT)
		snprintf(text, text_size,
			"there is no memory, or none that a device may write to: it has to be mapped for "
			"reading and writing, and not from a file on a disk");
	else if (error == -EEXIST)
		snprintf(text, text_size,
			"a part of these bus addresses is mapped already; register memory once");
	else
		snprintf(text, text_size,
			"the kernel refuses it: %s; its log may have the reason (dmesg)",
			strerror(-error));
	return text;
}
