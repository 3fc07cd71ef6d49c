/* SPDX-License-Identifier: BSD-3-Clause */
#include "hints.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <kickless/text.h>

#include "types.h"

/*
 * Less does not hold the queues and buffers of one device. A machine with hugepages
 * reserves far more.
 */
#define HUGEPAGES_LEAST (UINT64_C(32) << 20)
#define HUGEPAGES_ADVISED (UINT64_C(512) << 20)

/* True for obstacles that the table shows, as the driver or as a use. */
static bool is_shown(enum kl_obstacle_kind kind)
{
	return kind == KL_OBSTACLE_DRIVER || kind == KL_OBSTACLE_BUSY || kind == KL_OBSTACLE_ABSENT;
}

static bool is_about_machine(enum kl_obstacle_kind kind)
{
	return kind == KL_OBSTACLE_MODULE || kind == KL_OBSTACLE_MEMLOCK;
}

static void append_address(char *who, size_t size, const char *address)
{
	size_t length = strlen(who);

	if (length + strlen(address) + 3 < size)
		snprintf(who + length, size - length, "%s%s", length != 0 ? ", " : "", address);
	else if (length != 0 && who[length - 1] != '.')
		snprintf(who + size - 4, 4, "...");
}

static void add_hint(struct hints *hints, const char *address, const char *text)
{
	char shown[sizeof(hints->list[0].text)];
	size_t i;

	/* It may name a process, and a process any text. */
	kl_text_escape(text, strlen(text), "", shown, sizeof(shown));
	for (i = 0; i < hints->count; i++)
		if (strcmp(hints->list[i].text, shown) == 0)
			break;
	if (i == HINTS_MAX)
		return;
	if (i == hints->count) {
		hints->count++;
		hints->list[i].who[0] = '\0';
		snprintf(hints->list[i].text, sizeof(hints->list[i].text), "%s", shown);
	}
	if (address != NULL)
		append_address(hints->list[i].who, sizeof(hints->list[i].who), address);
}

/* An IOMMU serves the other devices, and no program drives it. */
static bool is_iommu(const struct entry *entry)
{
	return strcmp(type_name(entry->function.type), "iommu") == 0;
}

static void add_obstacles(const struct entry *entry, struct hints *hints)
{
	for (size_t i = 0; i < entry->obstacle_count; i++) {
		const struct kl_obstacle *obstacle = &entry->obstacles[i];

		if (!is_shown(obstacle->kind))
			add_hint(hints,
				is_about_machine(obstacle->kind) ? NULL : entry->function.address,
				obstacle->text);
	}
}

static void add_hugepages(const struct kl_machine *machine, struct hints *hints)
{
	uint64_t bytes = kl_hugepages_free(machine);
	char command[128], text[512];

	if (bytes >= HUGEPAGES_LEAST)
		return;
	snprintf(text, sizeof(text),
		"%llu MiB in hugepages are free; without them drivers are slower, and "
		"no-IOMMU mode does not work; run as root: %s",
		(unsigned long long)(bytes >> 20),
		kl_hugepages_command(machine, HUGEPAGES_ADVISED, command, sizeof(command)));
	add_hint(hints, NULL, text);
}

void hints_collect(const struct inventory *inventory,
	bool (*chosen)(const struct entry *entry, const void *context), const void *context,
	struct hints *hints)
{
	memset(hints, 0, sizeof(*hints));
	for (size_t i = 0; i < inventory->count; i++)
		if (chosen == NULL ? !is_iommu(&inventory->entries[i]) :
				     chosen(&inventory->entries[i], context))
			add_obstacles(&inventory->entries[i], hints);
	add_hugepages(inventory->machine, hints);
	if (geteuid() != 0)
		add_hint(hints, NULL,
			"without root, files that other users' processes have open are not visible, "
			"legacy functions look like transitional ones, and nothing can be bound; use sudo");
}
