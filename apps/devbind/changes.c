/* SPDX-License-Identifier: BSD-3-Clause */
#include "changes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bind.h"
#include "names.h"
#include "types.h"

const char *outcome_name(enum outcome outcome)
{
	static const char *const names[] = {
		[CHANGE_PLANNED] = "planned",
		[CHANGE_REFUSED] = "refused",
		[CHANGE_NEEDLESS] = "needless",
		[CHANGE_DONE] = "done",
		[CHANGE_FAILED] = "failed",
		[CHANGE_NOT_ATTEMPTED] = "not attempted",
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

static bool is_for_vfio(const struct change *change)
{
	return strcmp(change->to, "vfio-pci") == 0;
}

/* A function without an IOMMU group goes to vfio-pci in no-IOMMU mode only. */
static const struct kl_obstacle *lacks_iommu(const struct entry *entry, const struct change *change)
{
	if (!is_for_vfio(change) || entry->function.iommu_group >= 0)
		return NULL;
	for (size_t i = 0; i < entry->obstacle_count; i++)
		if (entry->obstacles[i].kind == KL_OBSTACLE_IOMMU)
			return &entry->obstacles[i];
	return NULL;
}

static void plan_change(const struct inventory *inventory, const struct options *options,
	const struct entry *entry, struct change *change)
{
	const struct kl_obstacle *obstacle;

	memcpy(change->address, entry->function.address, sizeof(change->address));
	memcpy(change->from, entry->function.driver, sizeof(change->from));
	snprintf(change->type, sizeof(change->type), "%s", type_name(entry->function.type));
	obstacle = lacks_iommu(entry, change);
	change->needs_noiommu = obstacle != NULL && options->noiommu_mode;
	/* What was bound before the mode was switched on has no group yet: it is bound again. */
	if (strcmp(change->from, change->to) == 0 && !change->needs_noiommu) {
		change->outcome = CHANGE_NEEDLESS;
		return;
	}
	check_use(entry, options, change);
	if (change->outcome == CHANGE_PLANNED && obstacle != NULL && !options->noiommu_mode)
		refuse_change(change, "%s%s", obstacle->text,
			strstr(obstacle->text, "no-IOMMU mode:") != NULL ?
				" (--noiommu-mode does that)" :
				"");
	if (change->outcome == CHANGE_PLANNED && !options->dry_run &&
		inventory->machine == &kl_machine_current && geteuid() != 0)
		refuse_change(change, "binding functions needs root; use sudo");
}

static struct change *add_change(struct changes *changes, const struct options *options,
	const char *name)
{
	struct change *change = &changes->list[changes->count++];

	change->name = name;
	snprintf(change->to, sizeof(change->to), "%s", options->driver);
	return change;
}

static bool is_in_plan(const struct changes *changes, const struct entry *entry)
{
	for (size_t i = 0; i < changes->count; i++)
		if (strcmp(changes->list[i].address, entry->function.address) == 0)
			return true;
	return false;
}

static void plan_name(const struct inventory *inventory, const struct options *options,
	const char *name, bool *is_chosen, struct changes *changes)
{
	char why[512];

	memset(is_chosen, 0, inventory->count);
	if (names_find(inventory, name, is_chosen, why, sizeof(why)) == 0) {
		refuse_change(add_change(changes, options, name), "%s", why);
		return;
	}
	for (size_t i = 0; i < inventory->count; i++)
		if (is_chosen[i] && !is_in_plan(changes, &inventory->entries[i]))
			plan_change(inventory, options, &inventory->entries[i],
				add_change(changes, options, name));
}

int changes_plan(const struct inventory *inventory, const struct options *options,
	struct changes *changes)
{
	bool *is_chosen = calloc(inventory->count + 1, sizeof(*is_chosen));
	int rc = 0;

	changes->count = 0;
	/* Each function is in the plan at most once, and each name that is refused. */
	changes->list = calloc(inventory->count + options->name_count + 1, sizeof(*changes->list));
	if (changes->list == NULL || is_chosen == NULL) {
		free(is_chosen);
		return -ENOMEM;
	}
	for (size_t i = 0; i < options->name_count; i++)
		plan_name(inventory, options, options->names[i], is_chosen, changes);
	for (size_t i = 0; i < changes->count; i++)
		if (changes->list[i].outcome == CHANGE_REFUSED)
			rc = -EBUSY;
	free(is_chosen);
	return rc;
}

/* Loading a driver, and the changes before this one, took time. */
static int check_again(const struct kl_machine *machine, const struct options *options,
	struct change *change)
{
	const struct entry *entry;
	struct inventory now;
	int rc = inventory_read(machine, &now);

	if (rc != 0) {
		refuse_change(change, "its uses can't be checked again: %s", strerror(-rc));
		return rc;
	}
	entry = inventory_find(&now, change->address);
	if (entry == NULL)
		refuse_change(change, "it has been unplugged since");
	else if (strcmp(entry->function.driver, change->from) != 0)
		refuse_change(change,
			"its driver has changed since: it was %s, and is %s; try again",
			change->from[0] != '\0' ? change->from : "none",
			entry->function.driver[0] != '\0' ? entry->function.driver : "none");
	else
		check_use(entry, options, change);
	inventory_free(&now);
	return change->outcome == CHANGE_PLANNED ? 0 : -EBUSY;
}

/*
 * Binds the function. One that was bound before no-IOMMU mode was on has no group: it is bound
 * once more.
 */
static int make_change(const struct kl_machine *machine, struct change *change)
{
	const bool is_again = strcmp(change->from, change->to) == 0;
	size_t length;
	int rc = 0;

	if (change->needs_noiommu)
		rc = bind_enable_noiommu(machine, change->why, sizeof(change->why));
	if (rc != 0)
		return rc;
	rc = is_again ? bind_again(machine, change->address, change->why, sizeof(change->why)) :
			bind_function(machine, change->address, change->to, change->why,
				sizeof(change->why));
	length = strlen(change->why);
	if (rc != 0 && change->needs_noiommu)
		snprintf(change->why + length, sizeof(change->why) - length,
			"; VFIO's no-IOMMU mode stays on: echo N "
			">/sys/module/vfio/parameters/enable_unsafe_noiommu_mode switches it off");
	return rc;
}

static int apply_change(const struct kl_machine *machine, const struct options *options,
	struct change *change)
{
	int rc = 0;

	if (change->outcome == CHANGE_PLANNED) {
		rc = check_again(machine, options, change);
		if (rc != 0)
			return rc;
		rc = make_change(machine, change);
		change->outcome = rc == 0 ? CHANGE_DONE : CHANGE_FAILED;
	}
	if (rc == 0 && is_for_vfio(change)) {
		rc = bind_give_files(machine, change->address, options->owner, options->owner_group,
			change->why, sizeof(change->why));
		if (rc != 0)
			change->outcome = CHANGE_FAILED;
	}
	return rc;
}

int changes_apply(const struct kl_machine *machine, const struct options *options,
	struct changes *changes)
{
	int rc = 0;

	for (size_t i = 0; i < changes->count && rc == 0; i++)
		rc = apply_change(machine, options, &changes->list[i]);
	return rc;
}

void changes_cancel(struct changes *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		if (changes->list[i].outcome == CHANGE_PLANNED)
			changes->list[i].outcome = CHANGE_NOT_ATTEMPTED;
}

void changes_free(struct changes *changes)
{
	free(changes->list);
	changes->list = NULL;
	changes->count = 0;
}
