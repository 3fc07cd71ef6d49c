/* SPDX-License-Identifier: BSD-3-Clause */
/* The application's memory that is registered, in every phase of devices. */
#include <kickless/memory.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <rte_errno.h>

#include "finish.h"
#include "memory_fixture.h"

#define AT UINT64_C(0x7f0000000000)
#define OTHER_AT (AT + 0x100000)
#define MEMORY ((void *)AT)
#define OTHER ((void *)OTHER_AT)
#define SIZE UINT64_C(4096)
#define EXTERNAL UINT64_C(0x200000000)

static struct fake_mapper mapper, second, isolated;
static struct kl__host *host;

static void prepare(void)
{
	capture_log();
	fake_mapper_init(&mapper, false);
	fake_mapper_init(&second, false);
	fake_mapper_init(&isolated, true);
}

static void open_host(void)
{
	cr_assert_eq(host_open(&mapper, &host), 0, "%s", log_text());
}

Test(registered, before_the_first_device, .init = prepare)
{
	cr_assert_eq(kl_memory_register(MEMORY, SIZE), 0);
	open_host();
	cr_expect(fake_mapper_has(&mapper, AT, AT, SIZE));
	cr_expect(is_reached(host, AT));
	cr_assert_eq(kl_memory_unregister(MEMORY, SIZE), 0);
	cr_expect_eq(mapper.count, 0);
	cr_expect_not(is_reached(host, AT));
	host->close(host);
}

Test(registered, while_devices_are_open, .init = prepare)
{
	struct kl__host *other;

	open_host();
	cr_assert_eq(host_open(&isolated, &other), 0);
	cr_assert_eq(kl_memory_register(MEMORY, SIZE), 0);
	cr_expect(fake_mapper_has(&mapper, AT, AT, SIZE));
	cr_expect(fake_mapper_has(&isolated, AT, AT, SIZE), "an isolated device reaches it, too");
	cr_expect(is_reached(host, AT) && is_reached(other, AT));
	cr_assert_eq(kl_memory_unregister(MEMORY, SIZE), 0);
	cr_expect(mapper.count == 0 && isolated.count == 0);
	host->close(host);
	other->close(other);
}

/* DPDK keeps it in its list for the next device, whatever lies at that address then. */
Test(registered, unregistered_after_the_last_device, .init = prepare)
{
	cr_assert_eq(kl_memory_register(MEMORY, SIZE), 0);
	open_host();
	host->close(host);
	cr_assert_eq(kl_memory_unregister(MEMORY, SIZE), 0);
	cr_assert_eq(host_open(&second, &host), 0);
	cr_expect_eq(second.count, 0);
	cr_expect_not(is_reached(host, AT));
	host->close(host);
}

Test(registered, between_two_devices, .init = prepare)
{
	open_host();
	host->close(host);
	cr_assert_eq(kl_memory_register(MEMORY, SIZE), 0, "%s", log_text());
	cr_assert_eq(host_open(&second, &host), 0);
	cr_expect(fake_mapper_has(&second, AT, AT, SIZE));
	host->close(host);
	cr_expect_eq(kl_memory_unregister(MEMORY, SIZE), 0);
}

/* DPDK's rte_errno is that of an earlier failure when the kernel refuses a mapping. */
Test(registered, refused_after_another_error, .init = prepare)
{
	static const int earlier[] = {ENOTSUP, ENODEV, 0};
	struct kl__host *other;

	open_host();
	cr_assert_eq(host_open(&second, &other), 0);
	second.refuses = -EINVAL;
	for (unsigned int i = 0; i < sizeof(earlier) / sizeof(earlier[0]); i++) {
		rte_errno = earlier[i];
		forget_log();
		cr_expect_eq(kl_memory_register(MEMORY, SIZE), -ENOMEM, "with rte_errno %d before",
			earlier[i]);
		cr_expect(logged("can't be mapped for it: the reason is -22"), "%s", log_text());
		cr_expect_eq(kl_memory_unregister(MEMORY, SIZE), -EINVAL, "it is not registered");
		cr_expect(mapper.count == 0 && !is_reached(host, AT), "nor mapped for others");
	}
	host->close(host);
	other->close(other);
}

Test(registered, a_device_that_can_not_have_it_is_not_opened, .init = prepare)
{
	cr_assert_eq(kl_memory_register(MEMORY, SIZE), 0);
	mapper.refuses = -ENOSPC;
	cr_expect_eq(host_open(&mapper, &host), -ENOMEM);
	cr_expect(logged("the reason is -28"), "%s", log_text());
	cr_assert_eq(kl_memory_unregister(MEMORY, SIZE), 0);
	mapper.refuses = 0;
	open_host();
	host->close(host);
}

Test(registered, wrong_ranges, .init = prepare)
{
	open_host();
	cr_assert_eq(kl_memory_register(MEMORY, 4 * SIZE), 0);
	cr_expect_eq(kl_memory_register(MEMORY, 4 * SIZE), -EINVAL);
	cr_expect(logged("overlaps with the 16384 bytes at 0x7f0000000000 that are registered"),
		"%s", log_text());
	cr_expect_eq(kl_memory_register((void *)(AT + 3 * SIZE), 4 * SIZE), -EINVAL);
	cr_expect_eq(kl_memory_register((void *)(AT - SIZE), 2 * SIZE), -EINVAL);
	cr_expect_eq(kl_memory_register((void *)(AT + 1), SIZE), -EINVAL);
	cr_expect_eq(kl_memory_register((void *)(AT + 8 * SIZE), 0), -EINVAL);
	cr_expect_eq(kl_memory_register((void *)(AT + 8 * SIZE), SIZE + 1), -EINVAL);
	cr_expect_eq(kl_memory_register((void *)(UINT64_MAX - SIZE + 1), 2 * SIZE), -EINVAL);
	forget_log();
	cr_expect_eq(kl_memory_unregister(MEMORY, SIZE), -EINVAL, "a part of it");
	cr_expect(logged("was not registered as such"), "%s", log_text());
	cr_expect_eq(mapper.count, 1);
	cr_assert_eq(kl_memory_unregister(MEMORY, 4 * SIZE), 0);
	cr_expect_eq(kl_memory_unregister(MEMORY, 4 * SIZE), -EINVAL, "twice");
	host->close(host);
}

static bool is_used_first, is_used_later;
static unsigned int questions;

/* The second question comes when the memory is out of reach: then nothing new can lie there. */
static int uses_memory(void *owner, uint64_t address, uint64_t size)
{
	cr_expect_eq(owner, &questions);
	cr_expect(address == AT && size == SIZE);
	questions++;
	if (questions == 2)
		cr_expect_not(is_reached(host, AT));
	return (questions == 1 ? is_used_first : is_used_later) ? -EBUSY : 0;
}

Test(registered, in_flight, .init = prepare)
{
	open_host();
	host->set_owner(host, &questions, uses_memory);
	cr_assert_eq(kl_memory_register(MEMORY, SIZE), 0);
	is_used_first = true;
	cr_expect_eq(kl_memory_unregister(MEMORY, SIZE), -EBUSY);
	cr_expect(
		logged("0000:00:05.0: a buffer within the 4096 bytes at 0x7f0000000000 is in flight"),
		"%s", log_text());
	is_used_first = false;
	is_used_later = true;
	questions = 0;
	cr_expect_eq(kl_memory_unregister(MEMORY, SIZE), -EBUSY, "a buffer came meanwhile");
	cr_expect(is_reached(host, AT), "it is registered as before");
	cr_expect(fake_mapper_has(&mapper, AT, AT, SIZE));
	is_used_later = false;
	questions = 0;
	cr_expect_eq(kl_memory_unregister(MEMORY, SIZE), 0);
	cr_expect_eq(questions, 2);
	cr_expect_eq(mapper.count, 0);
	host->set_owner(host, NULL, NULL);
	host->close(host);
}

/* It is in EAL's lists, but EAL maps it for nobody. */
Test(registered, external_memory_of_eal, .init = prepare)
{
	eal_add_pages(EAL_OWN, EAL_BASE, 1);
	eal_add_pages(EAL_EXTERNAL, EXTERNAL, 1);
	open_host();
	cr_expect_not(is_reached(host, EXTERNAL));
	cr_expect_eq(kl_memory_register((void *)EXTERNAL, EAL_PAGE), 0, "%s", log_text());
	cr_expect(fake_mapper_has(&mapper, EXTERNAL, EXTERNAL, EAL_PAGE));
	cr_expect_eq(kl_memory_unregister((void *)EXTERNAL, EAL_PAGE), 0);
	cr_expect_eq(kl_memory_register((void *)EAL_BASE, EAL_PAGE), -EINVAL, "that is EAL's");
	cr_expect_eq(kl_memory_register((void *)(EAL_BASE - EAL_PAGE), 2 * EAL_PAGE), -EINVAL);
	host->close(host);
}

Test(registered, physical_addresses, .init = prepare)
{
	eal_is_physical = true;
	cr_expect_eq(kl_memory_register(MEMORY, SIZE), -ENOTSUP);
}

/* The device is still open, but its mapper has lost all that it mapped. */
Test(registered, after_the_device_was_torn_off, .init = prepare)
{
	struct kl__host *other;

	cr_assert_eq(kl_memory_register(MEMORY, SIZE), 0);
	open_host();
	mapper.is_torn_off = true;
	cr_expect_eq(kl_memory_unregister(MEMORY, SIZE), 0);
	/* It takes nothing from the healthy ones. */
	cr_assert_eq(host_open(&isolated, &other), 0);
	mapper.refuses = -EINVAL;
	cr_expect_eq(kl_memory_register(MEMORY, SIZE), 0, "%s", log_text());
	cr_expect(is_reached(other, AT) && !is_reached(host, AT));
	cr_expect_eq(kl_memory_unregister(MEMORY, SIZE), 0);
	cr_expect_eq(isolated.count, 0);
	other->close(other);
	host->close(host);
}

Test(registered, a_back_end_does_not_reach_it, .init = prepare)
{
	struct kl__host *back_end = back_end_open(false);

	cr_assert_eq(kl_memory_register(MEMORY, SIZE), 0);
	cr_expect_not(is_reached(back_end, AT));
	cr_expect(logged("vhost-user:socket: registered memory is not sent to it"), "%s",
		log_text());
	forget_log();
	cr_assert_eq(kl_memory_register(OTHER, SIZE), 0);
	cr_expect_not(logged("registered memory"), "once per device");
	back_end->close(back_end);
	back_end = back_end_open(true);
	cr_expect(logged("registered memory is not sent to it"));
	back_end->close(back_end);
}

static pthread_t second_thread;

static void *register_other(void *unused)
{
	(void)unused;
	cr_expect_eq(kl_memory_register(OTHER, SIZE), 0);
	return NULL;
}

/* Lets a second thread come as far as the lock. */
static void start_second(void)
{
	mapper.during_map = NULL;
	cr_assert_eq(pthread_create(&second_thread, NULL, register_other, NULL), 0);
	usleep(50000);
}

Test(registered, two_threads, .init = prepare)
{
	open_host();
	mapper.during_map = start_second;
	cr_assert_eq(kl_memory_register(MEMORY, SIZE), 0);
	pthread_join(second_thread, NULL);
	cr_expect_eq(mapper.count, 2);
	cr_expect_eq(kl_memory_unregister(MEMORY, SIZE), 0);
	cr_expect_eq(kl_memory_unregister(OTHER, SIZE), 0);
	host->close(host);
}
