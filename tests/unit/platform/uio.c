/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/uio.h"
#include "platform/uio_sysfs.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "folders.h"

#define SYSFS "sys/bus/pci/devices/" FUNCTION "/"

TestSuite(uio, .init = folders_make, .fini = folders_remove);

Test(uio, its_file)
{
	folders_function("uio_pci_generic");
	cr_expect(kl__uio_is_bound(&folders, FUNCTION));
	cr_expect_eq(kl__uio_number(&folders, FUNCTION), -1);
	folders_file(SYSFS "uio/uio17/name", "uio_pci_generic");
	cr_expect_eq(kl__uio_number(&folders, FUNCTION), 17);
}

Test(uio, another_driver)
{
	folders_function("vfio-pci");
	cr_expect_not(kl__uio_is_bound(&folders, FUNCTION));
	cr_expect_not(kl__uio_is_bound(&folders, "0000:00:06.0"));
}

Test(uio, is_used)
{
	cr_expect_not(kl__uio_is_used(&folders));
	folders_file("sys/bus/pci/drivers/uio_pci_generic/bind", "");
	cr_expect_not(kl__uio_is_used(&folders));
	folders_link("sys/bus/pci/drivers/uio_pci_generic/" FUNCTION, "../nowhere");
	cr_expect(kl__uio_is_used(&folders));
}

/* A file that a BAR of this size would be, each byte its offset. */
static void make_bar(unsigned int bar, size_t size)
{
	char path[PATH_MAX], name[64];
	FILE *file;

	snprintf(name, sizeof(name), SYSFS "resource%u", bar);
	folders_file(name, "");
	snprintf(path, sizeof(path), "%s/bus/pci/devices/" FUNCTION "/resource%u", folders.sysfs,
		bar);
	file = fopen(path, "w");
	for (size_t i = 0; i < size; i++)
		fputc((int)(i & 0xff), file);
	fclose(file);
}

static void close_bar(struct kl__region *region)
{
	kl__region_close(region);
	if (region->fd >= 0)
		close(region->fd);
}

#define TABLE \
	"0x000000000000c000 0x000000000000c01f 0x0000000000040101\n" \
	"0x00000000fe000000 0x00000000fe001fff 0x0000000000140204\n" \
	"0x0000000000000000 0x0000000000000000 0x0000000000000000\n" \
	"0x00000000fe003800 0x00000000fe003fff 0x0000000000040200\n" \
	"0x00000000fe004000 0x00000000fe0041ff 0x0000000000040200"

/* Memory is mapped; ports are read and written; a BAR within a page is out of reach. */
Test(uio, bars)
{
	struct kl__region region;

	folders_function("uio_pci_generic");
	folders_file(SYSFS "resource", TABLE);
	make_bar(0, 32);
	make_bar(1, 8192);
	make_bar(3, 2048);
	make_bar(4, 512);

	kl__uio_bar_open(&folders, FUNCTION, 0, &region);
	cr_expect_eq(region.size, 32);
	cr_expect_eq(kl__region_pointer(&region, 0, 4), NULL, "ports are not mapped");
	cr_expect_eq(kl__region_read_register(&region, 4, 4), 0x07060504);
	kl__region_write_register(&region, 16, 2, 0xbeef);
	cr_expect_eq(kl__region_read_register(&region, 16, 2), 0xbeef);
	cr_expect_eq(kl__region_read_register(&region, 31, 1), 31);
	cr_expect_eq(kl__region_read_register(&region, 32, 1), 0xff, "beyond its end");
	close_bar(&region);

	kl__uio_bar_open(&folders, FUNCTION, 1, &region);
	cr_expect_eq(region.size, 8192);
	cr_expect_neq(kl__region_pointer(&region, 8188, 4), NULL);
	cr_expect_eq(kl__region_pointer(&region, 8190, 4), NULL);
	cr_expect_eq(kl__region_read_register(&region, 4096 + 6, 2), 0x0706);
	close_bar(&region);

	kl__uio_bar_open(&folders, FUNCTION, 2, &region);
	cr_expect_eq(region.size, 0, "there is none");
	cr_expect_eq(region.fd, -1);

	kl__uio_bar_open(&folders, FUNCTION, 3, &region);
	cr_expect_eq(region.size, 0, "its page begins with another's registers");
	close_bar(&region);

	kl__uio_bar_open(&folders, FUNCTION, 4, &region);
	cr_expect_eq(region.size, 512);
	cr_expect_eq(kl__region_read_register(&region, 256 + 8, 4), 0x0b0a0908);
	close_bar(&region);

	kl__uio_bar_open(&folders, FUNCTION, 5, &region);
	cr_expect_eq(region.size, 0, "the table is shorter");
	cr_expect_eq(region.fd, -1);
}

Test(uio, bars_without_files)
{
	struct kl__region region;

	folders_function("uio_pci_generic");
	kl__uio_bar_open(&folders, FUNCTION, 0, &region);
	cr_expect_eq(region.size, 0);
	folders_file(SYSFS "resource", TABLE);
	kl__uio_bar_open(&folders, FUNCTION, 0, &region);
	cr_expect_eq(region.size, 0);
	cr_expect_eq(region.fd, -1);
}
