/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/uio_bar.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <kickless/log.h>

/* Of the kernel's flags of a resource. */
#define RESOURCE_IO 0x100
#define RESOURCE_MEMORY 0x200

#define PAGE 4096

struct resource {
	uint64_t start;
	uint64_t size; /* 0: none */
	uint64_t flags;
};

/* The n-th line of the function's table: first and last address, and flags. */
static struct resource find(const struct kl_machine *machine, const char *address, unsigned int n)
{
	struct resource resource = {0};
	uint64_t start, end, flags;
	char path[PATH_MAX];
	FILE *table;

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/resource", machine->sysfs, address);
	table = fopen(path, "re");
	if (table == NULL)
		return resource;
	for (unsigned int line = 0; line <= n; line++)
		if (fscanf(table, "%" SCNx64 " %" SCNx64 " %" SCNx64, &start, &end, &flags) != 3)
			goto close_table;
	if (end > start)
		resource = (struct resource){start, end - start + 1, flags};
close_table:
	fclose(table);
	return resource;
}

void kl__uio_bar_open(const struct kl_machine *machine, const char *address, unsigned int bar,
	struct kl__region *region)
{
	struct resource resource = find(machine, address, bar);
	char path[PATH_MAX];

	*region = (struct kl__region){.fd = -1};
	if ((resource.flags & (RESOURCE_IO | RESOURCE_MEMORY)) == 0 || resource.size == 0)
		return;
	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/resource%u", machine->sysfs, address,
		bar);
	region->fd = open(path, O_RDWR | O_CLOEXEC);
	if (region->fd < 0) {
		kl_debug("%s: BAR %u is out of reach: %s: %s", address, bar, path, strerror(errno));
		return;
	}
	region->size = resource.size;
	if ((resource.flags & RESOURCE_IO) != 0)
		return;
	/* A mapping starts with the page, and a BAR that does not would bring others' registers. */
	if (resource.start % PAGE == 0)
		kl__region_map(region, 0, region->size);
	if (region->area_count != 0)
		return;
	kl_debug("%s: BAR %u is out of reach: it can't be mapped", address, bar);
	region->size = 0;
}
