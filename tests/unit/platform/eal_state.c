/* SPDX-License-Identifier: BSD-3-Clause */
/* Processes that can't open devices, with the answers of EAL replaced. */
#include "platform/eal_state.h"

#include <errno.h>
#include <stdint.h>

#include <criterion/criterion.h>
#include <rte_eal.h>

#include "finish.h"

enum rte_proc_type_t __wrap_rte_eal_process_type(void);
uint64_t __wrap_rte_eal_get_physmem_size(void);

static enum rte_proc_type_t type;
static uint64_t memory;

enum rte_proc_type_t __wrap_rte_eal_process_type(void)
{
	return type;
}

uint64_t __wrap_rte_eal_get_physmem_size(void)
{
	return memory;
}

static void expect(enum rte_proc_type_t process, uint64_t bytes, int rc, const char *reason)
{
	capture_log();
	type = process;
	memory = bytes;
	cr_expect_eq(kl__eal_check("net@0"), rc);
	cr_expect(logged(reason), "%s", log_text());
}

Test(eal_state, processes)
{
	expect(RTE_PROC_PRIMARY, 1 << 20, 0, "");
	expect(RTE_PROC_PRIMARY, 0, -ENODEV, "net@0: DPDK was not started");
	expect(RTE_PROC_SECONDARY, 1 << 20, -ENOTSUP, "net@0: this is a secondary process of DPDK");
}
