/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The two ways to a function through VFIO, and the files that each of them opens: the function's
 * IOMMU group and a container, or the function's own file and /dev/iommu (Linux 6.6 and later).
 */
#ifndef KL_PLATFORM_VFIO_FILES_H
#define KL_PLATFORM_VFIO_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include <kickless/discover.h>

#include "contract/registers.h"

#define KL__VFIO_PATH_SIZE 256

struct kl__vfio_files {
	int group; /* -1: none */
	bool is_noiommu;
	bool is_cdev; /* the way by the function's own file */
	char space[KL__VFIO_PATH_SIZE]; /* of address spaces: a container's, or /dev/iommu */
	char function[KL__VFIO_PATH_SIZE]; /* the group's file, or the function's own */
	char device[32]; /* the name of the function's own file, "" for none */
};

/*
 * Finds the files for the function at address. KL__VFIO_AUTO takes the function's own file where
 * this user may open that and /dev/iommu, or where the kernel has no groups. It takes the group
 * where unsafe interrupts are needed and allowed for groups only, and in no-IOMMU mode, which has
 * only groups.
 */
void kl__vfio_files_find(const struct kl_machine *machine, const char *address,
	enum kl__vfio_way way, struct kl__vfio_files *files);

/*
 * Finds the name of the function's IOMMU when that does not remap interrupts: a device behind it
 * could send any of them. Then VFIO wants to have that allowed. False: it does remap them, or they
 * go another way.
 */
bool kl__vfio_find_unsafe_iommu(const struct kl_machine *machine, const char *address, char *name,
	size_t size);

/*
 * The parameter of the kernel's module that allows a device to send any interrupt, as a path in
 * sysfs: VFIO's containers and /dev/iommu have one each.
 */
const char *kl__vfio_interrupts_parameter(bool is_cdev);

#endif
