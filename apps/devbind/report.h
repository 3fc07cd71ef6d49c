/* SPDX-License-Identifier: BSD-3-Clause */
/* The report on functions and changes, for people and for programs: the same facts. */
#ifndef DEVBIND_REPORT_H
#define DEVBIND_REPORT_H

#include <stdbool.h>

#include <jansson.h>

#include "changes.h"
#include "hints.h"
#include "inventory.h"

struct report {
	const struct inventory *inventory;
	const struct changes *changes; /* NULL for --status */
	const struct hints *hints;
};

/* group: that of --status-dev, NULL for none. */
void report_table(const struct inventory *inventory, const char *group);
void report_changes(const struct changes *changes);
void report_hints(const struct hints *hints);

/* The object of --json; NULL without memory. The caller owns it. */
json_t *report_to_json(const struct report *report);

const char *interface_name(enum kl_interface interface);

#endif
