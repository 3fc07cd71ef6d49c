/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of the kernel with contents that nobody expects: refused or cut, never misread. */
#include "platform/sysfs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "folders.h"
#include "platform/iommu.h"
#include "platform/pci.h"

#define DEVICE "sys/bus/pci/devices/" FUNCTION
#define PAGES "sys/kernel/mm/hugepages/hugepages-2048kB"

TestSuite(sysfs, .init = folders_make, .fini = folders_remove);

/* A file of exactly these bytes. */
static void write_bytes(const char *bytes, size_t count)
{
	char path[PATH_MAX];
	FILE *file;

	folders_file("sys/file", "");
	snprintf(path, sizeof(path), "%s/file", folders.sysfs);
	file = fopen(path, "w");
	cr_assert_neq(file, NULL);
	cr_assert_eq(fwrite(bytes, 1, count, file), count);
	fclose(file);
}

static int read_number(const char *bytes, long long *value)
{
	write_bytes(bytes, strlen(bytes));
	*value = 77;
	return kl__read_number(value, "%s/file", folders.sysfs);
}

Test(sysfs, numbers)
{
	static const struct {
		const char *bytes;
		long long value;
	} good[] = {{"5\n", 5}, {"5", 5}, {"0x1af4\n", 0x1af4}, {"-1\n", -1}, {"  7 \n", 7},
		{"5\n6\n", 5}, {"9223372036854775807", LLONG_MAX}};
	static const char *const bad[] = {"", "\n", " \n", "x", "0x", "12abc", "1 2", "1.5", "--1",
		"99999999999999999999", "-99999999999999999999", "\x01",
		"000000000000000000000000000000000000000000000000000000000000000000000001"};
	long long value;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		cr_expect_eq(read_number(good[i].bytes, &value), 0, "'%s'", good[i].bytes);
		cr_expect_eq(value, good[i].value, "'%s'", good[i].bytes);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_eq(read_number(bad[i], &value), -EINVAL, "'%s'", bad[i]);
		cr_expect_eq(value, 77, "'%s'", bad[i]);
	}
	cr_expect_eq(kl__read_number(&value, "%s/none", folders.sysfs), -ENOENT);
	cr_expect_eq(kl__read_number(&value, "%s", folders.sysfs), -EISDIR);
}

Test(sysfs, texts)
{
	static char huge[1 << 20];
	char text[16];

	memset(huge, 'a', sizeof(huge));
	write_bytes(huge, sizeof(huge));
	cr_expect_eq(kl__read_text(text, sizeof(text), "%s/file", folders.sysfs), 0);
	cr_expect_str_eq(text, "aaaaaaaaaaaaaaa");
	write_bytes("no end", 6);
	cr_expect_eq(kl__read_text(text, sizeof(text), "%s/file", folders.sysfs), 0);
	cr_expect_str_eq(text, "no end");
	write_bytes("a\0b\n", 4);
	cr_expect_eq(kl__read_text(text, sizeof(text), "%s/file", folders.sysfs), 0);
	cr_expect_str_eq(text, "a");
	write_bytes("", 0);
	cr_expect_eq(kl__read_text(text, sizeof(text), "%s/file", folders.sysfs), 0);
	cr_expect_str_eq(text, "");
	cr_expect_eq(kl__read_text(text, sizeof(text), "%s/none", folders.sysfs), -ENOENT);
	cr_expect_eq(kl__read_text(text, sizeof(text), "%s", folders.sysfs), -EISDIR);
	cr_expect_str_eq(text, "");
}

Test(sysfs, ids)
{
	uint16_t vendor, device, subsystem;

	folders_function("virtio-pci");
	cr_expect_eq(kl__pci_read_ids(&folders, FUNCTION, &vendor, &device, &subsystem), 0);
	cr_expect_eq(vendor, 0x1af4);
	/* The last digits are those of virtio. */
	folders_file(DEVICE "/vendor", "0x11af4");
	cr_expect_eq(kl__pci_read_ids(&folders, FUNCTION, &vendor, &device, &subsystem), -ENODEV);
	folders_file(DEVICE "/vendor", "0x1af4");
	folders_file(DEVICE "/device", "-1");
	cr_expect_eq(kl__pci_read_ids(&folders, FUNCTION, &vendor, &device, &subsystem), -ENODEV);
}

Test(sysfs, nodes)
{
	static const char *const lines[] = {"", "x", "-1", "-4294967296", "4294967296",
		"2147483648", "1048576", "99999999999999999999"};

	folders_function("virtio-pci");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		folders_file(DEVICE "/numa_node", lines[i]);
		cr_expect_eq(kl__numa_from_function(&folders, FUNCTION), -1, "'%s'", lines[i]);
	}
}

Test(sysfs, groups)
{
	static const char *const targets[] = {"../../kernel/iommu_groups/x", "", "/",
		"../groups/-1", "../groups/1x", "../groups/99999999999", "../groups/ "};

	folders_function("virtio-pci");
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		if (targets[i][0] != '\0')
			folders_link(DEVICE "/iommu_group", targets[i]);
		cr_expect_eq(kl__iommu_group_find(&folders, FUNCTION), -1, "'%s'", targets[i]);
	}
}

Test(sysfs, hugepages)
{
	char command[128];

	cr_expect_eq(kl_hugepages_free(&folders), 0);
	folders_file(PAGES "/free_hugepages", "4");
	folders_file("sys/kernel/mm/hugepages/hugepages-xkB/free_hugepages", "4");
	folders_file("sys/kernel/mm/hugepages/other/free_hugepages", "4");
	cr_expect_eq(kl_hugepages_free(&folders), 8 << 20);
	folders_file(PAGES "/resv_hugepages", "9");
	cr_expect_eq(kl_hugepages_free(&folders), 0);
	folders_file(PAGES "/resv_hugepages", "-9223372036854775807");
	cr_expect_eq(kl_hugepages_free(&folders), 8 << 20);
	folders_file(PAGES "/nr_overcommit_hugepages", "9223372036854775807");
	folders_file(PAGES "/surplus_hugepages", "-2");
	cr_expect_eq(kl_hugepages_free(&folders), 8 << 20);
	folders_file(PAGES "/free_hugepages", "many");
	cr_expect_eq(kl_hugepages_free(&folders), 0);
	folders_file(PAGES "/nr_hugepages", "-5");
	cr_expect_str_eq(kl_hugepages_command(&folders, 2 << 20, command, sizeof(command)),
		"echo 1 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
}
