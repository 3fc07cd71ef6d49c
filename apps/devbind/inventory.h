/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine's virtio functions, with their uses and with what stands between them and our drivers. */
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
	struct entry *entries; /* by address */
	size_t count;
};

/* 0 or -errno after a message. */
int inventory_read(const struct kl_machine *machine, struct inventory *inventory);
void inventory_free(struct inventory *inventory);

/*
 * The function that a person named by address, or as TYPE@N, the N-th of a type by address however it
 * is bound. NULL when there is none; then why says why.
 */
const struct entry *inventory_find(const struct inventory *inventory, const char *name, char *why,
	size_t size);

#endif
