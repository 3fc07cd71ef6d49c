/* SPDX-License-Identifier: BSD-3-Clause */
/* The number of free hugepages, and the command that makes some. */
#include <kickless/discover.h>

#include <dirent.h>
#include <limits.h>
#include <stdio.h>

#include "platform/sysfs.h"

/* More pages than any machine has are an error of the file. */
#define PAGES_MAX (1LL << 40)

/* 0 when the file has no such number. */
static long long read_count(const char *folder, const char *size_name, const char *file)
{
	long long count = 0;

	kl__read_number(&count, "%s/%s/%s", folder, size_name, file);
	return count < 0 || count > PAGES_MAX ? 0 : count;
}

/*
 * A page counts when nobody has it and nobody was promised it, or when the kernel would still make
 * it.
 */
static uint64_t free_of_size(const char *folder, const char *size_name)
{
	long long unused = read_count(folder, size_name, "free_hugepages");
	const long long promised = read_count(folder, size_name, "resv_hugepages");
	const long long extra = read_count(folder, size_name, "nr_overcommit_hugepages");
	const long long surplus = read_count(folder, size_name, "surplus_hugepages");

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
	char folder[PATH_MAX];
	long long have;

	snprintf(folder, sizeof(folder), "%s/kernel/mm/hugepages", machine->sysfs);
	have = read_count(folder, "hugepages-2048kB", "nr_hugepages");
	snprintf(text, size, "echo %llu > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
		(unsigned long long)have + (bytes + page - 1) / page);
	return text;
}
