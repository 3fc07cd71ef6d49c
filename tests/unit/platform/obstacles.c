/* SPDX-License-Identifier: BSD-3-Clause */
/* Obstacles between a function and the program, found by the state of a machine. */
#include <kickless/discover.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "finish.h"
#include "folders.h"
#include "platform/iommu.h"
#include "platform/obstacles.h"

#define ALL_CAPABILITIES "000001ffffffffff"
#define WITHOUT_RAWIO "000001fffffdffff"
#define WITHOUT_LOCK "000001ffffffbfff"
#define UNSAFE "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"
#define UNSAFE_IOMMUFD "sys/module/iommufd/parameters/allow_unsafe_interrupts"
#define NOIOMMU "sys/module/vfio/parameters/enable_unsafe_noiommu_mode"

static struct kl_obstacle obstacles[KL_OBSTACLES_MAX];
static size_t count;

static void look(void)
{
	count = kl_function_obstacles(&folders, FUNCTION, 1 << 20, obstacles);
}

static void expect_none(void)
{
	look();
	for (size_t i = 0; i < count; i++)
		cr_expect(false, "%s", obstacles[i].text);
}

static void expect_only(enum kl_obstacle_kind kind, int error, const char *word)
{
	look();
	cr_assert_eq(count, 1);
	cr_expect_eq(obstacles[0].kind, kind);
	cr_expect_eq(obstacles[0].error, error);
	cr_expect_neq(strstr(obstacles[0].text, word), NULL, "%s", obstacles[0].text);
}

TestSuite(obstacles, .init = folders_make, .fini = folders_remove);

/* A kernel with /dev/iommu and a file for the function itself. */
static void add_cdev(void)
{
	folders_file("sys/bus/pci/devices/" FUNCTION "/vfio-dev/vfio12/dev", "511:0");
	folders_file("dev/vfio/devices/vfio12", "");
	folders_file("dev/iommu", "");
}

Test(obstacles, none_behind_an_iommu)
{
	folders_capabilities(ALL_CAPABILITIES);
	folders_function("vfio-pci");
	folders_group(3, "");
	expect_none();
}

Test(obstacles, no_such_function)
{
	expect_only(KL_OBSTACLE_ABSENT, -ENODEV, "no such PCI function");
}

Test(obstacles, bound_to_the_kernels_driver)
{
	folders_capabilities(ALL_CAPABILITIES);
	folders_function("virtio-pci");
	folders_group(3, "");
	expect_only(KL_OBSTACLE_DRIVER, -EBUSY, "kickless-devbind -b vfio-pci");
}

/* Each case of having no group has another way out. */
Test(obstacles, no_group)
{
	folders_capabilities(ALL_CAPABILITIES);
	folders_function("vfio-pci");
	expect_only(KL_OBSTACLE_IOMMU, -ENODEV, "modprobe vfio enable_unsafe_noiommu_mode=1");
	folders_file("sys/module/vfio/x", "");
	expect_only(KL_OBSTACLE_IOMMU, -ENODEV, "CONFIG_VFIO_NOIOMMU");
	folders_file(NOIOMMU, "N");
	expect_only(KL_OBSTACLE_IOMMU, -ENODEV, "echo Y > /sys/module/vfio/parameters/");
	folders_file(NOIOMMU, "Y");
	expect_only(KL_OBSTACLE_IOMMU, -ENODEV, "bind it again");
}

Test(obstacles, no_group_before_binding_in_noiommu_mode)
{
	folders_capabilities(ALL_CAPABILITIES);
	folders_function("virtio-pci");
	folders_file(NOIOMMU, "Y");
	expect_only(KL_OBSTACLE_DRIVER, -EBUSY, "virtio-pci");
}

/* Nothing is mapped there, so what may be locked does not matter; the right to all memory does. */
Test(obstacles, noiommu)
{
	folders_function("vfio-pci");
	folders_group(0, "vfio-noiommu");
	folders_capabilities(ALL_CAPABILITIES);
	expect_none();
	folders_capabilities(WITHOUT_RAWIO);
	expect_only(KL_OBSTACLE_RIGHTS, -EACCES, "CAP_SYS_RAWIO");
	cr_expect_neq(strstr(obstacles[0].text, "/dev/vfio/noiommu-0"), NULL);
	cr_expect(kl__iommu_group_is_noiommu(&folders, 0));
	cr_expect_eq(kl__iommu_groups(&folders), KL__IOMMU_GROUPS_NOIOMMU);
	folders_group(1, "");
	cr_expect_eq(kl__iommu_groups(&folders), KL__IOMMU_GROUPS_IOMMU);
	cr_expect_not(kl__iommu_group_is_noiommu(&folders, 1));
}

Test(obstacles, interrupts_that_are_not_remapped)
{
#if defined(__x86_64__)
	folders_capabilities(ALL_CAPABILITIES);
	folders_function("vfio-pci");
	folders_group(3, "");
	folders_file("sys/bus/pci/devices/" FUNCTION "/iommu/intel-iommu/cap", "0");
	expect_none();
	folders_link("sys/bus/pci/devices/" FUNCTION "/iommu/device", "../../../virtio0");
	expect_only(KL_OBSTACLE_INTERRUPTS, -EACCES,
		"modprobe vfio_iommu_type1 allow_unsafe_interrupts=1");
	folders_file(UNSAFE, "N");
	expect_only(KL_OBSTACLE_INTERRUPTS, -EACCES, "echo Y > /" UNSAFE);
	folders_file(UNSAFE, "Y");
	expect_none();
	/* Of the two ways each has a parameter of its own, and one that is allowed is enough. */
	add_cdev();
	expect_none();
	folders_file(UNSAFE, "N");
	expect_only(KL_OBSTACLE_INTERRUPTS, -EACCES, "modprobe iommufd allow_unsafe_interrupts=1");
	folders_file(UNSAFE_IOMMUFD, "N");
	expect_only(KL_OBSTACLE_INTERRUPTS, -EACCES, "echo Y > /" UNSAFE_IOMMUFD);
	folders_file(UNSAFE, "N");
	folders_file(UNSAFE_IOMMUFD, "Y");
	expect_none();
#endif
}

/* The function is in use, whichever way the other process has gone. */
Test(obstacles, in_use_either_way)
{
	static const char *const files[] = {"vfio/3", "vfio/devices/vfio12"};
	char target[512];

	folders_capabilities(ALL_CAPABILITIES);
	folders_function("vfio-pci");
	folders_group(3, "");
	add_cdev();
	expect_none();
	folders_file("proc/4711/comm", "dpdk-testpmd");
	for (unsigned int i = 0; i < 2; i++) {
		snprintf(target, sizeof(target), "%s/%s", folders.dev, files[i]);
		folders_link("proc/4711/fd/5", target);
		expect_only(KL_OBSTACLE_BUSY, -EBUSY, "process 4711 (dpdk-testpmd)");
		cr_expect_neq(strstr(obstacles[0].text, files[i]), NULL, "%s", obstacles[0].text);
	}
}

Test(obstacles, too_little_may_be_locked)
{
	const struct rlimit little = {65536, 65536};

	cr_assert_eq(setrlimit(RLIMIT_MEMLOCK, &little), 0);
	folders_capabilities(WITHOUT_LOCK);
	folders_function("vfio-pci");
	folders_group(3, "");
	expect_only(KL_OBSTACLE_MEMLOCK, -ENOMEM, "may lock 64 KiB");
	folders_group(3, "vfio-noiommu");
	expect_none();
	folders_group(4, "");
	folders_capabilities(ALL_CAPABILITIES);
	expect_none();
}

static void bind_to_uio(void)
{
	folders_capabilities(ALL_CAPABILITIES);
	folders_function("uio_pci_generic");
	folders_file("sys/bus/pci/devices/" FUNCTION "/uio/uio3/name", "uio_pci_generic");
	folders_file("dev/uio3", "");
}

Test(obstacles, none_for_uio)
{
	bind_to_uio();
	expect_none();
	folders_group(3, "");
	folders_file("sys/kernel/iommu_groups/3/type", "identity");
	expect_none();
}

/* Addresses that an IOMMU translates are for VFIO to map. */
Test(obstacles, uio_behind_an_iommu)
{
	bind_to_uio();
	folders_group(3, "");
	folders_file("sys/kernel/iommu_groups/3/type", "DMA-FQ");
	expect_only(KL_OBSTACLE_IOMMU, -EINVAL, "kickless-devbind -b vfio-pci " FUNCTION);
}

Test(obstacles, uio_without_the_right_to_physical_addresses)
{
	bind_to_uio();
	folders_capabilities("0");
	expect_only(KL_OBSTACLE_RIGHTS, -EACCES, "run as root");
}

Test(obstacles, uio_held_by_another)
{
	char target[512];

	bind_to_uio();
	snprintf(target, sizeof(target), "%s/uio3", folders.dev);
	folders_file("proc/4711/comm", "dpdk-testpmd");
	folders_link("proc/4711/fd/5", target);
	expect_only(KL_OBSTACLE_BUSY, -EBUSY, "process 4711 (dpdk-testpmd)");
}

Test(obstacles, uio_without_a_file)
{
	folders_capabilities(ALL_CAPABILITIES);
	folders_function("uio_pci_generic");
	expect_only(KL_OBSTACLE_RIGHTS, -ENODEV, "bind it again");
}

/* In a container sysfs is read-only, and root has no more rights there than anybody. */
Test(obstacles, files_that_can_not_be_opened)
{
	capture_log();
	cr_expect_eq(kl__open_explain(FUNCTION, "/sys/config", EROFS), -EACCES);
	cr_expect(logged(FUNCTION) && logged("/sys/config") && logged("vfio-pci"), "%s",
		log_text());
	cr_expect_not(logged("run as root"), "%s", log_text());
	forget_log();
	cr_expect_eq(kl__open_explain(FUNCTION, "/dev/uio0", EACCES), -EACCES);
	cr_expect(logged(geteuid() == 0 ? "locked down" : "run as root"), "%s", log_text());
	cr_expect_eq(kl__open_explain(FUNCTION, "/dev/uio0", ENOENT), -ENODEV);
	cr_expect(logged("container"), "%s", log_text());
}
