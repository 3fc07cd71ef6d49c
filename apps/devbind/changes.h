/* SPDX-License-Identifier: BSD-3-Clause */
/* The requested changes: all of them are checked before the first one is made. */
#ifndef DEVBIND_CHANGES_H
#define DEVBIND_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

#include "inventory.h"
#include "options.h"

enum outcome {
	CHANGE_PLANNED,
	CHANGE_REFUSED,
	CHANGE_NEEDLESS, /* nothing to do */
	CHANGE_DONE,
	CHANGE_FAILED,
	CHANGE_NOT_ATTEMPTED, /* another one was refused or has failed */
};

struct change {
	const char *name; /* as the user gave it; a pattern may have several changes */
	char address[KL_ADDRESS_SIZE]; /* "" when there is no such function */
	char type[32];
	char from[32];
	char to[32];
	enum outcome outcome;
	bool needs_noiommu; /* VFIO's no-IOMMU mode is to be switched on for it */
	char why[1024]; /* of a refusal or failure */
};

struct changes {
	struct change *list;
	size_t count;
};

/*
 * Resolves names and checks for reasons to refuse. Changes nothing. Returns 0; -EBUSY when any
 * is refused; -ENOMEM.
 */
int changes_plan(const struct inventory *inventory, const struct options *options,
	struct changes *changes);
/*
 * Makes the planned changes, up to the first that fails. Each is checked once more right before
 * it: a use that has begun since the plan was made refuses it. Returns 0 or -errno.
 */
int changes_apply(const struct kl_machine *machine, const struct options *options,
	struct changes *changes);
/* Marks what is planned still as not attempted, after a refusal or failure of anything. */
void changes_cancel(struct changes *changes);
void changes_free(struct changes *changes);

const char *outcome_name(enum outcome outcome);

#endif
