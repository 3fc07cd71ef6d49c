/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory and clock for one device. */
#ifndef KL_MEMORY_HOST_H
#define KL_MEMORY_HOST_H

#include <stdbool.h>

#include "contract/host.h"
#include "contract/shared_memory.h"

struct kl__mapper;

/*
 * 0 when EAL's bus addresses are physical ones and known, else -EACCES after a message: name is
 * reached by way, which needs them.
 */
int kl__host_require_physical(const char *name, const char *way);

struct kl__host_conf {
	const char *name; /* of the device, for messages */
	const char *access; /* see struct kl__host */
	int numa_node; /* -1: unknown */
	/* The IOMMU's address space of the device; NULL: there is none. */
	struct kl__mapper *mapper;
	bool has_iommu;
	/* Another process is sent the memory: kl__host_shared_memory. */
	bool is_shared;
	bool is_isolated; /* with a mapper of its own, or is_shared */
};

/*
 * Makes the host, which owns conf's mapper from then on. Closing it leaves blocks that were not
 * freed where they are, since a device that never finished its reset may still write to them. 0 or
 * -errno after a message; then the mapper is the caller's still.
 */
int kl__host_create(const struct kl__host_conf *conf, struct kl__host **host);

/* The memory that the device is sent; lives as long as the host. */
struct kl__shared_memory *kl__host_shared_memory(struct kl__host *host);

/*
 * A warning about the way to a device, given once per process: it is as true of the second device.
 * has_warned is the caller's record.
 */
void kl__host_warn_once(bool *has_warned, const char *name, const char *text);

#endif
