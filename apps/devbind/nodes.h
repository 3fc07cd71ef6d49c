/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel made of a function: every folder below it in sysfs that stands for something. */
#ifndef DEVBIND_NODES_H
#define DEVBIND_NODES_H

#include <limits.h>
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

/* All of them below the function, those of the virtio bus included. 0 or -ENOMEM. */
int nodes_find(const struct kl_machine *machine, const char *address, struct nodes *nodes);
void nodes_free(struct nodes *nodes);

#endif
