/* SPDX-License-Identifier: BSD-3-Clause */
#include <kickless/discover.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/log.h>

#include "pci/pci_caps.h"
#include "pci/pci_identity.h"
#include "platform/iommu.h"
#include "platform/pci.h"
#include "platform/uio_sysfs.h"

const struct kl_machine kl_machine_current = {
	.sysfs = "/sys",
	.proc = "/proc",
	.dev = "/dev",
};

/*
 * Reads 1 to digits hexadecimal digits; NULL when there are none, more, or the value is above
 * limit.
 */
static const char *parse_hex(const char *text, unsigned int digits, unsigned int limit,
	unsigned int *value)
{
	unsigned int count = 0;

	for (*value = 0; isxdigit((unsigned char)text[count]); count++) {
		int digit = tolower((unsigned char)text[count]);

		if (count == digits)
			return NULL;
		*value = *value << 4 |
			(unsigned int)(isdigit(digit) ? digit - '0' : digit - 'a' + 10);
	}
	return count == 0 || *value > limit ? NULL : text + count;
}

int kl_pci_address(const char *text, char address[KL_ADDRESS_SIZE])
{
	unsigned int part[3], function, parts = 0;
	const char *at = text;

	for (;;) {
		/* Only a domain, the first of three parts, may have more than two digits. */
		at = parse_hex(at, parts == 0 ? 8 : 2, parts == 0 ? 0xffffffff : 0xff,
			&part[parts]);
		if (at == NULL)
			return -EINVAL;
		parts++;
		if (*at != ':')
			break;
		if (parts == 3)
			return -EINVAL;
		at++;
	}
	if (parts < 2 || *at != '.')
		return -EINVAL;
	at = parse_hex(at + 1, 1, 7, &function);
	if (at == NULL || *at != '\0' || part[parts - 1] > 0x1f || part[parts - 2] > 0xff)
		return -EINVAL;
	snprintf(address, KL_ADDRESS_SIZE, "%04x:%02x:%02x.%x", parts == 3 ? part[0] : 0,
		part[parts - 2], part[parts - 1], function);
	return 0;
}

struct found {
	const struct kl_machine *machine;
	struct kl_function *functions;
	size_t count;
};

static enum kl_interface interface_of(const struct kl__pci_facts *facts,
	enum kl__pci_generation generation)
{
	struct kl__pci_caps caps;
	const char *why;

	if (generation == KL__PCI_MODERN)
		return KL_INTERFACE_MODERN;
	if (facts->config_size <= PCI_CFG_HEADER_SIZE)
		return KL_INTERFACE_UNKNOWN;
	return kl__pci_caps_parse(facts->config, facts->config_size, facts->bar, &caps, &why) == 0 ?
		KL_INTERFACE_TRANSITIONAL :
		KL_INTERFACE_LEGACY;
}

static int add_function(const struct kl__pci_facts *facts, void *context)
{
	struct found *found = context;
	struct kl_function *functions, *function;
	enum kl__pci_generation generation;
	uint32_t type = 0;

	generation = kl__pci_id(facts->vendor_id, facts->device_id, facts->subsystem_id, &type);
	if (generation == KL__PCI_NOT_VIRTIO)
		return 0;
	functions = realloc(found->functions, (found->count + 1) * sizeof(*functions));
	if (functions == NULL)
		return kl_no_memory(facts->address, (found->count + 1) * sizeof(*functions));
	found->functions = functions;
	function = &functions[found->count++];
	memset(function, 0, sizeof(*function));
	memcpy(function->address, facts->address, sizeof(function->address));
	memcpy(function->driver, facts->driver, sizeof(function->driver));
	memcpy(function->name, facts->name, sizeof(function->name));
	function->vendor_id = facts->vendor_id;
	function->device_id = facts->device_id;
	function->subsystem_vendor = facts->subsystem_vendor;
	function->subsystem_id = facts->subsystem_id;
	function->type = type;
	function->interface = interface_of(facts, generation);
	function->iommu_group = facts->iommu_group;
	function->is_noiommu = kl__iommu_group_is_noiommu(found->machine, facts->iommu_group);
	function->numa_node = facts->numa_node;
	return 0;
}

/* The full form has fixed widths but for the domain, and a longer domain is a larger one. */
static int by_address(const void *a, const void *b)
{
	const char *left = ((const struct kl_function *)a)->address;
	const char *right = ((const struct kl_function *)b)->address;
	size_t left_size = strlen(left), right_size = strlen(right);

	if (left_size != right_size)
		return left_size < right_size ? -1 : 1;
	return strcmp(left, right);
}

int kl_function_discover_on(const struct kl_machine *machine, struct kl_function **functions,
	size_t *count)
{
	struct found found = {.machine = machine};
	int rc = kl__pci_scan(machine, VIRTIO_PCI_VENDOR, add_function, &found);

	if (rc != 0) {
		free(found.functions);
		return rc;
	}
	if (found.count != 0)
		qsort(found.functions, found.count, sizeof(*found.functions), by_address);
	*functions = found.functions;
	*count = found.count;
	return 0;
}

bool kl_function_is_bound(const struct kl_function *function)
{
	return strcmp(function->driver, "vfio-pci") == 0 ||
		strcmp(function->driver, KL__UIO_DRIVER) == 0;
}

int kl_function_discover(struct kl_function **functions, size_t *count)
{
	return kl_function_discover_on(&kl_machine_current, functions, count);
}

void kl_function_discover_free(struct kl_function *functions)
{
	free(functions);
}
