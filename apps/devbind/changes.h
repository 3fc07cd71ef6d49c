/* SPDX-License-Identifier: BSD-3-Clause */
/* What the user wants changed: all of it is checked before any of it is done. */
#ifndef DEVBIND_CHANGES_H
#define DEVBIND_CHANGES_H

#include "inventory.h"
#include "options.h"

enum outcome {
	CHANGE_PLANNED,
	CHANGE_REFUSED,
	CHANGE_NEEDLESS, /* it is so already */
	CHANGE_DONE,
	CHANGE_FAILED,
};

struct change {
	const char *name; /* as the user gave it */
	char address[KL_ADDRESS_SIZE]; /* "" when there is no such function */
	char type[32];
	char from[32];
	char to[32];
	enum outcome outcome;
	char why[640]; /* of a refusal or failure */
};

struct changes {
	struct change *list;
	size_t count;
};

/* Resolves names and finds reasons against. 0, -EBUSY when any is refused, -ENOMEM; touches nothing. */
int changes_plan(const struct inventory *inventory, const struct options *options,
	struct changes *changes);
/* Does what was planned, up to the first that fails. 0 or -errno. */
int changes_apply(const struct kl_machine *machine, struct changes *changes);
void changes_free(struct changes *changes);

const char *outcome_name(enum outcome outcome);

#endif
