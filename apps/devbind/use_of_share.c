/* SPDX-License-Identifier: BSD-3-Clause */
/* A file system that the host shares: 9p and virtiofs name it by a tag, which is the mount's source. */
#include "uses.h"

#include <string.h>

#include "common/file.h"
#include "mounts.h"

/* The tag of a 9p device is in sysfs; that of a virtiofs device only since Linux 6.9, and elsewhere. */
static bool may_be(const struct mount *mount, const char *tag)
{
	bool is_share = strcmp(mount->type, "9p") == 0 || strcmp(mount->type, "virtiofs") == 0;

	return is_share && (tag[0] == '\0' || strcmp(mount->source, tag) == 0);
}

void use_of_share(const struct kl_machine *machine, const struct node *node, struct uses *uses)
{
	struct mounts mounts;
	struct mount mount;
	bool found = false;
	char tag[256];

	file_text(tag, sizeof(tag), "%s/mount_tag", node->path);
	mounts_open(machine, &mounts);
	while (!found && mounts_next(&mounts, &mount)) {
		found = may_be(&mount, tag);
		if (found)
			uses_add(uses, "share %s is mounted on %s", mount.source, mount.point);
	}
	mounts_close(&mounts);
}
