/* SPDX-License-Identifier: BSD-3-Clause */
#include "inventory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/message.h"
#include "types.h"

static int fill_entries(struct inventory *inventory, const struct kl_function *functions,
	const struct opens *opens)
{
	for (size_t i = 0; i < inventory->count; i++) {
		struct entry *entry = &inventory->entries[i];
		int rc;

		entry->function = functions[i];
		rc = uses_find(inventory->machine, &entry->function, opens, &entry->uses);
		if (rc != 0)
			return rc;
		entry->obstacle_count = kl_function_obstacles(inventory->machine,
			entry->function.address, 0, entry->obstacles);
	}
	return 0;
}

int inventory_read(const struct kl_machine *machine, struct inventory *inventory)
{
	struct kl_function *functions;
	struct opens opens;
	int rc;

	*inventory = (struct inventory){.machine = machine};
	rc = kl_function_discover_on(machine, &functions, &inventory->count);
	if (rc != 0)
		return rc;
	rc = opens_read(machine, &opens);
	if (rc != 0)
		goto free_functions;
	inventory->entries = calloc(inventory->count + 1, sizeof(*inventory->entries));
	rc = inventory->entries != NULL ? fill_entries(inventory, functions, &opens) : -ENOMEM;
	opens_free(&opens);
	if (rc != 0)
		inventory_free(inventory);
free_functions:
	kl_function_discover_free(functions);
	if (rc != 0)
		print_error("can't read the machine's functions: %s", strerror(-rc));
	return rc;
}

void inventory_free(struct inventory *inventory)
{
	free(inventory->entries);
	inventory->entries = NULL;
	inventory->count = 0;
}

static const struct entry *find_address(const struct inventory *inventory, const char *address,
	char *why, size_t size)
{
	for (size_t i = 0; i < inventory->count; i++)
		if (strcmp(inventory->entries[i].function.address, address) == 0)
			return &inventory->entries[i];
	if (file_exists("%s/bus/pci/devices/%s", inventory->machine->sysfs, address))
		snprintf(why, size, "it is not a virtio function; --status lists those");
	else
		snprintf(why, size,
			"there is no such PCI function; --status lists those of virtio");
	return NULL;
}

static const struct entry *find_nth(const struct inventory *inventory, const char *type,
	unsigned long nth, char *why, size_t size)
{
	unsigned long seen = 0;

	for (size_t i = 0; i < inventory->count; i++)
		if (strcmp(type_name(inventory->entries[i].function.type), type) == 0 &&
			seen++ == nth)
			return &inventory->entries[i];
	snprintf(why, size,
		"there are %lu functions of type %s, counted from 0; --status lists them", seen,
		type);
	return NULL;
}

const struct entry *inventory_find(const struct inventory *inventory, const char *name, char *why,
	size_t size)
{
	char address[KL_ADDRESS_SIZE], type[32], *end;
	const char *at = strchr(name, '@');
	unsigned long nth;

	if (kl_pci_address(name, address) == 0)
		return find_address(inventory, address, why, size);
	if (at != NULL && at[1] >= '0' && at[1] <= '9' && (size_t)(at - name) < sizeof(type)) {
		nth = strtoul(at + 1, &end, 10);
		snprintf(type, sizeof(type), "%.*s", (int)(at - name), name);
		if (*end == '\0')
			return find_nth(inventory, type, nth, why, size);
	}
	snprintf(why, size,
		"it is not the name of a function; allowed: 0000:00:05.0, 00:05.0 and TYPE@N");
	return NULL;
}
