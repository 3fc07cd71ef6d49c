/* SPDX-License-Identifier: BSD-3-Clause */
#include <kickless/eal.h>

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memory.h>

#include <kickless/discover.h>
#include <kickless/log.h>

#include "platform/process.h"
#include "platform/eal_args.h"
#include "platform/eal_state.h"
#include "platform/iommu.h"
#include "platform/sysfs.h"
#include "platform/uio_sysfs.h"

static struct kl__eal_facts read_facts(void)
{
	enum kl__iommu_groups groups = kl__iommu_groups(&kl_machine_current);

	return (struct kl__eal_facts){
		.hugepages_free = kl_hugepages_free(&kl_machine_current),
		.only_noiommu = groups == KL__IOMMU_GROUPS_NOIOMMU,
		.sees_physical = kl__process_has_capability(&kl_machine_current, CAP_SYS_ADMIN),
		.uses_uio = kl__uio_is_used(&kl_machine_current),
		.no_groups = groups == KL__IOMMU_GROUPS_NONE,
	};
}

static void log_no_hugepages(const struct kl__eal_facts *facts)
{
	char command[128];

	kl_notice(
		"%llu MiB in hugepages are free, so memory comes in 4 KiB pages: slower, and not possible "
		"for devices in no-IOMMU mode; to get hugepages run as root: %s",
		(unsigned long long)(facts->hugepages_free >> 20),
		kl_hugepages_command(&kl_machine_current, UINT64_C(512) << 20, command,
			sizeof(command)));
}

/* EAL has printed what it knows; this is the remedy. */
static int explain_failure(int argc, char **argv, const struct kl__eal_facts *facts)
{
	char command[128];
	const char *device_option = kl__eal_device_option(argc, argv);
	uint64_t wanted;

	if (rte_errno == ENODEV && device_option != NULL) {
		kl_error(
			"DPDK has no driver here for the device of its option %s; leave the option out: a virtio "
			"device is chosen by the name given to kl_device_open alone, such as 0000:00:05.0 or "
			"vhost-user:PATH",
			device_option);
		return -EINVAL;
	}
	switch (rte_errno) {
	case EINVAL:
		kl_error(
			"DPDK does not accept its options, those before \"--\"; its own message stands "
			"above, and the option -h lists what it accepts");
		return -EINVAL;
	case EALREADY:
		kl_error("DPDK was started already, and can be started only once per process");
		return -EINVAL;
	case EACCES:
		kl_error(
			"DPDK can't read what hugepages there are: the folder in which hugetlbfs is mounted "
			"belongs to another user; run as that user, or with --no-huge");
		return -EACCES;
	case ENOMEM:
	case ENODEV:
		wanted = kl__eal_memory_mib(argc, argv);
		kl_error(
			"DPDK could not get its memory: %llu MiB were requested with -m or --socket-mem (0: with "
			"neither), %llu MiB are free in hugepages, and a cgroup or NUMA node may allow less; request "
			"less, or for no hugepages with --no-huge, or get more with: %s",
			(unsigned long long)wanted,
			(unsigned long long)(facts->hugepages_free >> 20),
			kl_hugepages_command(&kl_machine_current,
				(wanted != 0 ? wanted : 512) << 20, command, sizeof(command)));
		return -ENOMEM;
	default:
		kl_error("DPDK could not be started: %s; its own message stands above",
			rte_strerror(rte_errno));
		return -EIO;
	}
}

/* --vdev makes a device of DPDK's, which the program may use beside ours. */
static void warn_of_device_option(int argc, char **argv)
{
	const char *option = kl__eal_device_option(argc, argv);

	if (option != NULL && strcmp(option, "--vdev") != 0)
		kl_warning(
			"the option %s has no effect on the devices of this library: the name given to "
			"kl_device_open alone chooses one",
			option);
}

/* EAL reorders argv so that its own options come first; the caller has to see the same order. */
static void copy_back(char **copy, int added, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		argv[i] = copy[i + added];
}

int kl_eal_init(int argc, char **argv)
{
	struct kl__eal_facts facts = read_facts();
	struct kl__eal_args args;
	char **copy;
	int taken;

	/* Of this EAL prints that lcore 0 is unavailable, and a page of options. */
	if (!kl__file_exists("%s/devices/system/cpu", kl_machine_current.sysfs)) {
		kl_error(
			"%s/devices/system/cpu is not there, where DPDK finds the CPUs; run as root: "
			"mount -t sysfs sysfs %s",
			kl_machine_current.sysfs, kl_machine_current.sysfs);
		return -ENODEV;
	}
	kl__eal_args_choose(argc, argv, &facts, &args);
	copy = calloc((size_t)(argc + args.count + 1), sizeof(*copy));
	if (copy == NULL)
		return kl_no_memory(argv[0],
			((size_t)argc + (size_t)args.count + 1) * sizeof(*copy));
	copy[0] = argv[0];
	for (int i = 0; i < args.count; i++)
		copy[1 + i] = (char *)(uintptr_t)args.arg[i];
	for (int i = 1; i < argc; i++)
		copy[args.count + i] = argv[i];
	if (args.without_hugepages)
		log_no_hugepages(&facts);
	taken = rte_eal_init(argc + args.count, copy);
	if (taken < 0) {
		taken = explain_failure(argc, argv, &facts);
	} else {
		warn_of_device_option(argc, argv);
		copy_back(copy, args.count, argc, argv);
		taken -= args.count;
	}
	free(copy);
	return taken;
}

void kl_eal_cleanup(void)
{
	rte_eal_cleanup();
}

int kl__eal_check(const char *name)
{
	if (rte_eal_process_type() == RTE_PROC_SECONDARY) {
		kl_error(
			"%s: this is a secondary process of DPDK (--proc-type), whose memory belongs to the "
			"primary one, and a device would serve both; open devices in the primary process, or "
			"start this one without --proc-type and with --in-memory",
			name);
		return -ENOTSUP;
	}
	/* EAL takes memory at its start, whatever its options are. */
	if (rte_eal_get_physmem_size() == 0) {
		kl_error("%s: DPDK was not started; call kl_eal_init or rte_eal_init first", name);
		return -ENODEV;
	}
	return 0;
}
