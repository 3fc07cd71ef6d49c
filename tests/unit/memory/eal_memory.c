/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL's memory in the spaces of devices: what is there, what comes and goes, what is refused. */
#include "memory/eal_memory.h"

#include <errno.h>

#include <criterion/criterion.h>

#include "finish.h"
#include "memory_fixture.h"

#define EXTERNAL UINT64_C(0x200000000)
#define HEAP UINT64_C(0x300000000)

static struct fake_mapper mapper;
static struct kl__host *host;

static void open_device(void)
{
	capture_log();
	fake_mapper_init(&mapper, false);
	cr_assert_eq(host_open(&mapper, &host), 0, "%s", log_text());
}

/* iommufd does not split a mapping, and these pages are freed one by one. */
Test(eal_memory, pages_that_can_be_freed_are_mapped_one_by_one)
{
	eal_is_dynamic = true;
	eal_add_pages(EAL_OWN, EAL_BASE, 3);
	open_device();
	cr_expect_eq(mapper.count, 3);
	for (unsigned int i = 0; i < 3; i++)
		cr_expect(fake_mapper_has(&mapper, EAL_BASE + i * EAL_PAGE, EAL_BASE + i * EAL_PAGE,
			EAL_PAGE));
	cr_expect_eq(kl__reach_find(host->reach, EAL_BASE).bytes, 3 * EAL_PAGE);
	host->close(host);
	cr_expect_eq(mapper.puts, 1);
}

Test(eal_memory, a_run_that_stays_is_one_mapping)
{
	eal_add_pages(EAL_OWN, EAL_BASE, 3);
	open_device();
	cr_expect_eq(mapper.count, 1);
	cr_expect(fake_mapper_has(&mapper, EAL_BASE, EAL_BASE, 3 * EAL_PAGE));
	host->close(host);
}

/* Memory of rte_extmem_register is the application's to register; that of a heap is EAL's. */
Test(eal_memory, external_memory)
{
	eal_is_dynamic = true;
	eal_add_pages(EAL_OWN, EAL_BASE, 1);
	eal_add_pages(EAL_EXTERNAL, EXTERNAL, 2);
	eal_add_pages(EAL_HEAP, HEAP, 2);
	open_device();
	cr_expect_eq(mapper.count, 2);
	cr_expect_not(is_reached(host, EXTERNAL));
	cr_expect(fake_mapper_has(&mapper, HEAP, HEAP, 2 * EAL_PAGE),
		"it is taken from the heap as one");
	host->close(host);
}

Test(eal_memory, what_comes_and_goes)
{
	eal_is_dynamic = true;
	open_device();
	cr_expect_eq(mapper.count, 0);
	eal_allocate(EAL_BASE, 2);
	cr_expect(is_reached(host, EAL_BASE + EAL_PAGE));
	eal_allocate(EAL_BASE + 2 * EAL_PAGE, 2);
	cr_expect_eq(mapper.count, 4);
	/* Freed across the borders of what was allocated. */
	eal_release(EAL_BASE + EAL_PAGE, 2);
	cr_expect_eq(mapper.count, 2);
	cr_expect_not(is_reached(host, EAL_BASE + EAL_PAGE));
	cr_expect_not(is_reached(host, EAL_BASE + 2 * EAL_PAGE));
	cr_expect(is_reached(host, EAL_BASE + 3 * EAL_PAGE));
	host->close(host);
	eal_release(EAL_BASE, 1);
}

/* DPDK's own callback has no way to report it, and the device faults. */
Test(eal_memory, a_later_page_that_is_refused_is_out_of_reach)
{
	eal_is_dynamic = true;
	open_device();
	mapper.refuses = -ENOMEM;
	mapper.refused_from = EAL_BASE + EAL_PAGE;
	forget_log();
	eal_allocate(EAL_BASE, 3);
	cr_expect(logged("can't be mapped for it: the reason is -12"), "%s", log_text());
	cr_expect(is_reached(host, EAL_BASE));
	cr_expect_not(is_reached(host, EAL_BASE + EAL_PAGE));
	cr_expect_not(is_reached(host, EAL_BASE + 2 * EAL_PAGE));
	/* It is not unmapped either. */
	eal_release(EAL_BASE, 3);
	cr_expect_eq(mapper.count, 0);
	host->close(host);
}

Test(eal_memory, growth_beyond_memlock_is_refused_before)
{
	eal_is_dynamic = true;
	eal_add_pages(EAL_OWN, EAL_BASE, 4);
	open_device();
	mapper.limits.memlock = 24 * EAL_PAGE;
	mapper.limits.memlock_left = 20 * EAL_PAGE;
	cr_expect_eq(eal_validate(20 * EAL_PAGE), 0, "%s", log_text());
	forget_log();
	cr_expect_neq(eal_validate(20 * EAL_PAGE + 4096), 0);
	cr_expect(logged("needs 41 MiB of locked memory, but of the memlock limit of 48 MiB 40 are "
			 "left; raise it (ulimit -l"),
		"%s", log_text());
	mapper.limits.memlock_left = UINT64_MAX;
	mapper.limits.mappings_left = 2;
	cr_expect_eq(eal_validate(2 * EAL_PAGE), 0);
	cr_expect_neq(eal_validate(3 * EAL_PAGE), 0);
	cr_expect(logged("needs 3 mappings, but its IOMMU takes 2 more"), "%s", log_text());
	mapper.is_torn_off = true;
	cr_expect_eq(eal_validate(3 * EAL_PAGE), 0);
	mapper.refuses = -EINVAL;
	forget_log();
	eal_allocate(EAL_BASE + 8 * EAL_PAGE, 3);
	cr_expect_not(logged("can't be mapped"), "%s", log_text());
	host->close(host);
	cr_expect_eq(eal_validate(1000 * EAL_PAGE), 0, "without a device nothing is limited");
}

Test(eal_memory, a_device_that_can_not_have_it_all_is_not_opened)
{
	eal_is_dynamic = true;
	eal_add_pages(EAL_OWN, EAL_BASE, 4);
	capture_log();
	fake_mapper_init(&mapper, false);
	mapper.limits.memlock = mapper.limits.memlock_left = EAL_PAGE;
	cr_expect_eq(host_open(&mapper, &host), -ENOMEM);
	cr_expect(logged("EAL's memory needs 8 MiB of locked memory"), "%s", log_text());
	cr_expect_eq(mapper.count, 0, "it was checked before");
	mapper.limits.memlock_left = UINT64_MAX;
	mapper.limits.mappings_left = 3;
	cr_expect_eq(host_open(&mapper, &host), -ENOMEM);
	cr_expect(logged("needs 4 mappings, but its IOMMU takes 3 more"), "%s", log_text());
	mapper.limits.mappings_left = 4;
	mapper.limits.range_count = 1;
	mapper.limits.range[0] = (struct kl__map_range){0, EAL_BASE + EAL_PAGE - 1};
	forget_log();
	cr_expect_eq(host_open(&mapper, &host), -ENOMEM);
	cr_expect(logged("0000:00:05.0: 2097152 bytes at 0x200000200000 can't be mapped for it"),
		"%s", log_text());
	cr_expect_eq(eal_mask_bits, 46, "EAL allocates nothing beyond");
	cr_expect_eq(mapper.puts, 0, "the mapper is the caller's");
	mapper.count = 0;
	/* An isolated device needs none of it. */
	fake_mapper_init(&mapper, true);
	mapper.limits.memlock = mapper.limits.memlock_left = EAL_PAGE;
	cr_assert_eq(host_open(&mapper, &host), 0);
	cr_expect_eq(mapper.count, 0);
	host->close(host);
}

Test(eal_memory, devices_of_one_mapper_share_its_space)
{
	struct kl__host *other;

	eal_is_dynamic = true;
	eal_add_pages(EAL_OWN, EAL_BASE, 2);
	open_device();
	cr_assert_eq(host_open(&mapper, &other), 0);
	cr_expect_eq(mapper.count, 2);
	cr_expect_eq(other->reach, host->reach);
	host->close(host);
	cr_expect_eq(mapper.puts, 1, "each puts its own use");
	eal_allocate(EAL_BASE + 8 * EAL_PAGE, 1);
	cr_expect(is_reached(other, EAL_BASE + 8 * EAL_PAGE));
	other->close(other);
	cr_expect_eq(mapper.puts, 2);
}

/* Bus addresses are physical, also behind an IOMMU, when EAL has chosen so. */
Test(eal_memory, physical_addresses)
{
	uint64_t iova;

	eal_is_dynamic = true;
	eal_is_physical = true;
	eal_add_pages(EAL_OWN, EAL_BASE, 2);
	open_device();
	cr_expect_eq(host->reach, NULL);
	cr_expect(
		fake_mapper_has(&mapper, EAL_BASE + EAL_PAGE, 0x40000000 + 2 * EAL_PAGE, EAL_PAGE));
	cr_assert_neq((void *)host->translate, NULL);
	cr_expect_eq(host->translate(host, (void *)(EAL_BASE + EAL_PAGE + 16), 64, &iova), 64);
	cr_expect_eq(iova, 0x40000000 + 2 * EAL_PAGE + 16);
	mapper.refuses = -ENOMEM;
	eal_allocate(EAL_BASE + 4 * EAL_PAGE, 1);
	cr_expect_eq(host->translate(host, (void *)(EAL_BASE + 4 * EAL_PAGE), 64, &iova), 0,
		"it could not be mapped");
	host->close(host);
}
