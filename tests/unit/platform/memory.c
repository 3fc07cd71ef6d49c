/* SPDX-License-Identifier: BSD-3-Clause */
/* Registering an application's memory, with DPDK's VFIO container replaced. */
#include <kickless/memory.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <rte_errno.h>

#define PAGE ((void *)0x7f0000000000)
#define OTHER_PAGE ((void *)0x7f0000100000)
#define SIZE 4096

int __wrap_rte_vfio_is_enabled(const char *module);
int __wrap_rte_vfio_container_dma_map(int container, uint64_t address, uint64_t iova,
	uint64_t size);
int __wrap_rte_vfio_container_dma_unmap(int container, uint64_t address, uint64_t iova,
	uint64_t size);

/* The answers of the container: error 0 leaves rte_errno as it was, as a failed ioctl does. */
static int map_result, map_error;
static unsigned int maps, unmaps;
static void (*during_map)(void);

int __wrap_rte_vfio_is_enabled(const char *module)
{
	(void)module;
	return 1;
}

int __wrap_rte_vfio_container_dma_map(int container, uint64_t address, uint64_t iova, uint64_t size)
{
	(void)container;
	(void)size;
	cr_expect_eq(address, iova);
	maps++;
	if (map_error != 0)
		rte_errno = map_error;
	if (during_map != NULL)
		during_map();
	return map_result;
}

int __wrap_rte_vfio_container_dma_unmap(int container, uint64_t address, uint64_t iova,
	uint64_t size)
{
	(void)container;
	(void)address;
	(void)iova;
	(void)size;
	unmaps++;
	return 0;
}

Test(memory, mapped_and_unmapped)
{
	cr_assert_eq(kl_memory_register(PAGE, SIZE), 0);
	cr_expect_eq(maps, 1);
	cr_expect_eq(kl_memory_register(PAGE, SIZE), -EINVAL, "it is registered already");
	cr_expect_eq(kl_memory_unregister(PAGE, 2 * SIZE), -EINVAL);
	cr_expect_eq(kl_memory_unregister(PAGE, SIZE), 0);
	cr_expect_eq(unmaps, 1);
	cr_expect_eq(kl_memory_unregister(PAGE, SIZE), -EINVAL);
}

/* Before the first device is open DPDK reports so, and the region waits for one. */
Test(memory, no_device_yet)
{
	map_result = -1;
	map_error = ENODEV;
	cr_assert_eq(kl_memory_register(PAGE, SIZE), 0);
	cr_expect_eq(kl_memory_unregister(PAGE, SIZE), 0);
	cr_expect_eq(unmaps, 0, "it was never mapped");
}

/* A refused mapping sets no rte_errno; what an earlier call left there is not the reason. */
Test(memory, refused_after_another_error)
{
	static const int earlier[] = {ENOTSUP, ENODEV, 0};

	map_result = -1;
	for (unsigned int i = 0; i < sizeof(earlier) / sizeof(earlier[0]); i++) {
		rte_errno = earlier[i];
		cr_expect_eq(kl_memory_register(PAGE, SIZE), -ENOMEM, "with rte_errno %d before",
			earlier[i]);
		cr_expect_eq(kl_memory_unregister(PAGE, SIZE), -EINVAL, "it is not registered");
	}
}

static pthread_t second_thread;

static void *register_other(void *unused)
{
	(void)unused;
	cr_expect_eq(kl_memory_register(OTHER_PAGE, SIZE), 0);
	return NULL;
}

/* Lets a second thread come as far as the lock. */
static void start_second(void)
{
	during_map = NULL;
	cr_assert_eq(pthread_create(&second_thread, NULL, register_other, NULL), 0);
	usleep(50000);
}

Test(memory, two_threads)
{
	during_map = start_second;
	cr_assert_eq(kl_memory_register(PAGE, SIZE), 0);
	pthread_join(second_thread, NULL);
	cr_expect_eq(kl_memory_unregister(PAGE, SIZE), 0);
	cr_expect_eq(kl_memory_unregister(OTHER_PAGE, SIZE), 0);
}
