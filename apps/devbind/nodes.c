/* SPDX-License-Identifier: BSD-3-Clause */
#include "nodes.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"

/* The depth of the deepest disk: function, virtio, host, target, unit, "block", disk, partition. */
#define MAX_DEPTH 10

static int add_node(const char *folder, const char *subsystem, struct nodes *nodes)
{
	struct node *list = realloc(nodes->list, (nodes->count + 1) * sizeof(*list)), *node;
	char line[128];
	FILE *uevent;
	char path[PATH_MAX];

	if (list == NULL)
		return -ENOMEM;
	nodes->list = list;
	node = &list[nodes->count++];
	memset(node, 0, sizeof(*node));
	snprintf(node->path, sizeof(node->path), "%s", folder);
	snprintf(node->name, sizeof(node->name), "%s", strrchr(folder, '/') + 1);
	snprintf(node->subsystem, sizeof(node->subsystem), "%s", subsystem);
	file_text(node->number, sizeof(node->number), "%s/dev", folder);
	snprintf(path, sizeof(path), "%s/uevent", folder);
	uevent = fopen(path, "r");
	if (uevent == NULL)
		return 0;
	while (fgets(line, sizeof(line), uevent) != NULL)
		if (sscanf(line, "DEVNAME=%63s", node->file) == 1)
			break;
	fclose(uevent);
	return 0;
}

static int walk_folder(const char *folder, unsigned int depth, struct nodes *nodes)
{
	char below[PATH_MAX], subsystem[32];
	struct dirent *entry;
	DIR *folders;
	int rc = 0;

	/* The function itself, at depth 0, is no use of the function. */
	if (depth != 0 && file_link(subsystem, sizeof(subsystem), "%s/subsystem", folder) == 0)
		rc = add_node(folder, subsystem, nodes);
	folders = depth < MAX_DEPTH && rc == 0 ? opendir(folder) : NULL;
	if (folders == NULL)
		return rc;
	while (rc == 0 && (entry = readdir(folders)) != NULL) {
		/* Links lead elsewhere, and back up. */
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", folder, entry->d_name) <
			(int)sizeof(below))
			rc = walk_folder(below, depth + 1, nodes);
	}
	closedir(folders);
	return rc;
}

int nodes_find(const struct kl_machine *machine, const char *address, struct nodes *nodes)
{
	char folder[PATH_MAX];
	int rc;

	memset(nodes, 0, sizeof(*nodes));
	snprintf(folder, sizeof(folder), "%s/bus/pci/devices/%s", machine->sysfs, address);
	rc = walk_folder(folder, 0, nodes);
	if (rc != 0)
		nodes_free(nodes);
	return rc;
}

void nodes_free(struct nodes *nodes)
{
	free(nodes->list);
	memset(nodes, 0, sizeof(*nodes));
}

bool node_is_partition(const struct node *node)
{
	return strcmp(node->subsystem, "block") == 0 && file_exists("%s/partition", node->path);
}
