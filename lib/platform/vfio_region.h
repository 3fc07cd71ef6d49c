/* SPDX-License-Identifier: BSD-3-Clause */
/* Regions as VFIO describes them. */
#ifndef KL_PLATFORM_VFIO_REGION_H
#define KL_PLATFORM_VFIO_REGION_H

#include "platform/region.h"

/* Asks for region index of the device fd and maps what may be mapped. 0 or -errno. */
int kl__vfio_region_open(int fd, unsigned int index, struct kl__region *region);

#endif
