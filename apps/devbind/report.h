/* SPDX-License-Identifier: BSD-3-Clause */
/* The report on functions and changes, for people and for programs: the same facts. */
#ifndef DEVBIND_REPORT_H
#define DEVBIND_REPORT_H

#include <stdbool.h>

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
void report_changes(const struct changes *changes, bool is_dry_run);
void report_hints(const struct hints *hints);

/* Writes one object to file, "-" for stdout. Returns 0, or -errno after a message. */
int report_json(const struct report *report, const char *file);

const char *interface_name(enum kl_interface interface);

#endif
