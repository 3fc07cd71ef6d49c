/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The limits of what an IOMMU maps for this process, and which of them a refused mapping met.
 * Nothing about address widths, reserved places or page sizes is the same for Intel's, AMD's and
 * virtio's.
 */
#ifndef KL_PLATFORM_MAP_LIMITS_H
#define KL_PLATFORM_MAP_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include <kickless/discover.h>

#include "contract/mapper.h"

/* Sets limits to those of a kernel that reports none. */
void kl__map_limits_clear(struct kl__map_limits *limits);

/* Adds those in a struct vfio_iommu_type1_info with its capabilities, size bytes in all. */
void kl__map_limits_parse(const void *info, size_t size, struct kl__map_limits *limits);

/* Adds how many bytes this process may lock, and what is left when used of them are. */
void kl__map_limits_add_memlock(const struct kl_machine *machine, uint64_t used,
	struct kl__map_limits *limits);

/*
 * Writes the reason why size bytes can't be mapped at iova, which the kernel refused with error
 * (-errno): the limit, the need and the remedy. No full stop, no newline. Returns text.
 */
char *kl__map_limits_explain(const struct kl__map_limits *limits, uint64_t iova, uint64_t size,
	int error, char *text, size_t text_size);

#endif
