/* SPDX-License-Identifier: BSD-3-Clause */
/* Obstacles to drivers in userspace, each once, with its remedy. */
#ifndef DEVBIND_HINTS_H
#define DEVBIND_HINTS_H

#include "inventory.h"

#define HINTS_MAX 16

struct hints {
	size_t count;
	struct {
		char who[160]; /* the functions that it is about; "" for the machine */
		char text[512];
	} list[HINTS_MAX];
};

/*
 * Collects the obstacles of the functions for which chosen(entry, context) is true; of all when
 * chosen is NULL.
 */
void hints_collect(const struct inventory *inventory,
	bool (*chosen)(const struct entry *entry, const void *context), const void *context,
	struct hints *hints);

#endif
