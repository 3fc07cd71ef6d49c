/* SPDX-License-Identifier: BSD-3-Clause */
/* A disk or a partition of one: mounted, swapped to, or a piece of something larger. */
#include "uses.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "mounts.h"

/*
 * By number, and by name for file systems that have a number of their own (btrfs). A disk may be mounted
 * many times; one is enough.
 */
static void check_mounts(const struct kl_machine *machine, const struct node *node,
	struct uses *uses)
{
	struct mounts mounts;
	struct mount mount;
	bool found = false;

	mounts_open(machine, &mounts);
	while (!found && mounts_next(&mounts, &mount)) {
		found = strcmp(mount.number, node->number) == 0 ||
			(strncmp(mount.source, "/dev/", 5) == 0 &&
				strcmp(mount.source + 5, node->file) == 0);
		if (found)
			uses_add(uses, "disk %s is mounted on %s", node->name, mount.point);
	}
	mounts_close(&mounts);
}

static void check_swap(const struct kl_machine *machine, const struct node *node, struct uses *uses)
{
	char path[PATH_MAX], line[512], name[256];
	bool found = false;
	FILE *swaps;

	snprintf(path, sizeof(path), "%s/swaps", machine->proc);
	swaps = fopen(path, "r");
	if (swaps == NULL)
		return;
	while (!found && fgets(line, sizeof(line), swaps) != NULL)
		found = sscanf(line, "/dev/%255s", name) == 1 && strcmp(name, node->file) == 0;
	fclose(swaps);
	if (found)
		uses_add(uses, "disk %s is swap space", node->name);
}

/* Device mapper (LVM, crypt), RAID and the like. */
static void check_holders(const struct node *node, struct uses *uses)
{
	char folder[PATH_MAX + 16], name[128];
	struct dirent *entry;
	DIR *holders;

	snprintf(folder, sizeof(folder), "%s/holders", node->path);
	holders = opendir(folder);
	if (holders == NULL)
		return;
	while ((entry = readdir(holders)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (file_text(name, sizeof(name), "%s/%s/dm/name", folder, entry->d_name) != 0)
			snprintf(name, sizeof(name), "%.100s", entry->d_name);
		uses_add(uses, "disk %s is part of %s (%s)", node->name, name, entry->d_name);
	}
	closedir(holders);
}

void use_of_disk(const struct kl_machine *machine, const struct node *node, struct uses *uses)
{
	check_mounts(machine, node, uses);
	check_swap(machine, node, uses);
	check_holders(node, uses);
}

void use_of_claimed_disk(const struct kl_machine *machine, const struct node *node,
	struct uses *uses)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", machine->dev, node->file);
	fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		close(fd);
	else if (errno == EBUSY)
		uses_add(uses,
			"disk %s is claimed by the kernel, as by a mount that is not seen from here",
			node->name);
}
