/* SPDX-License-Identifier: BSD-3-Clause */
/* Regions, and which devices reach them. */
#include "memory/region.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "finish.h"
#include "memory_fixture.h"

static struct fake_mapper mapper, isolated, other_isolated;
static struct kl__host *host, *second, *lonely, *other_lonely;
static struct kl_region *region;
static uint64_t at;

static void prepare(void)
{
	capture_log();
	eal_is_dynamic = true;
	eal_add_pages(EAL_OWN, EAL_BASE, 1);
	fake_mapper_init(&mapper, false);
	fake_mapper_init(&isolated, true);
	fake_mapper_init(&other_isolated, true);
	cr_assert_eq(host_open(&mapper, &host), 0);
	cr_assert_eq(host_open(&mapper, &second), 0);
	cr_assert_eq(host_open(&isolated, &lonely), 0);
	cr_assert_eq(host_open(&other_isolated, &other_lonely), 0);
	cr_assert_eq(kl_region_create(100, -1, &region), 0);
	at = (uintptr_t)kl_region_memory(region);
}

Test(region, memory, .init = prepare)
{
	struct kl_region *large;
	char *mapped;
	struct stat status;

	cr_expect_eq(at % KL__REGION_ALIGN, 0);
	cr_expect_eq(kl_region_size(region), KL__REGION_ALIGN);
	cr_expect_eq(fstat(region->fd, &status), 0);
	cr_expect_eq(status.st_size, (off_t)KL__REGION_ALIGN);
	strcpy(kl_region_memory(region), "written");
	mapped = mmap(NULL, KL__REGION_ALIGN, PROT_READ, MAP_SHARED, region->fd, 0);
	cr_expect_str_eq(mapped, "written", "another process can map it");
	cr_assert_eq(kl_region_create(3 * KL__REGION_ALIGN + 1, 0, &large), 0);
	cr_expect_eq(kl_region_size(large), 4 * KL__REGION_ALIGN);
#ifndef __SANITIZE_ADDRESS__
	/* The sanitizer needs these addresses itself. */
	cr_expect_leq(at + KL__REGION_ALIGN, UINT64_C(1) << 38);
	cr_expect_leq((uintptr_t)kl_region_memory(large), UINT64_C(1) << 38);
#endif
	cr_expect_eq(kl_region_destroy(large), 0);
	cr_expect_eq(kl_region_create(0, -1, &large), -EINVAL);
	cr_expect_eq(kl_region_create(SIZE_MAX, -1, &large), -EINVAL);
	cr_expect_eq(kl_region_destroy(NULL), 0);
}

/* A back end that was sent the file can't make it shorter, nor allow that again. */
Test(region, its_file_is_sealed, .init = prepare)
{
	cr_expect_eq(ftruncate(region->fd, 0), -1);
	cr_expect_eq(errno, EPERM);
	cr_expect_eq(ftruncate(region->fd, 2 * KL__REGION_ALIGN), -1);
	cr_expect_eq(fcntl(region->fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	*(volatile char *)kl_region_memory(region) = 1;
}

/* The address sanitizer has the low addresses for itself. */
#ifdef __SANITIZE_ADDRESS__
#define HIGHEST UINT64_MAX
#else
#define HIGHEST (UINT64_C(1) << 38)
#endif

/* A program that makes and destroys regions for a long time still has those that 39 bits reach. */
Test(region, addresses_are_used_again)
{
	const uint64_t first = UINT64_C(1) << 32, last = (UINT64_C(1) << 38) - 8 * EAL_PAGE;

	/* There is room for six more. */
	mmap((void *)first, last - first, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	for (unsigned int i = 0; i < 20; i++) {
		struct kl_region *next;

		cr_assert_eq(kl_region_create(1, -1, &next), 0);
		cr_expect_leq((uintptr_t)kl_region_memory(next), HIGHEST, "region %u", i);
		cr_assert_eq(kl_region_destroy(next), 0);
	}
}

Test(region, granted_to_one_device, .init = prepare)
{
	cr_assert_eq(lonely->grant(lonely, region), 0);
	cr_assert_eq(lonely->grant(lonely, region), 0, "once is enough");
	cr_expect_eq(isolated.count, 1);
	cr_expect(fake_mapper_has(&isolated, at, at, KL__REGION_ALIGN));
	cr_expect(is_reached(lonely, at));
	cr_expect_not(is_reached(host, at));
	cr_expect_not(is_reached(other_lonely, at));
	cr_expect(mapper.count == 1 && other_isolated.count == 0);
	cr_expect_eq(kl_region_destroy(region), -EBUSY);
	cr_expect(logged("is granted to a device"), "%s", log_text());
	cr_expect_eq(host->revoke(host, region), -EINVAL, "it was not granted to this one");
	cr_assert_eq(lonely->revoke(lonely, region), 0);
	cr_expect_eq(isolated.count, 0);
	cr_expect_not(is_reached(lonely, at));
	cr_expect_eq(lonely->revoke(lonely, region), -EINVAL);
	cr_expect_eq(kl_region_destroy(region), 0);
}

/* They share a space: it is mapped once, as long as one has it. */
Test(region, granted_to_devices_of_one_space, .init = prepare)
{
	cr_assert_eq(host->grant(host, region), 0);
	cr_assert_eq(second->grant(second, region), 0);
	cr_expect_eq(mapper.count, 2);
	cr_assert_eq(host->revoke(host, region), 0);
	cr_expect(is_reached(second, at));
	cr_assert_eq(second->revoke(second, region), 0);
	cr_expect_not(is_reached(second, at));
	cr_expect_eq(mapper.count, 1);
	cr_expect_eq(kl_region_destroy(region), 0);
}

Test(region, a_close_revokes, .init = prepare)
{
	cr_assert_eq(host->grant(host, region), 0);
	cr_assert_eq(lonely->grant(lonely, region), 0);
	lonely->close(lonely);
	host->close(host);
	cr_expect_not(is_reached(second, at));
	cr_expect_eq(kl_region_destroy(region), 0);
}

static int answer;
static unsigned int questions;

static int uses_memory(void *owner, uint64_t address, uint64_t size)
{
	(void)owner;
	cr_expect(address == at && size == KL__REGION_ALIGN);
	questions++;
	return answer;
}

Test(region, in_flight, .init = prepare)
{
	cr_assert_eq(host->grant(host, region), 0);
	/* Another device of the space, which was granted nothing, reaches it all the same. */
	second->set_owner(second, second, uses_memory);
	answer = -EBUSY;
	cr_expect_eq(host->revoke(host, region), -EBUSY);
	cr_expect(is_reached(host, at));
	answer = -EAGAIN;
	cr_expect_eq(host->revoke(host, region), -EAGAIN);
	cr_expect_eq(kl_region_destroy(region), -EBUSY, "it is granted still");
	/* A closing device leaves it to those that use it, until it is destroyed. */
	host->close(host);
	cr_expect(is_reached(second, at));
	answer = -EBUSY;
	cr_expect_eq(kl_region_destroy(region), -EBUSY);
	cr_expect(is_reached(second, at));
	cr_expect_eq(second->revoke(second, region), -EINVAL, "it was granted nothing");
	answer = 0;
	cr_expect_eq(kl_region_destroy(region), 0);
	cr_expect_not(is_reached(second, at));
	cr_expect_eq(mapper.count, 1);
}

/* As above, but the other device is closed, too. */
Test(region, in_flight_until_the_last_close, .init = prepare)
{
	cr_assert_eq(host->grant(host, region), 0);
	second->set_owner(second, second, uses_memory);
	answer = -EAGAIN;
	host->close(host);
	second->close(second);
	cr_expect_eq(kl_region_destroy(region), 0);
}

Test(region, refused, .init = prepare)
{
	isolated.refuses = -ENOMEM;
	cr_expect_eq(lonely->grant(lonely, region), -ENOMEM);
	cr_expect(logged("the reason is -12"), "%s", log_text());
	cr_expect_not(is_reached(lonely, at));
	cr_expect_eq(kl_region_destroy(region), 0);
}

Test(region, physical_addresses)
{
	capture_log();
	eal_is_physical = true;
	fake_mapper_init(&mapper, false);
	cr_assert_eq(host_open(&mapper, &host), 0);
	cr_assert_eq(kl_region_create(100, -1, &region), 0);
	cr_expect_eq(host->grant(host, region), -ENOTSUP);
	cr_expect(logged("bus addresses are physical here"), "%s", log_text());
	host->close(host);
	cr_expect_eq(kl_region_destroy(region), 0);
}
