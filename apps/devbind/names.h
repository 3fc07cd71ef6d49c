/* SPDX-License-Identifier: BSD-3-Clause */
/* The names under which a person may know a function. */
#ifndef DEVBIND_NAMES_H
#define DEVBIND_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "inventory.h"

/*
 * Sets is_chosen for the functions with a name: an address; a pattern of addresses; TYPE@N, the
 * N-th of a type by address, whatever its driver; or an interface, a disk (also by a path below
 * /dev) or a device of the virtio bus that the kernel has of it. The other values stay as they
 * are. A name that several functions have is refused. Returns how many there are; for 0 there is a
 * sentence in why.
 */
size_t names_find(const struct inventory *inventory, const char *name, bool *is_chosen, char *why,
	size_t size);

/*
 * Returns the next interface or disk of a function, from node *i on; NULL behind the last. *i is 0
 * at first.
 */
const struct node *names_next(const struct nodes *nodes, size_t *i);

/* Writes the interfaces and disks of a function, "eth1" or "sda,sdb"; "" when it has none. */
void names_list(const struct nodes *nodes, char *text, size_t size);

#endif
