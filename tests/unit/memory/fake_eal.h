/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * EAL's memory replaced: pages that a test adds and frees, with EAL's locks and callbacks. Each
 * test has a process of its own, in which EAL is not started.
 */
#ifndef UNIT_MEMORY_FAKE_EAL_H
#define UNIT_MEMORY_FAKE_EAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EAL_PAGE (UINT64_C(2) << 20)
/* Memory zones are real, so this is an address that the sanitizers leave free. */
#define EAL_BASE UINT64_C(0x200000000000)

/* To be set before the first device: EAL reports changes; bus addresses are physical. */
extern bool eal_is_dynamic;
extern bool eal_is_physical;
/* The pages have no files. */
extern bool eal_has_no_files;
extern uint8_t eal_mask_bits; /* as last set; 0: never */
extern unsigned int eal_zones; /* memzones that are reserved */
extern unsigned int eal_zones_max;

enum eal_kind {
	EAL_OWN,
	EAL_EXTERNAL, /* rte_extmem_register */
	EAL_HEAP, /* external memory of a heap */
};

/* Adds count pages at address without an event, as they are when EAL has started. */
void eal_add_pages(enum eal_kind kind, uint64_t address, unsigned int count);
/* With the event. */
void eal_allocate(uint64_t address, unsigned int count);
void eal_release(uint64_t address, unsigned int count);
/* The validator's answer about size bytes more on node 0. */
int eal_validate(uint64_t size);

#endif
