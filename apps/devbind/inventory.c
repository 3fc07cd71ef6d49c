/* SPDX-License-Identifier: BSD-3-Clause */
#include "inventory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/message.h"

static int fill_entries(struct inventory *inventory, const struct kl_function *functions,
	const struct opens *opens)
{
	for (size_t i = 0; i < inventory->count; i++) {
		struct entry *entry = &inventory->entries[i];
		int rc;

		entry->function = functions[i];
		rc = nodes_find(inventory->machine, entry->function.address, &entry->nodes);
		if (rc != 0)
			return rc;
		uses_find(inventory->machine, &entry->function, &entry->nodes, opens, &entry->uses);
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
	for (size_t i = 0; inventory->entries != NULL && i < inventory->count; i++)
		nodes_free(&inventory->entries[i].nodes);
	free(inventory->entries);
	inventory->entries = NULL;
	inventory->count = 0;
}

const struct entry *inventory_find(const struct inventory *inventory, const char *address)
{
	for (size_t i = 0; i < inventory->count; i++)
		if (strcmp(inventory->entries[i].function.address, address) == 0)
			return &inventory->entries[i];
	return NULL;
}

void inventory_keep(struct inventory *inventory, const bool *is_chosen)
{
	size_t kept = 0;

	for (size_t i = 0; i < inventory->count; i++) {
		if (is_chosen[i])
			inventory->entries[kept++] = inventory->entries[i];
		else
			nodes_free(&inventory->entries[i].nodes);
	}
	inventory->count = kept;
}
