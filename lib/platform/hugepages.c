/* SPDX-License-Identifier: BSD-3-Clause */
/* The number of free hugepages, and the command that makes some. */
#include <kickless/discover.h>

#include <dirent.h>
#include <limits.h>
#include <stdio.h>

#include "platform/sysfs.h"

/*
 * A page counts when nobody has it and nobody was promised it, or when the kernel would still make
 * it.
 */
static uint64_t free_of_size(const char *folder, const char *size_name)
{
	long long unused = 0, promised = 0, extra = 0, surplus = 0;

	kl__read_number(&unused, "%s/%s/free_hugepages", folder, size_name);
	kl__read_number(&promised, "%s/%s/resv_hugepages", folder, size_name);
	kl__read_number(&extra, "%s/%s/nr_overcommit_hugepages", folder, size_name);
	kl__read_number(&surplus, "%s/%s/surplus_hugepages", folder, size_name);
	unused = unused > promised ? unused - promised : 0;
	if (extra > surplus)
		unused += extra - surplus;
	return (uint64_t)unused;
}

uint64_t kl_hugepages_free(const struct kl_machine *machine)
{
	char folder[PATH_MAX];
	struct dirent *entry;
	uint64_t bytes = 0;
	DIR *sizes;

	snprintf(folder, sizeof(folder), "%s/kernel/mm/hugepages", machine->sysfs);
	sizes = opendir(folder);
	if (sizes == NULL)
		return 0;
	while ((entry = readdir(sizes)) != NULL) {
		unsigned long long kb;

		if (sscanf(entry->d_name, "hugepages-%llukB", &kb) == 1)
			bytes += free_of_size(folder, entry->d_name) * kb * 1024;
	}
	closedir(sizes);
	return bytes;
}

char *kl_hugepages_command(const struct kl_machine *machine, uint64_t bytes, char *text,
	size_t size)
{
	const uint64_t page = UINT64_C(2) << 20;
	long long have = 0;

	kl__read_number(&have, "%s/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
		machine->sysfs);
	snprintf(text, size, "echo %llu > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
		(unsigned long long)have + (bytes + page - 1) / page);
	return text;
}
