/* SPDX-License-Identifier: BSD-3-Clause */
#include "uses.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"

void uses_add(struct uses *uses, const char *format, ...)
{
	va_list args;

	if (uses->count == USES_MAX)
		return;
	va_start(args, format);
	vsnprintf(uses->text[uses->count++], sizeof(uses->text[0]), format, args);
	va_end(args);
}

static bool has_subsystem(const struct nodes *nodes, const char *subsystem)
{
	for (size_t i = 0; i < nodes->count; i++)
		if (strcmp(nodes->list[i].subsystem, subsystem) == 0)
			return true;
	return false;
}

/* Drivers whose uses show themselves elsewhere, so that having one bound is no use by itself. */
static bool shows_its_uses(const char *driver)
{
	static const char *const drivers[] = {"virtio_blk", "virtio_scsi", "virtio_net",
		"9pnet_virtio", "virtiofs", "virtio_rng"};

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (strcmp(driver, drivers[i]) == 0)
			return true;
	return false;
}

/* The kernel keeps one source of random numbers, "virtio_rng.0", and feeds its pool from it. */
static void check_random(const struct kl_machine *machine, struct uses *uses)
{
	char current[64];

	file_text(current, sizeof(current), "%s/class/misc/hw_random/rng_current", machine->sysfs);
	if (strncmp(current, "virtio_rng", 10) == 0)
		uses_add(uses, "the kernel takes its random numbers from %s", current);
}

static void check_driver(const struct kl_machine *machine, const struct node *node,
	const struct nodes *nodes, struct uses *uses)
{
	char driver[64];

	if (file_link(driver, sizeof(driver), "%s/driver", node->path) != 0)
		return;
	if (strcmp(driver, "9pnet_virtio") == 0 || strcmp(driver, "virtiofs") == 0)
		use_of_share(machine, node, uses);
	if (strcmp(driver, "virtio_rng") == 0)
		check_random(machine, uses);
	if (strcmp(driver, "virtio_net") == 0 && !has_subsystem(nodes, "net"))
		uses_add(uses, "its interface is in another network namespace");
	/* A balloon, a console, a socket to the host: who relies on it can't be seen from here. */
	if (!shows_its_uses(driver))
		uses_add(uses, "the kernel driver %s serves the system with it", driver);
}

static void check_node(const struct kl_machine *machine, const struct node *node,
	const struct nodes *nodes, struct uses *uses)
{
	if (strcmp(node->subsystem, "virtio") == 0)
		check_driver(machine, node, nodes, uses);
	else if (strcmp(node->subsystem, "block") == 0)
		use_of_disk(machine, node, uses);
	else if (strcmp(node->subsystem, "net") == 0)
		use_of_interface(machine, node, uses);
}

static void check_claims(const struct kl_machine *machine, const struct nodes *nodes,
	struct uses *uses)
{
	for (size_t i = 0; i < nodes->count && uses->count == 0; i++)
		if (strcmp(nodes->list[i].subsystem, "block") == 0)
			use_of_claimed_disk(machine, &nodes->list[i], uses);
}

static void check_opens(const struct opens *opens, const struct nodes *nodes, struct uses *uses)
{
	for (size_t i = 0; i < nodes->count; i++) {
		const struct node *node = &nodes->list[i];
		const struct open_file *open = NULL;

		if (node->file[0] != '\0')
			open = opens_find(opens, node->file);
		if (open == NULL)
			continue;
		uses_add(uses, "process %d (%s) has /dev/%s open", (int)open->pid, open->command,
			open->file);
		/* Drivers that hand a whole function to a process wait for it when they are unbound. */
		if (strncmp(node->subsystem, "vfio", 4) == 0 || strcmp(node->subsystem, "uio") == 0)
			uses->is_held = true;
	}
}

static void check_group(const struct opens *opens, const struct kl_function *function,
	struct uses *uses)
{
	static const char *const prefixes[] = {"", "noiommu-"};
	const struct open_file *open = NULL;
	char file[64];

	if (strcmp(function->driver, "vfio-pci") != 0 || function->iommu_group < 0)
		return;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]) && open == NULL; i++) {
		snprintf(file, sizeof(file), "vfio/%s%d", prefixes[i], function->iommu_group);
		open = opens_find(opens, file);
	}
	if (open == NULL)
		return;
	uses_add(uses, "process %d (%s) has /dev/%s open", (int)open->pid, open->command,
		open->file);
	uses->is_held = true;
}

/* A driver that is neither the kernel's for virtio nor one that hands functions out. */
static void check_foreign(const struct kl_function *function, struct uses *uses)
{
	static const char *const known[] = {"", "virtio-pci", "vfio-pci", "uio_pci_generic",
		"igb_uio", "pci-stub"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(function->driver, known[i]) == 0)
			return;
	uses_add(uses, "the kernel driver %s serves the system with it", function->driver);
}

int uses_find(const struct kl_machine *machine, const struct kl_function *function,
	const struct opens *opens, struct uses *uses)
{
	struct nodes nodes;
	int rc;

	memset(uses, 0, sizeof(*uses));
	rc = nodes_find(machine, function->address, &nodes);
	if (rc != 0)
		return rc;
	for (size_t i = 0; i < nodes.count; i++)
		check_node(machine, &nodes.list[i], &nodes, uses);
	check_claims(machine, &nodes, uses);
	check_opens(opens, &nodes, uses);
	check_group(opens, function, uses);
	check_foreign(function, uses);
	nodes_free(&nodes);
	return 0;
}
