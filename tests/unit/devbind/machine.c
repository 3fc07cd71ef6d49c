/* SPDX-License-Identifier: BSD-3-Clause */
#include "machine.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "bind.h"
#include "common/file.h"

struct inventory inventory;

void machine_file(const char *line, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	folders_file(path, line);
}

void machine_link(const char *target, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	folders_link(path, target);
}

static void add_function(const char *address, const char *device)
{
	const char *at = "sys/bus/pci/devices";

	machine_file("0x1af4", "%s/%s/vendor", at, address);
	machine_file(device, "%s/%s/device", at, address);
	machine_file("0x1af4", "%s/%s/subsystem_vendor", at, address);
	machine_file("0x1100", "%s/%s/subsystem_device", at, address);
	machine_file("0x020000", "%s/%s/class", at, address);
	machine_file(
		"0x0 0x0 0x0\n0x0 0x0 0x0\n0x0 0x0 0x0\n0x0 0x0 0x0\n0x0 0x0 0x0\n0x0 0x0 0x0\n"
		"0x0 0x0 0x0",
		"%s/%s/resource", at, address);
	machine_file("", "%s/%s/driver_override", at, address);
	machine_link("../../drivers/virtio-pci", "%s/%s/driver", at, address);
	machine_file("DRIVER=virtio-pci", "%s/%s/uevent", at, address);
	machine_link("../../../../kernel/iommu_groups/7", "%s/%s/iommu_group", at, address);
}

static void add_nic(const char *address, const char *number, const char *name)
{
	const char *at = "sys/bus/pci/devices";

	add_function(address, "0x1041");
	machine_link("../../bus/virtio", "%s/%s/%s/subsystem", at, address, number);
	machine_link("../../bus/virtio/drivers/virtio_net", "%s/%s/%s/driver", at, address, number);
	machine_link("../../../class/net", "%s/%s/%s/net/%s/subsystem", at, address, number, name);
	machine_file("0x1002", "%s/%s/%s/net/%s/flags", at, address, number, name);
	machine_link("../../bus", "sys/class/net/%s", name);
}

#define DISK_FOLDER "sys/bus/pci/devices/" DISK "/virtio9"

static void add_disk(void)
{
	add_function(DISK, "0x1042");
	machine_link("../../bus/virtio", DISK_FOLDER "/subsystem");
	machine_link("../../bus/virtio/drivers/virtio_blk", DISK_FOLDER "/driver");
	machine_link("../../../class/block", DISK_FOLDER "/block/vdq/subsystem");
	machine_file("254:240", DISK_FOLDER "/block/vdq/dev");
	machine_file("DEVNAME=vdq", DISK_FOLDER "/block/vdq/uevent");
	machine_link("../../../class/block", DISK_FOLDER "/block/vdq/vdq1/subsystem");
	machine_file("1", DISK_FOLDER "/block/vdq/vdq1/partition");
	machine_file("254:241", DISK_FOLDER "/block/vdq/vdq1/dev");
	machine_file("DEVNAME=vdq1", DISK_FOLDER "/block/vdq/vdq1/uevent");
	machine_file("", "dev/vdq");
	machine_file("", "dev/vdq1");
	machine_link("../../vdq", "dev/disk/by-path/virtio-pci-" DISK);
}

void machine_make(void)
{
	folders_make();
	bind_timeout_ms = 20;
	add_nic(NIC, "virtio5", "eth5");
	add_nic(OTHER_NIC, "virtio6", "eth6");
	add_nic(FAR_NIC, "virtio7", "eth7");
	add_disk();
	machine_file("", "sys/bus/pci/drivers_probe");
	machine_file("", "sys/bus/pci/drivers/virtio-pci/unbind");
	machine_file("", "sys/bus/pci/drivers/vfio-pci/unbind");
	/* libpci follows links to their ends. */
	machine_file("", "sys/bus/pci/drivers/uio_pci_generic/unbind");
	machine_file("", "sys/bus/pci/drivers/xen-pciback/unbind");
	machine_file("DMA", "sys/kernel/iommu_groups/7/type");
	folders_capabilities("000001ffffffffff");
}

void machine_remove(void)
{
	inventory_free(&inventory);
	folders_remove();
}

const char *machine_text(const char *path)
{
	static char text[256];
	const char *top = strrchr(folders.sysfs, '/');

	cr_assert_eq(strncmp(path, "sys/", 4), 0);
	cr_assert_neq(top, NULL);
	file_text(text, sizeof(text), "%s/%s", folders.sysfs, path + 4);
	return text;
}

void machine_read(void)
{
	inventory_free(&inventory);
	cr_assert_eq(inventory_read(&folders, &inventory), 0);
}
