/* SPDX-License-Identifier: BSD-3-Clause */
/* Everything that the system may use a function for is found, and stands in the refusal. */
#include "uses.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "machine.h"
#include "names.h"

#define NIC_FOLDER "sys/bus/pci/devices/" NIC "/virtio5/net/eth5"
#define DISK_FOLDER "sys/bus/pci/devices/" DISK "/virtio9/block/vdq"

static const struct uses *uses_of(const char *address)
{
	const struct entry *entry;

	machine_read();
	entry = inventory_find(&inventory, address);
	cr_assert_neq(entry, NULL);
	return &entry->uses;
}

static void expect_use(const char *address, const char *word)
{
	const struct uses *uses = uses_of(address);

	cr_assert_eq(uses->count, 1, "%s: %zu uses", word, uses->count);
	cr_expect_neq(strstr(uses->text[0], word), NULL, "%s: %s", word, uses->text[0]);
}

TestSuite(uses, .init = machine_make, .fini = machine_remove);

Test(uses, there_are_none)
{
	cr_expect_eq(uses_of(NIC)->count, 0);
	cr_expect_eq(uses_of(DISK)->count, 0);
}

Test(uses, an_interface_that_is_up)
{
	machine_file("0x1003", NIC_FOLDER "/flags");
	expect_use(NIC, "eth5: up");
}

Test(uses, a_route_of_ipv4)
{
	machine_file("Iface\tDestination\tGateway\neth5\t00000000\t010200C0\t0003\t0\t0\t0",
		"proc/net/route");
	expect_use(NIC, "eth5: route");
	cr_expect_eq(uses_of(OTHER_NIC)->count, 0);
}

Test(uses, a_route_of_ipv6)
{
	machine_file(
		"20010db8000000000000000000000000 40 00000000000000000000000000000000 00 "
		"00000000000000000000000000000000 00000100 00000001 00000000 00000001       lo\n"
		"20010db8000100000000000000000000 40 00000000000000000000000000000000 00 "
		"00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth5",
		"proc/net/ipv6_route");
	expect_use(NIC, "eth5: route");
	cr_expect_eq(uses_of(OTHER_NIC)->count, 0);
}

Test(uses, a_part_of_a_bridge_or_bond)
{
	machine_link("../../../../../virtual/net/br0", NIC_FOLDER "/master");
	expect_use(NIC, "eth5: part of br0");
}

Test(uses, an_interface_on_top)
{
	machine_link("../../../../../virtual/net/vlan7", NIC_FOLDER "/upper_vlan7");
	expect_use(NIC, "eth5: part of vlan7");
}

Test(uses, a_mounted_disk)
{
	machine_file("25 1 254:240 / /srv rw - ext4 /dev/vdq rw", "proc/self/mountinfo");
	expect_use(DISK, "vdq is mounted on /srv");
}

Test(uses, a_mounted_partition)
{
	machine_file("25 1 254:241 / /srv rw - ext4 /dev/vdq1 rw", "proc/1/mountinfo");
	expect_use(DISK, "vdq1 is mounted on /srv");
}

/* A file system with a number of its own, whose options fill more than a page before the source. */
Test(uses, a_mount_with_a_long_line)
{
	static char line[20000];
	size_t length = (size_t)snprintf(line, sizeof(line), "25 1 0:99 /");

	memset(line + length, 'a', 9000);
	snprintf(line + length + 9000, 100, " /srv rw - btrfs /dev/vdq rw");
	machine_file(line, "proc/self/mountinfo");
	expect_use(DISK, "vdq is mounted on /srv");
}

Test(uses, swap)
{
	machine_file("Filename Type Size Used Priority\n/dev/vdq1 partition 1 0 -2", "proc/swaps");
	expect_use(DISK, "vdq1 is swap space");
}

Test(uses, a_part_of_lvm)
{
	machine_file("data-root", DISK_FOLDER "/vdq1/holders/dm-3/dm/name");
	expect_use(DISK, "vdq1 is part of data-root (dm-3)");
}

Test(uses, a_part_of_raid)
{
	machine_file("", DISK_FOLDER "/holders/md0");
	expect_use(DISK, "vdq is part of md0");
}

Test(uses, below_a_loop_device)
{
	machine_file("/dev/vdq", "sys/block/loop4/loop/backing_file");
	expect_use(DISK, "vdq is behind loop4");
}

static void open_by_process(const char *file)
{
	char target[128];

	snprintf(target, sizeof(target), "%s/%s", folders.dev, file);
	machine_link(target, "proc/4711/fd/9");
	machine_file("copier", "proc/4711/comm");
}

Test(uses, a_process_has_the_disk_open)
{
	open_by_process("vdq");
	expect_use(DISK, "process 4711 (copier) has /dev/vdq open");
	cr_expect_not(uses_of(DISK)->is_held);
}

Test(uses, a_process_has_the_group_open)
{
	machine_link("../../drivers/vfio-pci", "sys/bus/pci/devices/" NIC "/driver");
	machine_file("", "dev/vfio/7");
	open_by_process("vfio/7");
	expect_use(NIC, "process 4711 (copier) has /dev/vfio/7 open");
	cr_expect(uses_of(NIC)->is_held);
}

/* In a container, whose /dev is not ours. */
Test(uses, a_process_has_the_group_open_by_another_path)
{
	machine_link("../../drivers/vfio-pci", "sys/bus/pci/devices/" NIC "/driver");
	machine_link("/dev/full", "dev/vfio/7");
	machine_link("/dev/full", "proc/4711/fd/9");
	machine_link("/dev/zero", "proc/4712/fd/9");
	machine_link("/etc/passwd", "proc/4713/fd/9");
	machine_link("socket:[4711]", "proc/4714/fd/9");
	machine_file("forwarder", "proc/4711/comm");
	expect_use(NIC, "process 4711 (forwarder) has /dev/vfio/7 open");
	cr_expect(uses_of(NIC)->is_held);
}

Test(uses, a_process_has_the_functions_own_file_open)
{
	machine_link("../../drivers/vfio-pci", "sys/bus/pci/devices/" NIC "/driver");
	machine_link("../../../../class/vfio-dev",
		"sys/bus/pci/devices/" NIC "/vfio-dev/vfio3/subsystem");
	machine_file("DEVNAME=vfio/devices/vfio3",
		"sys/bus/pci/devices/" NIC "/vfio-dev/vfio3/uevent");
	open_by_process("vfio/devices/vfio3");
	expect_use(NIC, "process 4711 (copier) has /dev/vfio/devices/vfio3 open");
	cr_expect(uses_of(NIC)->is_held);
}

/* Names of processes, mounts and interfaces may have any bytes, and end on a terminal. */
Test(uses, names_that_control_a_terminal)
{
	char text[64];

	open_by_process("vdq");
	machine_file("\033[2J\xff", "proc/4711/comm");
	expect_use(DISK, "process 4711 (\\x1b[2J\\xff) has /dev/vdq open");
	machine_file("25 1 254:240 / /srv\033[2J rw - ext4 /dev/vdq rw", "proc/self/mountinfo");
	machine_read();
	cr_expect_neq(strstr(inventory_find(&inventory, DISK)->uses.text[0],
			      "vdq is mounted on /srv\\x1b[2J"),
		NULL);
	machine_link("../../../class/net",
		"sys/bus/pci/devices/" NIC "/virtio5/net/e\033[2J/subsystem");
	machine_read();
	names_list(&inventory_find(&inventory, NIC)->nodes, text, sizeof(text));
	cr_expect_eq(strchr(text, '\033'), NULL, "%s", text);
	cr_expect_neq(strstr(text, "e\\x1b[2J"), NULL, "%s", text);
}

Test(uses, another_driver)
{
	machine_link("../../drivers/xen-pciback", "sys/bus/pci/devices/" NIC "/driver");
	expect_use(NIC, "the kernel driver xen-pciback serves the system with it");
}

/* The kernel refuses the exclusive open of a disk that a mount elsewhere has claimed. */
static int open_error;
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);

int __wrap_open64(const char *path, int flags, ...)
{
	const char *name = strrchr(path, '/');

	if (open_error != 0 && (flags & O_EXCL) != 0 && name != NULL && strcmp(name, "/vdq") == 0) {
		errno = open_error;
		return -1;
	}
	return __real_open64(path, flags, 0666);
}

Test(uses, a_disk_that_the_kernel_has_claimed)
{
	open_error = EBUSY;
	expect_use(DISK, "disk vdq is claimed by the kernel");
	cr_expect_eq(uses_of(NIC)->count, 0);
}

/* In a container without the disk's file, or whose rules forbid it. */
Test(uses, a_disk_that_cannot_be_checked)
{
	static const int errors[] = {EPERM, ENXIO, EIO, EMFILE, ENODEV};
	char path[256];

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		open_error = errors[i];
		expect_use(DISK, "disk vdq can't be checked: /dev/vdq: ");
		cr_expect_neq(strstr(uses_of(DISK)->text[0], strerror(errors[i])), NULL, "%s",
			uses_of(DISK)->text[0]);
	}
	open_error = 0;
	snprintf(path, sizeof(path), "%s/vdq", folders.dev);
	cr_assert_eq(unlink(path), 0);
	expect_use(DISK, "disk vdq can't be checked: /dev/vdq: No such file or directory");
	machine_file("", DISK_FOLDER "/uevent");
	expect_use(DISK, "disk vdq can't be checked: its file in /dev is unknown");
}

/* A claimed partition would keep the whole disk from being opened. */
Test(uses, a_partition_without_a_file)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/vdq1", folders.dev);
	cr_assert_eq(unlink(path), 0);
	cr_expect_eq(uses_of(DISK)->count, 0);
}

/* Nothing is mounted from a drive without a medium; and only root binds anything. */
Test(uses, disks_that_need_no_check)
{
	open_error = ENOMEDIUM;
	cr_expect_eq(uses_of(DISK)->count, 0);
	open_error = EROFS;
	cr_expect_eq(uses_of(DISK)->count, 0);
	open_error = EACCES;
	cr_expect_eq(uses_of(DISK)->count, geteuid() == 0 ? 1 : 0);
}

static void lose_interface(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/bus/pci/devices/" NIC "/virtio5/net/eth5/subsystem",
		folders.sysfs);
	cr_assert_eq(unlink(path), 0);
}

Test(uses, an_interface_in_another_namespace)
{
	lose_interface();
	expect_use(NIC, "its interface is in another network namespace");
	cr_expect_eq(uses_of(OTHER_NIC)->count, 0);
}

#define VIRTIO_FOLDER "sys/bus/pci/devices/" NIC "/virtio5"

static void give_virtio_driver(const char *driver)
{
	lose_interface();
	machine_link(driver, VIRTIO_FOLDER "/driver");
}

Test(uses, a_mounted_9p_share)
{
	give_virtio_driver("../../bus/virtio/drivers/9pnet_virtio");
	machine_file("home", VIRTIO_FOLDER "/mount_tag");
	machine_file("25 1 0:44 / /mnt rw - 9p other rw", "proc/self/mountinfo");
	cr_expect_eq(uses_of(NIC)->count, 0);
	machine_file("25 1 0:44 / /home rw - 9p home rw", "proc/self/mountinfo");
	expect_use(NIC, "share home is mounted on /home");
}

/* sysfs does not have its tag: any mount of the kind may be the one. */
Test(uses, a_mounted_virtiofs_share)
{
	give_virtio_driver("../../bus/virtio/drivers/virtiofs");
	machine_file("25 1 0:44 / /mnt rw - tmpfs any rw", "proc/self/mountinfo");
	cr_expect_eq(uses_of(NIC)->count, 0);
	machine_file("25 1 0:44 / /mnt rw - virtiofs any rw", "proc/1/mountinfo");
	expect_use(NIC, "share any is mounted on /mnt");
}

Test(uses, the_kernels_random_numbers)
{
	give_virtio_driver("../../bus/virtio/drivers/virtio_rng");
	machine_file("tpm-rng-0", "sys/class/misc/hw_random/rng_current");
	cr_expect_eq(uses_of(NIC)->count, 0);
	machine_file("virtio_rng.0", "sys/class/misc/hw_random/rng_current");
	expect_use(NIC, "the kernel takes its random numbers from virtio_rng.0");
}

Test(uses, drivers_whose_users_are_unknown)
{
	static const char *const drivers[] = {"virtio_balloon", "virtio_console",
		"vmw_vsock_virtio_transport"};
	char word[128];

	lose_interface();
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		machine_link(drivers[i], VIRTIO_FOLDER "/driver");
		snprintf(word, sizeof(word), "the kernel driver %s serves the system with it",
			drivers[i]);
		expect_use(NIC, word);
	}
}

Test(uses, a_process_has_the_uio_file_open)
{
	machine_link("../../drivers/uio_pci_generic", "sys/bus/pci/devices/" NIC "/driver");
	machine_link("../../../../class/uio", "sys/bus/pci/devices/" NIC "/uio/uio0/subsystem");
	machine_file("DEVNAME=uio0", "sys/bus/pci/devices/" NIC "/uio/uio0/uevent");
	cr_expect_eq(uses_of(NIC)->count, 0);
	open_by_process("uio0");
	expect_use(NIC, "process 4711 (copier) has /dev/uio0 open");
	cr_expect(uses_of(NIC)->is_held);
}
