/* SPDX-License-Identifier: BSD-3-Clause */
/* The files by which a function is opened, chosen by the looks of a machine. */
#include "platform/vfio_files.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "folders.h"

static struct kl__vfio_files files;

static void find(enum kl__vfio_way way)
{
	kl__vfio_files_find(&folders, FUNCTION, way, &files);
}

static void expect_path(const char *path, const char *end)
{
	char full[512];

	snprintf(full, sizeof(full), "%s/%s", folders.dev, end);
	cr_expect_str_eq(path, full);
}

static void expect_group(void)
{
	cr_expect_not(files.is_cdev);
	expect_path(files.space, "vfio/vfio");
	expect_path(files.function, "vfio/3");
}

static void expect_cdev(void)
{
	cr_expect(files.is_cdev);
	expect_path(files.space, "iommu");
	expect_path(files.function, "vfio/devices/vfio12");
}

TestSuite(vfio_files, .init = folders_make, .fini = folders_remove);

static void add_cdev(void)
{
	folders_file("sys/bus/pci/devices/" FUNCTION "/vfio-dev/vfio12/dev", "511:0");
	folders_file("dev/vfio/devices/vfio12", "");
}

/* Each of the two files is needed; the folder of the function alone is in Linux 6.1, too. */
Test(vfio_files, automatic)
{
	folders_function("vfio-pci");
	folders_group(3, "");
	find(KL__VFIO_AUTO);
	expect_group();
	cr_expect_eq(files.group, 3);
	cr_expect_not(files.is_noiommu);
	folders_file("sys/bus/pci/devices/" FUNCTION "/vfio-dev/vfio12/power", "");
	find(KL__VFIO_AUTO);
	expect_group();
	add_cdev();
	find(KL__VFIO_AUTO);
	expect_group();
	folders_file("dev/iommu", "");
	find(KL__VFIO_AUTO);
	expect_cdev();
	cr_expect_eq(files.group, 3);
}

Test(vfio_files, chosen)
{
	folders_function("vfio-pci");
	folders_group(3, "");
	add_cdev();
	find(KL__VFIO_CDEV);
	expect_cdev();
	folders_file("dev/iommu", "");
	find(KL__VFIO_GROUP);
	expect_group();
}

/* A machine that allows them for groups works with a newer kernel as it did before. */
Test(vfio_files, interrupts_allowed_for_groups_only)
{
#if defined(__x86_64__)
	folders_function("vfio-pci");
	folders_group(3, "");
	add_cdev();
	folders_file("dev/iommu", "");
	folders_file("sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "Y");
	find(KL__VFIO_AUTO);
	expect_cdev();
	folders_link("sys/bus/pci/devices/" FUNCTION "/iommu/device", "../../../virtio0");
	find(KL__VFIO_AUTO);
	expect_group();
	folders_file("sys/module/iommufd/parameters/allow_unsafe_interrupts", "Y");
	find(KL__VFIO_AUTO);
	expect_cdev();
	folders_file("sys/module/iommufd/parameters/allow_unsafe_interrupts", "N");
	folders_file("sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "N");
	find(KL__VFIO_AUTO);
	expect_cdev();
#endif
}

/* No-IOMMU mode is there for groups only. */
Test(vfio_files, without_an_iommu)
{
	folders_function("vfio-pci");
	folders_group(3, "vfio-noiommu");
	add_cdev();
	folders_file("dev/iommu", "");
	find(KL__VFIO_AUTO);
	cr_expect_not(files.is_cdev);
	cr_expect(files.is_noiommu);
	expect_path(files.function, "vfio/noiommu-3");
}

/* A kernel without groups has the one way, whether it may be opened or not. */
Test(vfio_files, without_groups)
{
	folders_function("vfio-pci");
	folders_link("sys/bus/pci/devices/" FUNCTION "/iommu_group",
		"../../../kernel/iommu_groups/3");
	folders_file("sys/kernel/iommu_groups/3/x", "");
	add_cdev();
	folders_file("dev/iommu", "");
	find(KL__VFIO_AUTO);
	expect_cdev();
}
