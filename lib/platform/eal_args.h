/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arguments for EAL beside those that the user gives: a pure function of the user's and of the
 * machine.
 */
#ifndef KL_PLATFORM_EAL_ARGS_H
#define KL_PLATFORM_EAL_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#define KL__EAL_ARGS_MAX 8

struct kl__eal_facts {
	uint64_t hugepages_free; /* bytes */
	bool only_noiommu; /* VFIO can give functions in no-IOMMU mode only */
	bool sees_physical; /* this process may read physical addresses */
	bool uses_uio; /* some function is given by uio_pci_generic */
	bool no_groups; /* VFIO can give none; what remains are back ends in other processes */
};

/* Less than this in hugepages does not hold the queues and buffers of one device. */
#define KL__EAL_HUGEPAGES_LEAST (UINT64_C(32) << 20)
/* The amount without hugepages when the user names none; EAL's own is too little. */
#define KL__EAL_NO_HUGE_MIB "256"

struct kl__eal_args {
	const char *arg[KL__EAL_ARGS_MAX];
	int count;
	bool without_hugepages; /* our choice, not the user's */
};

void kl__eal_args_choose(int argc, char *const *argv, const struct kl__eal_facts *facts,
	struct kl__eal_args *args);

/*
 * The first option that chooses devices for DPDK's own buses, NULL for none. None of them chooses a
 * device of this library, and EAL fails where the program has no driver of DPDK's for it.
 */
const char *kl__eal_device_option(int argc, char *const *argv);

/* The MiB that -m or --socket-mem request, 0 when neither is given. */
uint64_t kl__eal_memory_mib(int argc, char *const *argv);

#endif
