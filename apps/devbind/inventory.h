/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine's virtio functions, with their uses and the obstacles to drivers in userspace. */
#ifndef DEVBIND_INVENTORY_H
#define DEVBIND_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>

#include <kickless/discover.h>

#include "nodes.h"
#include "uses.h"

struct entry {
	struct kl_function function;
	struct nodes nodes;
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

/* Returns NULL when there is none with the address, in full form. */
const struct entry *inventory_find(const struct inventory *inventory, const char *address);

/* Takes out the functions that are not chosen; is_chosen has one value for each. */
void inventory_keep(struct inventory *inventory, const bool *is_chosen);

#endif
