/* SPDX-License-Identifier: BSD-3-Clause */
#include "attach/candidates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/log.h>

#include "core/device.h"

/*
 * Moves those that are of the driver's types, and bound or not as ours requires, to the
 * front in order.
 */
static size_t move_to_front(struct kl_function *functions, size_t from, size_t count,
	const struct kl_driver *driver, bool ours)
{
	size_t gathered = 0;

	for (size_t i = from; i < count; i++) {
		struct kl_function function = functions[i];

		if (kl_driver_find_type(function.type) != driver ||
			kl_function_is_bound(&function) != ours)
			continue;
		memmove(&functions[from + gathered + 1], &functions[from + gathered],
			(i - from - gathered) * sizeof(function));
		functions[from + gathered++] = function;
	}
	return gathered;
}

int kl__candidates_find(const struct kl_machine *machine, const struct kl_driver *driver,
	struct kl__candidates *candidates)
{
	size_t count;
	int rc;

	rc = kl_function_discover_on(machine, &candidates->functions, &count);
	if (rc != 0)
		return rc;
	candidates->count = move_to_front(candidates->functions, 0, count, driver, true);
	candidates->others = move_to_front(candidates->functions, candidates->count, count, driver,
		false);
	candidates->own = calloc(count + 1, sizeof(candidates->own[0]));
	if (candidates->own != NULL)
		return 0;
	kl__candidates_free(candidates);
	return kl_no_memory(driver->name, (count + 1) * sizeof(candidates->own[0]));
}

void kl__candidates_free(struct kl__candidates *candidates)
{
	kl_function_discover_free(candidates->functions);
	free(candidates->own);
}

void kl__candidates_explain(const struct kl__candidates *candidates, const char *spec,
	const char *type, const char *key)
{
	char list[700] = "";
	size_t length = 0;

	for (size_t i = 0; i < candidates->count + candidates->others; i++) {
		const struct kl_function *function = &candidates->functions[i];
		bool has_own = candidates->own[i][0] != '\0';

		if (length >= sizeof(list))
			break;
		length += (size_t)snprintf(list + length, sizeof(list) - length,
			"%s%s (%s%s%s%s%s)", i == 0 ? "; there are " : ", ", function->address,
			kl__device_is_open(function->address) ? "open in this program already" :
				function->driver[0] != '\0'   ? function->driver :
								"no driver",
			has_own ? ", " : "", has_own ? key : "", has_own ? "=" : "",
			candidates->own[i]);
	}
	kl_error(
		"%s: there is no such device among the %zu functions of type %s that are bound to "
		"vfio-pci or uio_pci_generic%s; more can be bound with: kickless-devbind -b vfio-pci ADDRESS",
		spec, candidates->count, type, list);
}
