/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/numa.h"

#include <limits.h>
#include <numa.h>

#include "platform/sysfs.h"

int kl__numa_check(int node)
{
	if (node < 0 || numa_available() < 0 || node > numa_max_node() ||
		!numa_bitmask_isbitset(numa_all_nodes_ptr, (unsigned int)node))
		return -1;
	return node;
}

int kl__numa_from_function(const struct kl_machine *machine, const char *address)
{
	long long node = -1;

	kl__read_number(&node, "%s/bus/pci/devices/%s/numa_node", machine->sysfs, address);
	return node > INT_MAX ? -1 : kl__numa_check((int)node);
}

int kl_numa_from_cpu(unsigned int cpu)
{
	if (numa_available() < 0 || cpu > INT_MAX)
		return -1;
	return numa_node_of_cpu((int)cpu);
}
