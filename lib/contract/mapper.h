/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An address space of an IOMMU: it maps our memory for the devices that are in it. The platform
 * makes one of a VFIO container or of an IOAS of /dev/iommu, a test its own.
 */
#ifndef KL_CONTRACT_MAPPER_H
#define KL_CONTRACT_MAPPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KL__MAP_RANGES_MAX 32

struct kl__map_range {
	uint64_t first;
	uint64_t last;
};

/* The limits of a mapper now; what the kernel does not report limits nothing. */
struct kl__map_limits {
	uint64_t page_size; /* addresses and sizes are multiples of it; 0: not reported */
	uint32_t mappings_left; /* UINT32_MAX: not reported, or without a limit */
	uint64_t memlock; /* bytes that may be locked in all; UINT64_MAX: without a limit */
	uint64_t memlock_left; /* of memlock; UINT64_MAX: without a limit */
	/* The limit is that of all processes of the user, and less may be left than it seems. */
	bool memlock_is_users;
	/* Bus addresses that can be mapped, in order; none: not reported. */
	unsigned int range_count;
	struct kl__map_range range[KL__MAP_RANGES_MAX];
};

struct kl__mapper;

/* Control threads only; calls for one mapper exclude each other by the caller's lock. */
struct kl__mapper_ops {
	/*
	 * Maps size bytes at address for the devices, which see them at iova. 0, or -errno of the
	 * kernel without a message: -EINVAL outside of the ranges, -ENOMEM beyond memlock, -ENOSPC
	 * with too many mappings, -EEXIST, -EFAULT.
	 */
	int (*map)(struct kl__mapper *mapper, uint64_t address, uint64_t iova, uint64_t size);
	/*
	 * Takes one mapping back, as it was made: neither a part of it nor several. 0, or -errno.
	 * After its only device was torn off the mapper has no mappings any more, and this fails.
	 */
	int (*unmap)(struct kl__mapper *mapper, uint64_t iova, uint64_t size);
	/*
	 * Takes all mappings back: the space is used by no host. Another one may be about to use
	 * it, and starts with an empty one.
	 */
	void (*clear)(struct kl__mapper *mapper);
	/* Reads the limits as they are now. 0, or -errno; all that is not known is unlimited. */
	int (*limits)(struct kl__mapper *mapper, struct kl__map_limits *limits);
	/*
	 * Writes why map returned error (-errno) for size bytes at iova: the limit, the need and
	 * the remedy, without a full stop or a newline. Returns text.
	 */
	char *(*explain)(struct kl__mapper *mapper, uint64_t iova, uint64_t size, int error,
		char *text, size_t text_size);
	/* Ends one use. After the last one the mapper and all that it maps are gone. */
	void (*put)(struct kl__mapper *mapper);
};

struct kl__mapper {
	const struct kl__mapper_ops *ops;
	char name[32]; /* for messages */
	/* Made for one IOMMU group alone; else all ordinary devices share it. */
	bool is_isolated;
};

/* Tests whether size bytes at iova lie within one of the ranges that can be mapped. */
static inline bool kl__map_limits_cover(const struct kl__map_limits *limits, uint64_t iova,
	uint64_t size)
{
	for (unsigned int i = 0; i < limits->range_count; i++) {
		const struct kl__map_range *range = &limits->range[i];

		if (iova >= range->first && iova <= range->last && size - 1 <= range->last - iova)
			return true;
	}
	return limits->range_count == 0;
}

#endif
