/* SPDX-License-Identifier: BSD-3-Clause */
#include "changes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bind.h"
#include "types.h"

const char *outcome_name(enum outcome outcome)
{
	static const char *const names[] = {
		[CHANGE_PLANNED] = "planned",
		[CHANGE_REFUSED] = "refused",
		[CHANGE_NEEDLESS] = "needless",
		[CHANGE_DONE] = "done",
		[CHANGE_FAILED] = "failed",
	};

	return names[outcome];
}

static void __attribute__((format(printf, 2, 3)))
refuse_change(struct change *change, const char *format, ...)
{
	va_list args;

	change->outcome = CHANGE_REFUSED;
	va_start(args, format);
	vsnprintf(change->why, sizeof(change->why), format, args);
	va_end(args);
}

static void check_use(const struct entry *entry, const struct options *options,
	struct change *change)
{
	const struct uses *uses = &entry->uses;

	if (uses->count == 0 || (options->force && !uses->is_held))
		return;
	refuse_change(change, "it is in use: %s%s; %s", uses->text[0],
		uses->count > 1 ? ", and more" : "",
		uses->is_held ? "end that process first; --force does not help" :
				"--force overrides this");
}

static void check_iommu(const struct entry *entry, struct change *change)
{
	if (strcmp(change->to, "vfio-pci") != 0)
		return;
	for (size_t i = 0; i < entry->obstacle_count; i++)
		if (entry->obstacles[i].kind == KL_OBSTACLE_IOMMU)
			refuse_change(change, "%s", entry->obstacles[i].text);
}

static void plan_change(const struct inventory *inventory, const struct options *options,
	struct change *change)
{
	const struct entry *entry;

	snprintf(change->to, sizeof(change->to), "%s", options->driver);
	entry = inventory_find(inventory, change->name, change->why, sizeof(change->why));
	if (entry == NULL) {
		change->outcome = CHANGE_REFUSED;
		return;
	}
	memcpy(change->address, entry->function.address, sizeof(change->address));
	memcpy(change->from, entry->function.driver, sizeof(change->from));
	snprintf(change->type, sizeof(change->type), "%s", type_name(entry->function.type));
	if (strcmp(change->from, change->to) == 0) {
		change->outcome = CHANGE_NEEDLESS;
		return;
	}
	check_use(entry, options, change);
	if (change->outcome == CHANGE_PLANNED)
		check_iommu(entry, change);
	if (change->outcome == CHANGE_PLANNED && !options->dry_run &&
		inventory->machine == &kl_machine_current && geteuid() != 0)
		refuse_change(change, "binding functions needs root; use sudo");
}

int changes_plan(const struct inventory *inventory, const struct options *options,
	struct changes *changes)
{
	int rc = 0;

	changes->count = options->name_count;
	changes->list = calloc(changes->count, sizeof(*changes->list));
	if (changes->list == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < changes->count; i++) {
		changes->list[i].name = options->names[i];
		plan_change(inventory, options, &changes->list[i]);
		if (changes->list[i].outcome == CHANGE_REFUSED)
			rc = -EBUSY;
	}
	return rc;
}

int changes_apply(const struct kl_machine *machine, struct changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		struct change *change = &changes->list[i];
		int rc;

		if (change->outcome != CHANGE_PLANNED)
			continue;
		rc = bind_function(machine, change->address, change->to, change->why,
			sizeof(change->why));
		change->outcome = rc == 0 ? CHANGE_DONE : CHANGE_FAILED;
		if (rc != 0)
			return rc;
	}
	return 0;
}

void changes_free(struct changes *changes)
{
	free(changes->list);
	changes->list = NULL;
	changes->count = 0;
}
