/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine's virtio functions, with their uses and the obstacles to drivers in userspace. */
#ifndef DEVBIND_INVENTORY_H
#define DEVBIND_INVENTORY_H

#include <kickless/discover.h>

#include "uses.h"

struct entry {
	struct kl_function function;
	struct uses uses;
	size_t obstacle_count;
	struct kl_obstacle obstacles[KL_OBSTACLES_MAX];
};

struct inventory {
	const struct kl_machine *machine;
	struct entry *entries; /* sorted by address */
	size_t count;
};

/* Returns 0, or -errno after a message. */
int inventory_read(const struct kl_machine *machine, struct inventory *inventory);
void inventory_free(struct inventory *inventory);

/*
 * Finds the function with a name: an address, or TYPE@N, the N-th of a type by address, whatever
 * its driver. Returns NULL when there is none, with a sentence in why.
 */
const struct entry *inventory_find(const struct inventory *inventory, const char *name, char *why,
	size_t size);

#endif
