/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/uio_sysfs.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "platform/sysfs.h"

bool kl__uio_is_bound(const struct kl_machine *machine, const char *address)
{
	char driver[32];

	kl__read_link(driver, sizeof(driver), "%s/bus/pci/devices/%s/driver", machine->sysfs,
		address);
	return strcmp(driver, KL__UIO_DRIVER) == 0;
}

int kl__uio_number(const struct kl_machine *machine, const char *address)
{
	char folder[PATH_MAX];
	struct dirent *entry;
	int number = -1;
	DIR *files;

	snprintf(folder, sizeof(folder), "%s/bus/pci/devices/%s/uio", machine->sysfs, address);
	files = opendir(folder);
	if (files == NULL)
		return -1;
	while (number < 0 && (entry = readdir(files)) != NULL)
		if (sscanf(entry->d_name, "uio%d", &number) != 1)
			number = -1;
	closedir(files);
	return number;
}

/* A driver's folder holds a link for each function, by its address. */
bool kl__uio_is_used(const struct kl_machine *machine)
{
	char folder[PATH_MAX];
	struct dirent *entry;
	bool found = false;
	DIR *links;

	snprintf(folder, sizeof(folder), "%s/bus/pci/drivers/" KL__UIO_DRIVER, machine->sysfs);
	links = opendir(folder);
	if (links == NULL)
		return false;
	while (!found && (entry = readdir(links)) != NULL)
		found = strchr(entry->d_name, ':') != NULL;
	closedir(links);
	return found;
}
