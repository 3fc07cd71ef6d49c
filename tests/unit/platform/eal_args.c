/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/eal_args.h"

#include <string.h>

#include <criterion/criterion.h>

static struct kl__eal_args args;

static void choose(const struct kl__eal_facts *facts, const char *option)
{
	char *argv[] = {(char *)"program", (char *)(uintptr_t)option, NULL};

	kl__eal_args_choose(option != NULL ? 2 : 1, argv, facts, &args);
}

static bool has(const char *arg)
{
	for (int i = 0; i < args.count; i++)
		if (strcmp(args.arg[i], arg) == 0)
			return true;
	return false;
}

static const struct kl__eal_facts behind_an_iommu = {.hugepages_free = UINT64_C(512) << 20,
	.sees_physical = true};
static const struct kl__eal_facts noiommu = {.hugepages_free = UINT64_C(512) << 20,
	.sees_physical = true,
	.only_noiommu = true};

Test(eal_args, an_iommu_leaves_the_choice_to_dpdk)
{
	choose(&behind_an_iommu, NULL);
	cr_expect(has("--in-memory"));
	cr_expect_not(has("--iova-mode=pa"));
	cr_expect_not(has("--iova-mode=va"));
}

Test(eal_args, noiommu_takes_physical_addresses)
{
	choose(&noiommu, NULL);
	cr_expect(has("--iova-mode=pa"));
	choose(&noiommu, "--iova-mode=va");
	cr_expect_not(has("--iova-mode=pa"), "the user knows better");
}

/* Both are logged when the device is opened, where more is known than DPDK would log here. */
Test(eal_args, noiommu_without_what_it_takes)
{
	struct kl__eal_facts facts = noiommu;

	facts.sees_physical = false;
	choose(&facts, NULL);
	cr_expect_not(has("--iova-mode=pa"));
	facts = noiommu;
	facts.hugepages_free = 0;
	choose(&facts, NULL);
	cr_expect(has("--no-huge"));
	cr_expect(has("--iova-mode=va"));
}

Test(eal_args, no_group_at_all)
{
	const struct kl__eal_facts facts = {.no_groups = true};

	choose(&facts, NULL);
	cr_expect(has("--iova-mode=va"));
	cr_expect(has("--no-pci"));
}

/* EAL knows nothing of UIO, and VFIO maps physical addresses too. */
Test(eal_args, uio_takes_physical_addresses)
{
	struct kl__eal_facts facts = behind_an_iommu;

	facts.uses_uio = true;
	choose(&facts, NULL);
	cr_expect(has("--iova-mode=pa"));
	facts.no_groups = true;
	choose(&facts, NULL);
	cr_expect(has("--iova-mode=pa"));
	cr_expect_not(has("--iova-mode=va"));
	facts.sees_physical = false;
	choose(&facts, NULL);
	cr_expect(has("--iova-mode=va"));
}

static const char *find_device_option(const char *first, const char *second)
{
	char *argv[] = {(char *)"program", (char *)(uintptr_t)first, (char *)(uintptr_t)second,
		(char *)"--", (char *)"-a", NULL};

	return kl__eal_device_option(5, argv);
}

Test(eal_args, options_for_devices)
{
	cr_expect_null(find_device_option("-l", "0,1"));
	cr_expect_null(find_device_option("--no-pci", "--base-virtaddr=0x100000000"));
	cr_expect_str_eq(find_device_option("-a", "0000:00:05.0"), "-a");
	cr_expect_str_eq(find_device_option("--no-huge", "-b0000:00:05.0"), "-b");
	cr_expect_str_eq(find_device_option("--vdev", "net_virtio_user0"), "--vdev");
	cr_expect_str_eq(find_device_option("--no-huge", "--allow=0000:00:05.0"), "--allow");
}
