/* SPDX-License-Identifier: BSD-3-Clause */
#include "io_memory.h"

#include <errno.h>

/* An isolated device does not reach EAL's memory. */
static int alloc_region(const struct tool *tool, size_t size, struct io_memory *memory)
{
	int rc = kl_region_create(size, kl_device_info(tool->device)->numa_node, &memory->region);

	if (rc != 0)
		return rc;
	rc = kl_region_grant(memory->region, tool->device);
	if (rc != 0) {
		(void)kl_region_destroy(memory->region);
		memory->region = NULL;
		return rc;
	}
	memory->bytes = kl_region_memory(memory->region);
	return 0;
}

int io_memory_alloc(const struct tool *tool, size_t size, struct io_memory *memory)
{
	*memory = (struct io_memory){0};
	if (kl_device_info(tool->device)->is_isolated)
		return alloc_region(tool, size, memory);
	memory->bytes = kl_memory_alloc(size, 4096, kl_device_info(tool->device)->numa_node);
	return memory->bytes != NULL ? 0 : -ENOMEM;
}

void io_memory_free(const struct tool *tool, struct io_memory *memory)
{
	/* A region that the device keeps stays until the program ends. */
	if (memory->region == NULL)
		kl_memory_free(memory->bytes);
	else if (kl_region_revoke(memory->region, tool->device) == 0)
		(void)kl_region_destroy(memory->region);
	*memory = (struct io_memory){0};
}
