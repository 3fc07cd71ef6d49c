/* SPDX-License-Identifier: BSD-3-Clause */
/* Device files that processes have open, read once for all functions. */
#ifndef DEVBIND_OPENS_H
#define DEVBIND_OPENS_H

#include <stddef.h>
#include <sys/types.h>

#include <kickless/discover.h>

struct open_file {
	pid_t pid;
	char file[64]; /* below /dev */
	char command[32];
};

struct opens {
	struct open_file *list;
	size_t count;
};

/*
 * Reads the open files of other processes; without root, only of those of the same user. Returns
 * 0 or -ENOMEM.
 */
int opens_read(const struct kl_machine *machine, struct opens *opens);
void opens_free(struct opens *opens);

/* A process that has the file below /dev open, or NULL. */
const struct open_file *opens_find(const struct opens *opens, const char *file);

#endif
