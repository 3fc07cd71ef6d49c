/* SPDX-License-Identifier: BSD-3-Clause */
/* Which other process has a file open. */
#ifndef KL_PLATFORM_HOLDER_H
#define KL_PLATFORM_HOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <kickless/discover.h>

struct kl__holder {
	pid_t pid;
	char command[32];
};

/* Sees only what we have the rights to see: every process as root, else our own user's. */
bool kl__holder_find(const struct kl_machine *machine, const char *path, struct kl__holder *holder);

#endif
