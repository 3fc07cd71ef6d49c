/* SPDX-License-Identifier: BSD-3-Clause */
/* The names of functions: those that dpdk-devbind takes, and ours. */
#include "names.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "machine.h"

static char found[256], why[512];

/* The addresses that the name stands for, with a blank between them. */
static const char *find(const char *name)
{
	bool is_chosen[8] = {false};
	size_t count;

	cr_assert_leq(inventory.count, 8);
	why[0] = found[0] = '\0';
	count = names_find(&inventory, name, is_chosen, why, sizeof(why));
	for (size_t i = 0; i < inventory.count; i++) {
		if (!is_chosen[i])
			continue;
		snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%s",
			found[0] != '\0' ? " " : "", inventory.entries[i].function.address);
		count--;
	}
	cr_expect_eq(count, 0, "%s", name);
	return found;
}

static void expect_none(const char *name, const char *word)
{
	cr_expect_str_eq(find(name), "", "%s", name);
	cr_expect_neq(strstr(why, word), NULL, "%s: %s", name, why);
}

static void make(void)
{
	machine_make();
	machine_read();
}

TestSuite(names, .init = make, .fini = machine_remove);

Test(names, addresses)
{
	cr_expect_str_eq(find("0000:00:05.0"), NIC);
	cr_expect_str_eq(find("00:05.0"), NIC);
	cr_expect_str_eq(find("0:5.0"), NIC);
	cr_expect_str_eq(find("0001:00:05.0"), FAR_NIC);
	expect_none("00:07.0", "there is no such PCI function");
	machine_file("0x8086", "sys/bus/pci/devices/0000:00:1f.0/vendor");
	expect_none("00:1f.0", "not a virtio function");
	expect_none("00:1F.0", "not a virtio function");
}

Test(names, nth_of_a_type)
{
	cr_expect_str_eq(find("net@1"), OTHER_NIC);
	cr_expect_str_eq(find("blk@0"), DISK);
	expect_none("net@3", "there are 3 functions of type net");
	expect_none("net@", "no such device");
}

Test(names, interfaces)
{
	cr_expect_str_eq(find("eth5"), NIC);
	cr_expect_str_eq(find("eth6"), OTHER_NIC);
	cr_expect_str_eq(find("virtio6"), OTHER_NIC);
	machine_link("../../bus", "sys/class/net/lo");
	expect_none("lo", "not one of a virtio PCI function");
	expect_none("eth9", "00:05.0");
	expect_none("", "no such device");
	expect_none("net", "no such device");
}

Test(names, disks)
{
	char path[128];

	cr_expect_str_eq(find("vdq"), DISK);
	snprintf(path, sizeof(path), "%s/vdq", folders.dev);
	cr_expect_str_eq(find(path), DISK);
	snprintf(path, sizeof(path), "%s/disk/by-path/virtio-pci-" DISK, folders.dev);
	cr_expect_str_eq(find(path), DISK);
	expect_none("vdq1", "partition");
	snprintf(path, sizeof(path), "%s/vdq1", folders.dev);
	expect_none(path, "partition");
	snprintf(path, sizeof(path), "%s/no/such", folders.dev);
	expect_none(path, "no such file");
	expect_none("/etc/passwd", "not a file below");
	machine_link("../../bus", "sys/class/block/sdz");
	expect_none("sdz", "not one of a virtio PCI function");
}

Test(names, patterns)
{
	cr_expect_str_eq(find("00:0[56].0"), NIC " " OTHER_NIC);
	cr_expect_str_eq(find("0000:00:0?.*"), NIC " " OTHER_NIC);
	cr_expect_str_eq(find("0001:*"), FAR_NIC);
	expect_none("7f:*", "pattern");
}

Test(names, of_a_function)
{
	char text[64];

	names_list(&inventory_find(&inventory, NIC)->nodes, text, sizeof(text));
	cr_expect_str_eq(text, "eth5");
	names_list(&inventory_find(&inventory, DISK)->nodes, text, sizeof(text));
	cr_expect_str_eq(text, "vdq");
}

/* Any of them may be meant. */
Test(names, of_several_functions)
{
	machine_link("../../../class/net",
		"sys/bus/pci/devices/" OTHER_NIC "/virtio6/net/vdq/subsystem");
	machine_read();
	expect_none("vdq", "several functions; give one of their addresses: " OTHER_NIC ", " DISK);
	cr_expect_str_eq(find("eth6"), OTHER_NIC);
	machine_link("../../../class/net",
		"sys/bus/pci/devices/" FAR_NIC "/virtio7/net/vdq1/subsystem");
	machine_read();
	expect_none("vdq1", "several functions; give one of their addresses: " DISK ", " FAR_NIC);
}

/* Two names of one function are no doubt. */
Test(names, of_two_nodes_of_a_function)
{
	machine_link("../../../class/net",
		"sys/bus/pci/devices/" NIC "/virtio5/net/virtio5/subsystem");
	machine_read();
	cr_expect_str_eq(find("virtio5"), NIC);
}
