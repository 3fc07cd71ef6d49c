/* SPDX-License-Identifier: BSD-3-Clause */
/* The mounts of our own mount namespace and of that of process 1. */
#ifndef DEVBIND_MOUNTS_H
#define DEVBIND_MOUNTS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <kickless/discover.h>

struct mount {
	char number[16]; /* of the device, "254:1" */
	char point[256];
	char type[32];
	char source[256];
};

struct mounts {
	const struct kl_machine *machine;
	FILE *file;
	char *line; /* of any length: a mount may have as long a path and options as it likes */
	size_t size;
	unsigned int next_table;
};

void mounts_open(const struct kl_machine *machine, struct mounts *mounts);
/* Reads the next mount. Returns false at the end, when the tables have been closed. */
bool mounts_next(struct mounts *mounts, struct mount *mount);
void mounts_close(struct mounts *mounts);

#endif
