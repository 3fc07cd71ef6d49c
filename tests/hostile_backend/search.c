/* SPDX-License-Identifier: BSD-3-Clause */
#include "search.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "back_end.h"

#define MAPPINGS 4096
#define SHOWN 8

/* A range of the process' addresses, from /proc/PID/maps; they come sorted. */
struct mapping {
	uint64_t first, end;
	bool is_code;
	bool is_private; /* writable, and of no file that is shared */
	char name[64];
};

static struct mapping mappings[MAPPINGS];

/* False for what is neither code nor private: another process may have what is mapped shared. */
static bool parse_mapping(const char *line, struct mapping *mapping)
{
	char access[5] = "";

	mapping->name[0] = '\0';
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %*s %63s", &mapping->first,
		    &mapping->end, access, mapping->name) < 3)
		return false;
	mapping->is_code = access[2] == 'x';
	mapping->is_private = access[1] == 'w' && access[3] == 'p';
	return mapping->is_code || mapping->is_private;
}

static unsigned int read_mappings(int pid)
{
	unsigned int count = 0;
	char path[64], line[512];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	file = fopen(path, "r");
	while (file != NULL && count < MAPPINGS && fgets(line, sizeof(line), file) != NULL)
		count += parse_mapping(line, &mappings[count]);
	if (file != NULL)
		fclose(file);
	return count;
}

static int compare_address(const void *address, const void *element)
{
	const struct mapping *mapping = element;
	uint64_t value = *(const uint64_t *)address;

	return value < mapping->first ? -1 : value >= mapping->end;
}

static const struct mapping *mapping_of(uint64_t value, unsigned int count)
{
	/*
	 * Two small numbers of 32 bits, such as id and length of a used element, look like an
	 * address of EAL's memory or the sanitizer's. Code, heap and stacks have addresses above.
	 */
	if (value >> 44 == 0 || value >> 47 != 0)
		return NULL;
	return bsearch(&value, mappings, count, sizeof(mappings[0]), compare_address);
}

static void show(const struct region *region, uint64_t at, uint64_t value,
	const struct mapping *mapping)
{
	fprintf(stderr, "%#" PRIx64 " is in shared memory at %#" PRIx64 ": %s of %s\n", value,
		region->user + at, mapping->is_code ? "code" : "private memory", mapping->name);
}

bool search_pointers(const struct back_end *back_end, int pid)
{
	unsigned int count = read_mappings(pid), shown = 0;
	uint64_t bytes = 0, code = 0, private_memory = 0;

	for (unsigned int i = back_end->old_regions; i < back_end->regions; i++) {
		const struct region *region = &back_end->region[i];

		for (uint64_t at = 0; at + 8 <= region->size; at += 8) {
			uint64_t value = *(const volatile uint64_t *)(region->at + at);
			const struct mapping *mapping = mapping_of(value, count);

			if (mapping == NULL)
				continue;
			code += mapping->is_code;
			private_memory += !mapping->is_code;
			if (mapping->is_code || shown++ < SHOWN)
				show(region, at, value, mapping);
		}
		bytes += region->size;
	}
	printf("bytes=%" PRIu64 " code=%" PRIu64 " private=%" PRIu64 "\n", bytes, code,
		private_memory);
	return count > 0;
}
