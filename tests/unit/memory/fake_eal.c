/* SPDX-License-Identifier: BSD-3-Clause */
#include "fake_eal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <criterion/criterion.h>
#include <rte_eal.h>
#include <rte_eal_memconfig.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_memory.h>
#include <rte_memzone.h>

#define LISTS 8
#define PAGES 64

struct pages {
	struct rte_memseg_list list;
	struct rte_memseg page[PAGES];
	unsigned int count;
};

bool eal_is_dynamic, eal_is_physical, eal_has_no_files;
uint8_t eal_mask_bits;
unsigned int eal_zones, eal_zones_max = RTE_MAX_MEMZONE;

static struct pages lists[LISTS];
static unsigned int list_count;
/* Readers, or a writer below 0. */
static int eal_lock;
static rte_mem_event_callback_t on_event;
static rte_mem_alloc_validator_t validator;

static void add_list(enum eal_kind kind, uint64_t address)
{
	cr_assert_lt(list_count, LISTS);
	lists[list_count++].list = (struct rte_memseg_list){
		.addr_64 = address,
		.page_sz = EAL_PAGE,
		.len = PAGES * EAL_PAGE,
		.external = kind != EAL_OWN,
		.heap = kind != EAL_EXTERNAL,
	};
}

static struct pages *find_list(uint64_t address)
{
	for (unsigned int i = 0; i < list_count; i++)
		if (address - lists[i].list.addr_64 < lists[i].list.len)
			return &lists[i];
	return NULL;
}

void eal_add_pages(enum eal_kind kind, uint64_t address, unsigned int count)
{
	if (find_list(address) == NULL)
		add_list(kind, address);
	for (unsigned int i = 0; i < count; i++) {
		struct pages *pages = find_list(address);

		cr_assert_lt(pages->count, PAGES);
		pages->page[pages->count++] = (struct rte_memseg){
			.addr_64 = address + i * EAL_PAGE,
			/* In physical memory no two pages are neighbours. */
			.iova = eal_is_physical ? 0x40000000 + 2 * i * EAL_PAGE :
						  address + i * EAL_PAGE,
			.len = EAL_PAGE,
			.hugepage_sz = EAL_PAGE,
		};
	}
}

void eal_allocate(uint64_t address, unsigned int count)
{
	eal_lock = -1;
	eal_add_pages(EAL_OWN, address, count);
	on_event(RTE_MEM_EVENT_ALLOC, (void *)address, count * EAL_PAGE, NULL);
	eal_lock = 0;
}

static void drop_page(uint64_t address)
{
	struct pages *pages = find_list(address);
	unsigned int at = 0;

	while (pages->page[at].addr_64 != address)
		cr_assert_lt(++at, pages->count);
	memmove(&pages->page[at], &pages->page[at + 1],
		(--pages->count - at) * sizeof(pages->page[0]));
}

void eal_release(uint64_t address, unsigned int count)
{
	eal_lock = -1;
	on_event(RTE_MEM_EVENT_FREE, (void *)address, count * EAL_PAGE, NULL);
	for (unsigned int i = 0; i < count; i++)
		drop_page(address + i * EAL_PAGE);
	eal_lock = 0;
}

int eal_validate(uint64_t size)
{
	uint64_t total = size;
	int rc;

	cr_assert_neq((void *)validator, NULL);
	for (unsigned int i = 0; i < list_count; i++)
		total += lists[i].list.external ? 0 : lists[i].count * EAL_PAGE;
	eal_lock = -1;
	rc = validator(0, 0, total);
	eal_lock = 0;
	return rc;
}

/* From here on what EAL would do. */

enum rte_iova_mode __wrap_rte_eal_iova_mode(void);
enum rte_iova_mode __wrap_rte_eal_iova_mode(void)
{
	return eal_is_physical ? RTE_IOVA_PA : RTE_IOVA_VA;
}

void __wrap_rte_mcfg_mem_read_lock(void);
void __wrap_rte_mcfg_mem_read_lock(void)
{
	cr_assert_geq(eal_lock, 0, "a callback takes EAL's lock");
	eal_lock++;
}

void __wrap_rte_mcfg_mem_read_unlock(void);
void __wrap_rte_mcfg_mem_read_unlock(void)
{
	eal_lock--;
}

int __wrap_rte_memseg_walk_thread_unsafe(rte_memseg_walk_t function, void *argument);
int __wrap_rte_memseg_walk_thread_unsafe(rte_memseg_walk_t function, void *argument)
{
	int rc = 0;

	cr_expect_neq(eal_lock, 0, "a walk without EAL's lock");
	for (unsigned int i = 0; i < list_count && rc == 0; i++)
		for (unsigned int at = 0; at < lists[i].count && rc == 0; at++)
			rc = function(&lists[i].list, &lists[i].page[at], argument);
	return rc;
}

int __wrap_rte_memseg_contig_walk_thread_unsafe(rte_memseg_contig_walk_t function, void *argument);
int __wrap_rte_memseg_contig_walk_thread_unsafe(rte_memseg_contig_walk_t function, void *argument)
{
	int rc = 0;

	cr_expect_neq(eal_lock, 0, "a walk without EAL's lock");
	for (unsigned int i = 0; i < list_count && rc == 0; i++)
		if (lists[i].count > 0)
			rc = function(&lists[i].list, &lists[i].page[0], lists[i].count * EAL_PAGE,
				argument);
	return rc;
}

int __wrap_rte_memseg_list_walk_thread_unsafe(rte_memseg_list_walk_t function, void *argument);
int __wrap_rte_memseg_list_walk_thread_unsafe(rte_memseg_list_walk_t function, void *argument)
{
	int rc = 0;

	cr_expect_neq(eal_lock, 0, "a walk without EAL's lock");
	for (unsigned int i = 0; i < list_count && rc == 0; i++)
		rc = function(&lists[i].list, argument);
	return rc;
}

struct rte_memseg_list *__wrap_rte_mem_virt2memseg_list(const void *address);
struct rte_memseg_list *__wrap_rte_mem_virt2memseg_list(const void *address)
{
	struct pages *pages = find_list((uintptr_t)address);

	return pages != NULL ? &pages->list : NULL;
}

struct rte_memseg *__wrap_rte_mem_virt2memseg(const void *address,
	const struct rte_memseg_list *list);
struct rte_memseg *__wrap_rte_mem_virt2memseg(const void *address,
	const struct rte_memseg_list *list)
{
	struct pages *pages = find_list((uintptr_t)address);

	(void)list;
	for (unsigned int i = 0; pages != NULL && i < pages->count; i++)
		if ((uintptr_t)address - pages->page[i].addr_64 < EAL_PAGE)
			return &pages->page[i];
	return NULL;
}

int __wrap_rte_memseg_get_fd_thread_unsafe(const struct rte_memseg *page);
int __wrap_rte_memseg_get_fd_thread_unsafe(const struct rte_memseg *page)
{
	(void)page;
	return eal_has_no_files ? -1 : 99;
}

int __wrap_rte_memseg_get_fd_offset_thread_unsafe(const struct rte_memseg *page, size_t *offset);
int __wrap_rte_memseg_get_fd_offset_thread_unsafe(const struct rte_memseg *page, size_t *offset)
{
	*offset = page->addr_64 - EAL_BASE;
	return 0;
}

int __wrap_rte_mem_event_callback_register(const char *name, rte_mem_event_callback_t function,
	void *argument);
int __wrap_rte_mem_event_callback_register(const char *name, rte_mem_event_callback_t function,
	void *argument)
{
	(void)name;
	(void)argument;
	cr_expect_eq(eal_lock, 0, "EAL takes a lock of its own");
	if (!eal_is_dynamic) {
		rte_errno = ENOTSUP;
		return -1;
	}
	cr_expect_eq((void *)on_event, NULL, "it is registered once");
	on_event = function;
	return 0;
}

int __wrap_rte_mem_alloc_validator_register(const char *name, rte_mem_alloc_validator_t function,
	int socket, size_t limit);
int __wrap_rte_mem_alloc_validator_register(const char *name, rte_mem_alloc_validator_t function,
	int socket, size_t limit)
{
	(void)name;
	cr_expect(socket == 0 && limit == 0);
	validator = function;
	return 0;
}

unsigned int __wrap_rte_socket_count(void);
unsigned int __wrap_rte_socket_count(void)
{
	return 1;
}

int __wrap_rte_socket_id_by_idx(unsigned int index);
int __wrap_rte_socket_id_by_idx(unsigned int index)
{
	return (int)index;
}

int __wrap_rte_mem_check_dma_mask_thread_unsafe(uint8_t bits);
int __wrap_rte_mem_check_dma_mask_thread_unsafe(uint8_t bits)
{
	eal_mask_bits = bits;
	return 0;
}

/* A zone lies in the pages of EAL_BASE, which are real memory then. */
const struct rte_memzone *__wrap_rte_memzone_reserve_aligned(const char *name, size_t size,
	int socket, unsigned int flags, unsigned int align);
const struct rte_memzone *__wrap_rte_memzone_reserve_aligned(const char *name, size_t size,
	int socket, unsigned int flags, unsigned int align)
{
	static uint64_t next = EAL_BASE;
	struct rte_memzone *zone;

	(void)name;
	(void)socket;
	cr_expect_eq(flags, RTE_MEMZONE_IOVA_CONTIG);
	cr_expect_leq(align, 4096);
	if (eal_zones == eal_zones_max) {
		rte_errno = ENOSPC;
		return NULL;
	}
	eal_zones++;
	zone = calloc(1, sizeof(*zone));
	zone->addr = mmap((void *)next, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	cr_assert_eq(zone->addr, (void *)next);
	zone->len = size;
	zone->iova = next;
	next += (size + 4095) / 4096 * 4096;
	return zone;
}

int __wrap_rte_memzone_free(const struct rte_memzone *zone);
int __wrap_rte_memzone_free(const struct rte_memzone *zone)
{
	eal_zones--;
	munmap(zone->addr, zone->len);
	free((void *)(uintptr_t)zone);
	return 0;
}
