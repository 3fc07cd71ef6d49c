/* SPDX-License-Identifier: BSD-3-Clause */
/* kickless-devbind: shows the virtio functions of this machine, and binds them to drivers. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <kickless/discover.h>
#include <kickless/version.h>

#include "bind.h"
#include "changes.h"
#include "common/message.h"
#include "options.h"
#include "report.h"

static bool is_changed(const struct entry *entry, const void *context)
{
	const struct changes *changes = context;

	for (size_t i = 0; i < changes->count; i++)
		if (strcmp(changes->list[i].address, entry->function.address) == 0)
			return true;
	return false;
}

static bool is_for_people(const struct options *options)
{
	return options->json == NULL || strcmp(options->json, "-") != 0;
}

static void print_refusals(const struct changes *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		if (changes->list[i].why[0] != '\0')
			print_error("%s: %s", changes->list[i].name, changes->list[i].why);
}

static int provide_driver(const struct kl_machine *machine, const struct options *options)
{
	if (options->action != ACTION_BIND || bind_has_driver(machine, options->driver))
		return 0;
	if (options->dry_run) {
		print_error("would run: modprobe %s", options->driver);
		return 0;
	}
	if (bind_load_driver(machine, options->driver))
		return 0;
	print_error(
		"the kernel has no PCI driver %s, and modprobe could not load it; run as root, and check "
		"that modinfo %s finds the module",
		options->driver, options->driver);
	return -ENODEV;
}

/*
 * All changes are checked before any is made: no use is ended because another name had
 * a typing error.
 */
static int make_changes(struct inventory *inventory, const struct options *options,
	struct changes *changes)
{
	int rc;

	rc = changes_plan(inventory, options, changes);
	if (rc == 0)
		rc = provide_driver(inventory->machine, options);
	if (rc == 0 && !options->dry_run)
		rc = changes_apply(inventory->machine, changes);
	return rc;
}

static int write_report(const struct inventory *inventory, const struct options *options,
	const struct changes *changes, bool is_done)
{
	bool is_status = changes == NULL;
	struct hints hints;
	struct report facts = {.inventory = inventory, .changes = changes, .hints = &hints};

	hints_collect(inventory, is_status ? NULL : is_changed, changes, &hints);
	if (is_for_people(options)) {
		if (is_status)
			report_table(inventory);
		else
			report_changes(changes, options->dry_run);
		/* A refusal has stated its reason; further obstacles would only hide it. */
		if (is_status || (is_done && strcmp(options->driver, "vfio-pci") == 0))
			report_hints(&hints);
	}
	return options->json != NULL ? report_json(&facts, options->json) : 0;
}

static int run_action(const struct kl_machine *machine, const struct options *options)
{
	bool is_status = options->action == ACTION_STATUS;
	struct changes changes = {0};
	struct inventory inventory;
	int rc, reported;

	rc = inventory_read(machine, &inventory);
	if (rc != 0)
		return rc;
	if (!is_status) {
		rc = make_changes(&inventory, options, &changes);
		print_refusals(&changes);
		inventory_free(&inventory);
		reported = inventory_read(machine, &inventory);
		if (reported != 0)
			goto free_changes;
	}
	reported = write_report(&inventory, options, is_status ? NULL : &changes, rc == 0);
	inventory_free(&inventory);
free_changes:
	changes_free(&changes);
	return rc != 0 ? rc : reported;
}

int main(int argc, char **argv)
{
	struct options options;

	if (options_parse(argc, argv, &options) != 0)
		return 2;
	if (options.help) {
		options_help();
		return 0;
	}
	if (options.version) {
		puts("kickless-devbind " KL_VERSION);
		return 0;
	}
	return run_action(&kl_machine_current, &options) == 0 ? 0 : 1;
}
