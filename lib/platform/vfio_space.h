/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The address spaces that this process has from VFIO. Ordinary devices share one per way, an
 * isolated device has its own. The devices of one IOMMU group are in one space in any case: no
 * IOMMU separates them.
 */
#ifndef KL_PLATFORM_VFIO_SPACE_H
#define KL_PLATFORM_VFIO_SPACE_H

#include <stdbool.h>

#include <kickless/discover.h>

#include "contract/mapper.h"
#include "platform/vfio_files.h"
#include "platform/vfio_kind.h"

/* A function that is in a space. */
struct kl__vfio_member {
	struct kl__vfio_space *space;
	struct kl__vfio_group *group;
	int fd;
};

/*
 * Opens the function at address by files and puts it into a space. 0, or an error of kl_device_open
 * after a message.
 */
int kl__vfio_space_open(const struct kl_machine *machine, const char *address,
	const struct kl__vfio_files *files, bool isolate, struct kl__vfio_member *member);
/* Closes the function, and ends its use of the space. */
void kl__vfio_space_close(const struct kl__vfio_member *member);

/* The mapper of the space, with one more user; NULL for a space without an IOMMU. */
struct kl__mapper *kl__vfio_space_mapper(struct kl__vfio_space *space);

/* The way by which this process has the group open; KL__VFIO_AUTO when it has not. */
enum kl__vfio_way kl__vfio_space_way(int group);

#endif
