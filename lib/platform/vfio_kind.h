/* SPDX-License-Identifier: BSD-3-Clause */
/* An address space of VFIO, the groups in it, and the two kinds that there are. */
#ifndef KL_PLATFORM_VFIO_KIND_H
#define KL_PLATFORM_VFIO_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include <kickless/discover.h>

#include "contract/mapper.h"
#include "platform/vfio_files.h"

struct kl__vfio_group {
	int number; /* -1: its last function was torn off */
	int fd; /* -1 where functions have files of their own */
	unsigned int devices; /* that are open */
	struct kl__vfio_group *next;
};

struct kl__vfio_kind;

struct kl__vfio_space {
	struct kl__mapper mapper;
	const struct kl__vfio_kind *kind;
	const struct kl_machine *machine;
	int fd; /* of the container, or of /dev/iommu */
	uint32_t ioas; /* its number there */
	bool is_noiommu; /* maps nothing, so nobody uses its mapper */
	bool has_iommu; /* of a container: what it gets with its first group */
	unsigned int users; /* devices, and hosts that use the mapper */
	struct kl__vfio_group *groups;
	struct kl__vfio_space *next;
};

/* The step at which the kernel refused a function, for kl__vfio_explain. */
enum kl__vfio_step {
	KL__VFIO_OPEN_SPACE,
	KL__VFIO_CREATE_SPACE,
	KL__VFIO_OPEN_FUNCTION, /* the group's file, or the function's own */
	KL__VFIO_JOIN_SPACE,
	KL__VFIO_SET_IOMMU,
	KL__VFIO_BIND_FUNCTION,
	KL__VFIO_GET_FUNCTION,
};

/* A function on its way into a space. */
struct kl__vfio_arrival {
	const char *address;
	const struct kl__vfio_files *files;
	enum kl__vfio_step step; /* the last that was tried */
};

/*
 * The two kinds of spaces. Functions return 0 (open_function a descriptor) or -errno without a
 * message; those that an arrival is given to note their steps.
 */
struct kl__vfio_kind {
	int (*create)(struct kl__vfio_space *space, struct kl__vfio_arrival *arrival);
	/* Opens the group, where there are files of groups, and lets it join. */
	int (*join)(struct kl__vfio_space *space, struct kl__vfio_group *group,
		struct kl__vfio_arrival *arrival);
	int (*open_function)(struct kl__vfio_space *space, struct kl__vfio_group *group,
		struct kl__vfio_arrival *arrival);
	/* Tests whether the group that was opened is still the one of this number. */
	bool (*is_current)(const struct kl__vfio_group *group);
	/* Tests whether what was mapped still is. */
	bool (*is_alive)(const struct kl__vfio_space *space);
	/* As in struct kl__mapper_ops; read_limits adds to limits that are set. */
	int (*map)(const struct kl__vfio_space *space, uint64_t address, uint64_t iova,
		uint64_t size);
	int (*unmap)(const struct kl__vfio_space *space, uint64_t iova, uint64_t size);
	/* Unmaps all. */
	int (*clear)(const struct kl__vfio_space *space);
	int (*read_limits)(const struct kl__vfio_space *space, struct kl__map_limits *limits);
};

extern const struct kl__vfio_kind kl__vfio_container_kind;
extern const struct kl__vfio_kind kl__vfio_ioas_kind;

#endif
