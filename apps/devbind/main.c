/* SPDX-License-Identifier: BSD-3-Clause */
/* kickless-devbind: shows the virtio functions of this machine, and binds them to drivers. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/discover.h>
#include <kickless/version.h>

#include "bind.h"
#include "changes.h"
#include "common/message.h"
#include "common/results.h"
#include "names.h"
#include "options.h"
#include "report.h"
#include "types.h"

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
	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = &changes->list[i];
		const bool is_other = change->address[0] != '\0' &&
			strstr(change->address, change->name) == NULL;

		if (change->why[0] != '\0')
			print_error("%s%s%s%s: %s", change->name, is_other ? " (" : "",
				is_other ? change->address : "", is_other ? ")" : "", change->why);
	}
}

/* Names of modules, and of drivers of the virtio bus, that are taken for PCI drivers. */
static const char *meant_driver(const char *driver)
{
	static const char *const names[][2] = {{"vfio_pci", "vfio-pci"}, {"vfio", "vfio-pci"},
		{"virtio_pci", "virtio-pci"}, {"virtio", "virtio-pci"},
		{"virtio_net", "virtio-pci"}, {"virtio-net", "virtio-pci"},
		{"virtio_blk", "virtio-pci"}, {"virtio-blk", "virtio-pci"},
		{"uio", "uio_pci_generic"}, {"uio-pci-generic", "uio_pci_generic"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(driver, names[i][0]) == 0)
			return names[i][1];
	return NULL;
}

static int provide_driver(const struct kl_machine *machine, const struct options *options)
{
	const char *driver = options->driver, *meant = meant_driver(driver);

	if (options->action != ACTION_BIND || bind_has_driver(machine, driver))
		return 0;
	if (meant != NULL) {
		print_error("%s is not the name of a PCI driver; %s is", driver, meant);
		return -ENODEV;
	}
	if (options->dry_run && bind_can_load_driver(driver)) {
		print_reply("would run: modprobe %s", driver);
		return 0;
	}
	if (!options->dry_run && bind_load_driver(machine, driver))
		return 0;
	print_error(
		"the kernel has no PCI driver %s, and modprobe could not load it; run as root, and check "
		"that modinfo %s finds the module",
		driver, driver);
	return -ENODEV;
}

static void warn_of_noiommu(const struct changes *changes, bool is_dry_run)
{
	for (size_t i = 0; i < changes->count; i++)
		if (changes->list[i].needs_noiommu) {
			print_warning(
				"%s VFIO's no-IOMMU mode: a program that opens such a function, and "
				"its device, reach all memory of this machine",
				is_dry_run ? "would switch on" : "switching on");
			return;
		}
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
	if (rc == 0)
		warn_of_noiommu(changes, options->dry_run);
	if (rc == 0 && !options->dry_run)
		rc = changes_apply(inventory->machine, options, changes);
	if (rc != 0)
		changes_cancel(changes);
	return rc;
}

/* The functions that the table is about. */
static int keep_wanted(struct inventory *inventory, const struct options *options)
{
	const bool are_named = options->action == ACTION_STATUS && options->name_count != 0;
	bool *is_chosen = calloc(inventory->count + 1, sizeof(*is_chosen));
	char why[512];
	int rc = 0;

	if (is_chosen == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < inventory->count; i++)
		is_chosen[i] = !are_named;
	for (size_t i = 0; are_named && i < options->name_count; i++)
		if (names_find(inventory, options->names[i], is_chosen, why, sizeof(why)) == 0) {
			print_error("%s: %s", options->names[i], why);
			rc = -ENODEV;
		}
	for (size_t i = 0; options->group != NULL && i < inventory->count; i++)
		if (!type_is_in_group(inventory->entries[i].function.type, options->group))
			is_chosen[i] = false;
	inventory_keep(inventory, is_chosen);
	free(is_chosen);
	return rc;
}

static json_t *make_report(const struct inventory *inventory, const struct options *options,
	const struct changes *changes, bool is_done)
{
	struct hints hints;
	struct report facts = {.inventory = inventory, .changes = changes, .hints = &hints};

	hints_collect(inventory, changes == NULL ? NULL : is_changed, changes, &hints);
	if (is_for_people(options)) {
		if (changes != NULL)
			report_changes(changes);
		if (options->status)
			report_table(inventory, options->group);
		/* A refusal has stated its reason; further obstacles would only hide it. */
		if (changes == NULL || (is_done && strcmp(options->driver, "vfio-pci") == 0))
			report_hints(&hints);
	}
	return options->json != NULL ? report_to_json(&facts) : NULL;
}

/* *json is the object of --json, or NULL when there was nothing to report. */
static int run_action(const struct kl_machine *machine, const struct options *options,
	json_t **json)
{
	bool is_change = options->action != ACTION_STATUS;
	struct changes changes = {0};
	struct inventory inventory;
	int rc, kept, read_again;

	rc = inventory_read(machine, &inventory);
	if (rc != 0)
		return rc;
	if (is_change) {
		rc = make_changes(&inventory, options, &changes);
		print_refusals(&changes);
		inventory_free(&inventory);
		read_again = inventory_read(machine, &inventory);
		if (read_again != 0) {
			changes_free(&changes);
			return rc != 0 ? rc : read_again;
		}
	}
	kept = keep_wanted(&inventory, options);
	rc = rc != 0 ? rc : kept;
	*json = make_report(&inventory, options, is_change ? &changes : NULL, rc == 0);
	inventory_free(&inventory);
	changes_free(&changes);
	return rc;
}

int main(int argc, char **argv)
{
	struct options options;
	struct results results;
	json_t *json = NULL;
	int status;

	messages_begin();
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
	if (results_open(&results, options.json) != 0)
		return 1;
	status = run_action(&kl_machine_current, &options, &json) == 0 ? 0 : 1;
	return results_write(&results, json, status) == 0 ? status : 1;
}
