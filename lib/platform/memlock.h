/* SPDX-License-Identifier: BSD-3-Clause */
/* The limit of locked memory: what VFIO maps for a device counts against it. */
#ifndef KL_PLATFORM_MEMLOCK_H
#define KL_PLATFORM_MEMLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <kickless/discover.h>

/* How many bytes this process may lock; UINT64_MAX when nothing limits it. */
uint64_t kl__memlock_limit(const struct kl_machine *machine);

#endif
