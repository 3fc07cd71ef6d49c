/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/pci.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pci/pci.h>
#include <numa.h>

#include <kickless/log.h>

#include "pci/pci_identity.h"
#include "platform/sysfs.h"

#define WANTED \
	(PCI_FILL_IDENT | PCI_FILL_SUBSYS | PCI_FILL_BASES | PCI_FILL_SIZES | PCI_FILL_NUMA_NODE | \
		PCI_FILL_IOMMU_GROUP | PCI_FILL_DRIVER)

/* The place that libpci's fatal errors return to, since its handlers get no context. */
static __thread jmp_buf *escape;

static void __attribute__((noreturn, format(printf, 1, 2))) on_error(char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	kl_error("the list of PCI functions can't be read: %s", text);
	longjmp(*escape, 1);
}

static void __attribute__((format(printf, 1, 2))) on_warning(char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	kl_debug("libpci: %s", text);
}

static struct pci_access *open_libpci(const struct kl_machine *machine)
{
	struct pci_access *pci = pci_alloc();
	char path[PATH_MAX];

	/* Left to choose, libpci might fall back to poking I/O ports. */
	pci->method = PCI_ACCESS_SYS_BUS_PCI;
	pci->error = on_error;
	pci->warning = on_warning;
	snprintf(path, sizeof(path), "%s/bus/pci", machine->sysfs);
	pci_set_param(pci, (char *)"sysfs.path", path);
	return pci;
}

static void read_bars(struct pci_dev *dev, struct kl__pci_facts *facts)
{
	for (int i = 0; i < PCI_BARS; i++) {
		facts->bar[i].size = dev->size[i];
		facts->bar[i].is_io = (dev->base_addr[i] & PCI_BASE_ADDRESS_SPACE_IO) != 0;
	}
}

/* Without rights the kernel gives the header only. */
static void read_config(struct pci_dev *dev, struct kl__pci_facts *facts)
{
	for (facts->config_size = PCI_CFG_SIZE; facts->config_size != 0;
		facts->config_size =
			facts->config_size > PCI_CFG_HEADER_SIZE ? PCI_CFG_HEADER_SIZE : 0)
		if (pci_read_block(dev, 0, facts->config, (int)facts->config_size))
			return;
}

static void fill_facts(struct pci_access *pci, struct pci_dev *dev, struct kl__pci_facts *facts)
{
	const char *text;

	memset(facts, 0, sizeof(*facts));
	snprintf(facts->address, sizeof(facts->address), "%04x:%02x:%02x.%x",
		(unsigned int)dev->domain, dev->bus, dev->dev & 0x1fu, dev->func & 7u);
	facts->vendor_id = dev->vendor_id;
	facts->device_id = dev->device_id;
	facts->subsystem_vendor = dev->subsys_vendor_id;
	facts->subsystem_id = dev->subsys_id;
	facts->numa_node = kl__numa_check(dev->numa_node);
	text = pci_get_string_property(dev, PCI_FILL_IOMMU_GROUP);
	facts->iommu_group = text != NULL ? atoi(text) : -1;
	text = pci_get_string_property(dev, PCI_FILL_DRIVER);
	snprintf(facts->driver, sizeof(facts->driver), "%s", text != NULL ? text : "");
	pci_lookup_name(pci, facts->name, sizeof(facts->name), PCI_LOOKUP_DEVICE, dev->vendor_id,
		dev->device_id);
	read_bars(dev, facts);
	read_config(dev, facts);
}

static int walk_bus(struct pci_access *pci, uint16_t vendor,
	int (*found)(const struct kl__pci_facts *facts, void *context), void *context)
{
	struct kl__pci_facts facts;
	int rc = 0;

	pci_init(pci);
	pci_scan_bus(pci);
	for (struct pci_dev *dev = pci->devices; dev != NULL && rc == 0; dev = dev->next) {
		pci_fill_info(dev, WANTED);
		if (dev->vendor_id != vendor)
			continue;
		fill_facts(pci, dev, &facts);
		rc = found(&facts, context);
	}
	return rc;
}

int kl__pci_scan(const struct kl_machine *machine, uint16_t vendor,
	int (*found)(const struct kl__pci_facts *facts, void *context), void *context)
{
	struct pci_access *pci;
	jmp_buf here;
	int rc;

	/* A machine may have no PCI at all. */
	if (!kl__file_exists("%s/bus/pci/devices", machine->sysfs))
		return 0;
	pci = open_libpci(machine);
	escape = &here;
	if (setjmp(here) == 0)
		rc = walk_bus(pci, vendor, found, context);
	else
		rc = -EIO;
	escape = NULL;
	pci_cleanup(pci);
	return rc;
}

int kl__pci_read_ids(const struct kl_machine *machine, const char *address, uint16_t *vendor,
	uint16_t *device, uint16_t *subsystem_device)
{
	const struct {
		const char *file;
		uint16_t *id;
	} ids[] = {{"vendor", vendor}, {"device", device}, {"subsystem_device", subsystem_device}};

	for (unsigned int i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		long long number = 0;

		if (kl__read_number(&number, "%s/bus/pci/devices/%s/%s", machine->sysfs, address,
			    ids[i].file) != 0 &&
			i == 0)
			return -ENODEV;
		if (number < 0 || number > UINT16_MAX)
			return -ENODEV;
		*ids[i].id = (uint16_t)number;
	}
	return 0;
}

int kl__pci_read_type(const struct kl_machine *machine, const char *address, uint32_t *type)
{
	uint16_t vendor, device, subsystem;
	int rc = kl__pci_read_ids(machine, address, &vendor, &device, &subsystem);

	if (rc == 0 && kl__pci_id(vendor, device, subsystem, type) == KL__PCI_NOT_VIRTIO)
		rc = -ENODEV;
	return rc;
}

int kl__numa_check(int node)
{
	if (node < 0 || numa_available() < 0 || node > numa_max_node() ||
		!numa_bitmask_isbitset(numa_all_nodes_ptr, (unsigned int)node))
		return -1;
	return node;
}

int kl__numa_from_function(const struct kl_machine *machine, const char *address)
{
	long long node = -1;

	kl__read_number(&node, "%s/bus/pci/devices/%s/numa_node", machine->sysfs, address);
	return node < 0 || node > INT_MAX ? -1 : kl__numa_check((int)node);
}

int kl_numa_from_cpu(unsigned int cpu)
{
	if (numa_available() < 0 || cpu > INT_MAX)
		return -1;
	return numa_node_of_cpu((int)cpu);
}
