/* SPDX-License-Identifier: BSD-3-Clause */
/* Processes: what this one may do, and which other one has a file open. */
#ifndef KL_PLATFORM_PROCESS_H
#define KL_PLATFORM_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <kickless/discover.h>

/* A capability of linux/capability.h that is effective now. */
bool kl__process_has_capability(const struct kl_machine *machine, unsigned int capability);

/* The bytes that this process may lock; UINT64_MAX when nothing limits it. */
uint64_t kl__process_memlock_limit(const struct kl_machine *machine);

/* The bytes that count against the limit: those locked, which VFIO's containers add to, */
uint64_t kl__process_locked(const struct kl_machine *machine);
/*
 * and those pinned for /dev/iommu. All processes of a user have the one limit there; what others
 * have pinned does not show.
 */
uint64_t kl__process_pinned(const struct kl_machine *machine);

struct kl__file_user {
	pid_t pid;
	char command[32];
};

/*
 * Finds another process that has the file at path open. Only processes that this user may read are
 * searched: all as root, else the user's own.
 */
bool kl__process_find_by_file(const struct kl_machine *machine, const char *path,
	struct kl__file_user *user);

/* Tests whether this process has the file at path open. */
bool kl__process_has_open(const struct kl_machine *machine, const char *path);

#endif
