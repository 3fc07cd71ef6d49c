/* SPDX-License-Identifier: BSD-3-Clause */
/* For devices that no IOMMU translates for. */
#ifndef KL_PLATFORM_PHYSICAL_H
#define KL_PLATFORM_PHYSICAL_H

/*
 * 0 when EAL's bus addresses are physical ones and known, else -EACCES after a message: name is
 * reached by way, which needs them.
 */
int kl__physical_require(const char *name, const char *way);

#endif
