/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/physical.h"

#include <errno.h>

#include <rte_eal.h>

#include <kickless/log.h>

int kl__physical_require(const char *name, const char *way)
{
	if (rte_eal_iova_mode() == RTE_IOVA_PA && rte_eal_has_hugepages())
		return 0;
	kl_error(
		"%s: through %s it needs physical addresses, but DPDK runs with %s; get hugepages, and "
		"start this program as root with --iova-mode=pa",
		name, way, rte_eal_has_hugepages() ? "--iova-mode=va" : "--no-huge");
	return -EACCES;
}
