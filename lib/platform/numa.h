/* SPDX-License-Identifier: BSD-3-Clause */
/* Where things lie: nodes of functions, and whether a node has memory to give. */
#ifndef KL_PLATFORM_NUMA_H
#define KL_PLATFORM_NUMA_H

#include <kickless/discover.h>

/* The node of the PCI function at address; -1 when the machine does not say or has only one. */
int kl__numa_from_function(const struct kl_machine *machine, const char *address);

/* node when libnuma knows it, else -1: firmware is known to name nodes that do not exist. */
int kl__numa_check(int node);

#endif
