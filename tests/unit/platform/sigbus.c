/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Registers that the kernel takes from under us. A file that is cut short does to its mapping what
 * the kernel does to a device's: the next access raises SIGBUS.
 */
#include "platform/sigbus.h"

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include <kickless/eal.h>

#include "finish.h"
#include "platform/pci_bars.h"

#define BYTES 8192

static void open_region(struct kl__region *region)
{
	*region = (struct kl__region){.fd = memfd_create("registers", 0), .size = BYTES};
	cr_assert_eq(ftruncate(region->fd, BYTES), 0);
	kl__region_map(region, 0, BYTES);
	cr_assert_eq(region->area_count, 1);
}

static void tear_off(const struct kl__region *region)
{
	cr_assert_eq(ftruncate(region->fd, 0), 0);
}

static void close_region(struct kl__region *region)
{
	kl__region_close(region);
	close(region->fd);
}

Test(sigbus, registers_that_are_torn_off_read_as_ones)
{
	struct kl__region region, other;

	cr_assert_eq(kl_sigbus_catch(), 0);
	open_region(&region);
	open_region(&other);
	kl__region_write_register(&region, 4, 4, 0x1234);
	kl__region_write_register(&other, 4, 4, 0x5678);
	cr_expect_eq(kl__region_read_register(&region, 4, 4), 0x1234);
	tear_off(&region);
	cr_expect_eq(kl__region_read_register(&region, 4, 4), 0xffffffff);
	cr_expect_eq(kl__region_read_register(&region, 20, 1), 0xff);
	/* The first access to the other page is a store. */
	kl__region_write_register(&region, 4096 + 16, 2, 7);
	cr_expect_eq(kl__region_read_register(&region, 4096 + 18, 2), 0xffff);
	cr_expect_eq(kl__region_read_register(&other, 4, 4), 0x5678,
		"another device is not touched");
	close_region(&region);
	close_region(&other);
}

/* So that a second handler, which would pass on to itself, is never installed. */
Test(sigbus, twice)
{
	struct kl__region region;

	cr_assert_eq(kl_sigbus_catch(), 0);
	cr_assert_eq(kl_sigbus_catch(), 0);
	open_region(&region);
	tear_off(&region);
	cr_expect_eq(kl__region_read_register(&region, 0, 4), 0xffffffff);
	close_region(&region);
}

/* A sanitizer has a handler of its own, which ends the process in another way. */
static void leave_it_to_the_kernel(void)
{
	cr_assert_neq(signal(SIGBUS, SIG_DFL), SIG_ERR);
}

Test(sigbus, without_it_the_process_ends, .init = leave_it_to_the_kernel, .signal = SIGBUS)
{
	struct kl__region region;

	open_region(&region);
	tear_off(&region);
	(void)kl__region_read_register(&region, 0, 4);
}

Test(sigbus, what_is_not_ours_ends_the_process, .init = leave_it_to_the_kernel, .signal = SIGBUS)
{
	struct kl__region region;

	cr_assert_eq(kl_sigbus_catch(), 0);
	open_region(&region);
	kl__sigbus_remove(region.areas[0].memory);
	tear_off(&region);
	(void)kl__region_read_register(&region, 0, 4);
}

static sigjmp_buf jump;

static void jump_back(int number)
{
	(void)number;
	siglongjmp(jump, 1);
}

static void jump_back_with(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	siglongjmp(jump, info->si_code == BUS_ADRERR ? 2 : 3);
}

/* Returns the value that the earlier handler jumped back with, 0 when it was not called. */
static int touch_a_stranger(void)
{
	const int fd = memfd_create("stranger", 0);
	volatile uint8_t *page;
	int answer;

	cr_assert_eq(ftruncate(fd, BYTES), 0);
	page = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd, 0);
	cr_assert_neq(page, MAP_FAILED);
	cr_assert_eq(ftruncate(fd, 0), 0);
	answer = sigsetjmp(jump, 1);
	if (answer == 0)
		(void)*page;
	munmap((void *)(uintptr_t)page, BYTES);
	close(fd);
	return answer;
}

Test(sigbus, what_is_not_ours_goes_to_who_was_there_before)
{
	struct sigaction earlier = {.sa_handler = jump_back};
	struct kl__region region;

	sigaction(SIGBUS, &earlier, NULL);
	cr_assert_eq(kl_sigbus_catch(), 0);
	cr_expect_eq(touch_a_stranger(), 1);
	open_region(&region);
	tear_off(&region);
	cr_expect_eq(kl__region_read_register(&region, 0, 4), 0xffffffff,
		"and ours still does not");
	close_region(&region);
	cr_expect_eq(touch_a_stranger(), 1, "also where ours was");
}

Test(sigbus, with_all_that_is_known_of_it)
{
	struct sigaction earlier = {.sa_sigaction = jump_back_with, .sa_flags = SA_SIGINFO};

	sigaction(SIGBUS, &earlier, NULL);
	cr_assert_eq(kl_sigbus_catch(), 0);
	cr_expect_eq(touch_a_stranger(), 2);
}

Test(sigbus, one_more_than_are_guarded)
{
	static char memory[KL__SIGBUS_AREAS + 1];

	capture_log();
	for (unsigned int i = 0; i < KL__SIGBUS_AREAS; i++)
		kl__sigbus_add(&memory[i], 1);
	cr_expect_str_empty(log_text());
	kl__sigbus_add(&memory[KL__SIGBUS_AREAS], 1);
	cr_expect(logged("128 areas of register memory"), "%s", log_text());
	for (unsigned int i = 0; i < KL__SIGBUS_AREAS; i++)
		kl__sigbus_remove(&memory[i]);
}
