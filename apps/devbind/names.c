/* SPDX-License-Identifier: BSD-3-Clause */
#include "names.h"

#include <fnmatch.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/text.h>

#include "common/file.h"
#include "types.h"

#define DOMAIN_DIGITS 4
#define ALLOWED \
	"allowed: an address, 0000:00:05.0 or 00:05.0; a pattern, '00:05.*'; TYPE@N; an interface, " \
	"eth1; a disk, vda; --status lists them"

static size_t find_address(const struct inventory *inventory, const char *address, bool *is_chosen,
	char *why, size_t size)
{
	const struct entry *entry = inventory_find(inventory, address);

	if (entry != NULL) {
		is_chosen[entry - inventory->entries] = true;
		return 1;
	}
	if (file_exists("%s/bus/pci/devices/%s", inventory->machine->sysfs, address))
		snprintf(why, size, "it is not a virtio function; --status lists those");
	else
		snprintf(why, size,
			"there is no such PCI function; --status lists those of virtio");
	return 0;
}

static size_t find_nth(const struct inventory *inventory, const char *type, unsigned long nth,
	bool *is_chosen, char *why, size_t size)
{
	unsigned long seen = 0;

	for (size_t i = 0; i < inventory->count; i++) {
		if (strcmp(type_name(inventory->entries[i].function.type), type) != 0 ||
			seen++ != nth)
			continue;
		is_chosen[i] = true;
		return 1;
	}
	snprintf(why, size,
		"there are %lu functions of type %s, counted from 0; --status lists them", seen,
		type);
	return 0;
}

/* A pattern may leave out the domain, as an address may. */
static bool matches_pattern(const char *pattern, const char *address)
{
	return fnmatch(pattern, address, 0) == 0 ||
		(strncmp(address, "0000:", DOMAIN_DIGITS + 1) == 0 &&
			fnmatch(pattern, address + DOMAIN_DIGITS + 1, 0) == 0);
}

static size_t find_pattern(const struct inventory *inventory, const char *pattern, bool *is_chosen,
	char *why, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < inventory->count; i++) {
		if (!matches_pattern(pattern, inventory->entries[i].function.address))
			continue;
		is_chosen[i] = true;
		count++;
	}
	if (count == 0)
		snprintf(why, size,
			"no virtio function has an address of this pattern; --status lists them");
	return count;
}

static bool is_named(const struct node *node)
{
	return strcmp(node->subsystem, "net") == 0 || strcmp(node->subsystem, "block") == 0 ||
		strcmp(node->subsystem, "virtio") == 0;
}

static const struct node *find_node(const struct nodes *nodes, const char *name, bool is_file)
{
	for (size_t i = 0; i < nodes->count; i++)
		if (is_named(&nodes->list[i]) &&
			strcmp(is_file ? nodes->list[i].file : nodes->list[i].name, name) == 0)
			return &nodes->list[i];
	return NULL;
}

static void explain_unknown(const struct inventory *inventory, const char *name, char *why,
	size_t size)
{
	const char *sysfs = inventory->machine->sysfs;
	bool is_path = strchr(name, '/') != NULL;

	if (name[0] != '\0' && !is_path && file_exists("%s/class/net/%s", sysfs, name))
		snprintf(why, size,
			"the interface is not one of a virtio PCI function; --status lists those");
	else if (name[0] != '\0' && !is_path && file_exists("%s/class/block/%s", sysfs, name))
		snprintf(why, size,
			"the disk is not one of a virtio PCI function; --status lists those");
	else
		snprintf(why, size,
			"there is no such device; a function has an interface or a disk only while a kernel "
			"driver has it; " ALLOWED);
}

/* Adds a function that has the name to the sentence that refuses it. */
static void add_address(const char *address, size_t number, char *why, size_t size)
{
	const size_t length = number == 0 ? 0 : strlen(why);

	snprintf(why + length, size - length, "%s%s",
		number == 0 ? "it is the name of several functions; give one of their addresses: " :
			      ", ",
		address);
}

/* An interface, a disk and a device of the virtio bus may have the same name. */
static size_t find_by_node(const struct inventory *inventory, const char *name, bool is_file,
	bool *is_chosen, char *why, size_t size)
{
	const struct node *node = NULL;
	size_t count = 0, last = 0;

	for (size_t i = 0; i < inventory->count; i++) {
		const struct node *found = find_node(&inventory->entries[i].nodes, name, is_file);

		if (found == NULL)
			continue;
		add_address(inventory->entries[i].function.address, count++, why, size);
		node = found;
		last = i;
	}
	if (count > 1)
		return 0;
	if (node == NULL) {
		explain_unknown(inventory, name, why, size);
		return 0;
	}
	if (node_is_partition(node)) {
		snprintf(why, size,
			"it is a partition, and a function has all of its disk; name the disk, or %s",
			inventory->entries[last].function.address);
		return 0;
	}
	is_chosen[last] = true;
	return 1;
}

/* A path below /dev, where links such as those in /dev/disk lead to a disk. */
static size_t find_path(const struct inventory *inventory, const char *path, bool *is_chosen,
	char *why, size_t size)
{
	char target[PATH_MAX], dev[PATH_MAX];
	size_t length;

	if (realpath(path, target) == NULL || realpath(inventory->machine->dev, dev) == NULL) {
		snprintf(why, size, "there is no such file; " ALLOWED);
		return 0;
	}
	length = strlen(dev);
	if (strncmp(target, dev, length) != 0 || target[length] != '/') {
		snprintf(why, size, "it is not a file below %s; " ALLOWED, inventory->machine->dev);
		return 0;
	}
	return find_by_node(inventory, target + length + 1, true, is_chosen, why, size);
}

/* An interface may have other names besides; the system call knows them, and sysfs does not. */
static const char *main_name(const struct inventory *inventory, const char *name,
	char text[IF_NAMESIZE])
{
	unsigned int number = inventory->machine == &kl_machine_current ? if_nametoindex(name) : 0;

	return number != 0 && if_indextoname(number, text) != NULL ? text : name;
}

size_t names_find(const struct inventory *inventory, const char *name, bool *is_chosen, char *why,
	size_t size)
{
	char address[KL_ADDRESS_SIZE], type[32], interface[IF_NAMESIZE], *end;
	const char *at = strchr(name, '@');
	unsigned long nth;

	if (kl_pci_address(name, address) == 0)
		return find_address(inventory, address, is_chosen, why, size);
	if (strchr(name, '/') != NULL)
		return find_path(inventory, name, is_chosen, why, size);
	if (strpbrk(name, "*?[") != NULL)
		return find_pattern(inventory, name, is_chosen, why, size);
	if (at != NULL && at[1] >= '0' && at[1] <= '9' && (size_t)(at - name) < sizeof(type)) {
		nth = strtoul(at + 1, &end, 10);
		snprintf(type, sizeof(type), "%.*s", (int)(at - name), name);
		if (*end == '\0')
			return find_nth(inventory, type, nth, is_chosen, why, size);
	}
	return find_by_node(inventory, main_name(inventory, name, interface), false, is_chosen, why,
		size);
}

const struct node *names_next(const struct nodes *nodes, size_t *i)
{
	while (*i < nodes->count) {
		const struct node *node = &nodes->list[(*i)++];

		if (is_named(node) && strcmp(node->subsystem, "virtio") != 0 &&
			!node_is_partition(node))
			return node;
	}
	return NULL;
}

void names_list(const struct nodes *nodes, char *text, size_t size)
{
	const struct node *node;
	size_t length = 0, i = 0;

	text[0] = '\0';
	while ((node = names_next(nodes, &i)) != NULL) {
		char name[KL_TEXT_BYTES(sizeof(node->name))];

		kl_text_escape(node->name, strlen(node->name), "", name, sizeof(name));
		if (length + strlen(name) + 2 > size)
			return;
		length += (size_t)snprintf(text + length, size - length, "%s%s",
			length != 0 ? "," : "", name);
	}
}
