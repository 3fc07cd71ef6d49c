/* SPDX-License-Identifier: BSD-3-Clause */
#include "report.h"

#include <stdio.h>
#include <string.h>

#include <kickless/text.h>

#include "names.h"
#include "types.h"

#define COLUMNS 9

struct row {
	const char *cell[COLUMNS];
	char group[24];
	char node[12];
	char type[32];
	char names[64];
};

const char *interface_name(enum kl_interface interface)
{
	static const char *const names[] = {
		[KL_INTERFACE_UNKNOWN] = "unknown",
		[KL_INTERFACE_LEGACY] = "legacy",
		[KL_INTERFACE_TRANSITIONAL] = "transitional",
		[KL_INTERFACE_MODERN] = "modern",
	};

	return names[interface];
}

static const char *number_text(int value, char *text, size_t size)
{
	snprintf(text, size, value < 0 ? "-" : "%d", value);
	return text;
}

/* The name of the group's file in /dev/vfio. */
static const char *group_name(const struct kl_function *function, char *text, size_t size)
{
	if (!function->is_noiommu)
		return number_text(function->iommu_group, text, size);
	snprintf(text, size, "noiommu-%d", function->iommu_group);
	return text;
}

static void make_row(const struct entry *entry, struct row *row)
{
	const struct kl_function *function = &entry->function;

	snprintf(row->type, sizeof(row->type), "%s", type_name(function->type));
	row->cell[0] = function->address;
	row->cell[1] = row->type;
	row->cell[2] = type_title(function->type);
	row->cell[3] = interface_name(function->interface);
	row->cell[4] = function->driver[0] != '\0' ? function->driver : "-";
	names_list(&entry->nodes, row->names, sizeof(row->names));
	row->cell[5] = row->names[0] != '\0' ? row->names : "-";
	row->cell[6] = group_name(function, row->group, sizeof(row->group));
	row->cell[7] = number_text(function->numa_node, row->node, sizeof(row->node));
	row->cell[8] = entry->uses.count != 0 ? entry->uses.text[0] : "-";
}

static void widen_columns(const struct row *row, size_t width[COLUMNS])
{
	for (int i = 0; i < COLUMNS; i++)
		if (strlen(row->cell[i]) > width[i])
			width[i] = strlen(row->cell[i]);
}

/* A cell as it is shown: names in the kernel, as of a driver, may hold any character. */
static const char *shown(const char *cell, char *text, size_t size)
{
	return kl_text_escape(cell, strlen(cell), "", text, size);
}

static void print_row(const struct row *row, const size_t width[COLUMNS])
{
	char text[KL_TEXT_BYTES(192)];

	for (int i = 0; i < COLUMNS - 1; i++)
		printf("%-*s  ", (int)width[i], shown(row->cell[i], text, sizeof(text)));
	puts(shown(row->cell[COLUMNS - 1], text, sizeof(text)));
}

void report_table(const struct inventory *inventory, const char *group)
{
	const struct row head = {.cell = {"ADDRESS", "TYPE", "DEVICE", "INTERFACE", "DRIVER",
					 "NAME", "GROUP", "NODE", "IN USE"}};
	size_t width[COLUMNS] = {0};
	struct row row;

	if (inventory->count == 0) {
		puts(group != NULL ? "This machine has no virtio PCI function of that type." :
				     "This machine has no virtio PCI function.");
		return;
	}
	widen_columns(&head, width);
	for (size_t i = 0; i < inventory->count; i++) {
		make_row(&inventory->entries[i], &row);
		widen_columns(&row, width);
	}
	print_row(&head, width);
	for (size_t i = 0; i < inventory->count; i++) {
		make_row(&inventory->entries[i], &row);
		print_row(&row, width);
		/* Further uses stand below the first. */
		for (size_t j = 1; j < inventory->entries[i].uses.count; j++) {
			row = (struct row){.cell = {"", "", "", "", "", "", "", "",
						   inventory->entries[i].uses.text[j]}};
			print_row(&row, width);
		}
	}
}

static const char *driver_or_none(const char *driver)
{
	return driver[0] != '\0' ? driver : "no driver";
}

void report_changes(const struct changes *changes)
{
	char from_text[KL_TEXT_BYTES(32)], to_text[KL_TEXT_BYTES(32)];

	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = &changes->list[i];
		const char *from = shown(driver_or_none(change->from), from_text,
				   sizeof(from_text)),
			   *to = shown(driver_or_none(change->to), to_text, sizeof(to_text));

		switch (change->outcome) {
		case CHANGE_PLANNED:
			printf("%s (%s): would go from %s to %s\n", change->address, change->type,
				from, to);
			break;
		case CHANGE_NEEDLESS:
			printf("%s (%s): has %s already\n", change->address, change->type, to);
			break;
		case CHANGE_DONE:
			printf("%s (%s): from %s to %s\n", change->address, change->type, from, to);
			break;
		case CHANGE_NOT_ATTEMPTED:
			printf("%s (%s): not attempted: from %s to %s\n", change->address,
				change->type, from, to);
			break;
		case CHANGE_REFUSED:
		case CHANGE_FAILED:
			break;
		}
	}
}

void report_hints(const struct hints *hints)
{
	char text[KL_TEXT_BYTES(sizeof(hints->list[0].text))];

	for (size_t i = 0; i < hints->count; i++)
		printf("%s%s%s%s\n", i == 0 ? "\nMissing for drivers in userspace:\n- " : "- ",
			hints->list[i].who, hints->list[i].who[0] != '\0' ? ": " : "",
			shown(hints->list[i].text, text, sizeof(text)));
}
