/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory and clock for one device, from DPDK's EAL. */
#ifndef KL_PLATFORM_HOST_H
#define KL_PLATFORM_HOST_H

#include <stdbool.h>

#include "contract/host.h"

/*
 * 0 when EAL's bus addresses are physical ones and known, else -EACCES after a message: name is
 * reached by way, which needs them.
 */
int kl__host_require_physical(const char *name, const char *way);

/*
 * numa_node is the device's, or -1. Closing the host leaves blocks that were not freed where they
 * are, since a device that never finished its reset may still write to them. 0 or -ENOMEM.
 */
int kl__host_create(int numa_node, bool has_iommu, struct kl__host **host);

/*
 * A warning about the way to a device, given once per process: it is as true of the second device.
 * has_warned is the caller's record.
 */
void kl__host_warn_once(bool *has_warned, const char *name, const char *text);

#endif
