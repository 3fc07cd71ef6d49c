/* SPDX-License-Identifier: BSD-3-Clause */
/* What is missing before our drivers can run, each thing once, with its remedy. */
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

/* Of the functions that are chosen(entry, context); all when chosen is NULL. */
void hints_collect(const struct inventory *inventory,
	bool (*chosen)(const struct entry *entry, const void *context), const void *context,
	struct hints *hints);

#endif
