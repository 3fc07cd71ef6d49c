/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Nodes of a function: each folder below it in sysfs that stands for something the kernel
 * made of it.
 */
#ifndef DEVBIND_NODES_H
#define DEVBIND_NODES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include <kickless/discover.h>

struct node {
	char path[PATH_MAX]; /* its folder in sysfs */
	char name[64]; /* "vda1", "eth0" */
	char subsystem[32]; /* "block", "net", ... */
	char number[16]; /* "254:1", "" when there is no device file */
	char file[64]; /* below /dev: "vda1", "dri/card0" */
};

struct nodes {
	struct node *list;
	size_t count;
};

/* Finds all nodes below the function, those of the virtio bus included. Returns 0 or -ENOMEM. */
int nodes_find(const struct kl_machine *machine, const char *address, struct nodes *nodes);
void nodes_free(struct nodes *nodes);

/* True for a part of a disk; the disk itself is another node. */
bool node_is_partition(const struct node *node);

#endif
