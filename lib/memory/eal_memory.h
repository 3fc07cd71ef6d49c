/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * EAL's memory: its parts, and its changes, which are mapped or sent in every space that has it.
 * Memory of rte_extmem_register is not EAL's; that of heaps is, wherever it comes from.
 */
#ifndef KL_MEMORY_EAL_MEMORY_H
#define KL_MEMORY_EAL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory/space.h"

/*
 * Lets EAL report what it allocates and frees from now on, and request beforehand whether it may
 * grow. Where it does neither, without hugepages and with --legacy-mem, all memory is there from
 * the start. Neither EAL's lock nor that of spaces is held. 0, -ENOMEM after a message.
 */
int kl__eal_memory_watch(void);

/*
 * With EAL's lock and that of spaces held. Enters all memory in a new space. 0, or -errno after a
 * message that names the limit, the need and the remedy.
 */
int kl__eal_memory_open(struct kl__space *space);

/* The bus address of EAL's memory where it is physical; see struct kl__host. */
size_t kl__eal_memory_translate(const void *address, size_t size, uint64_t *iova);

/* Tests whether any of the memory is EAL's. */
bool kl__eal_memory_overlaps(uint64_t address, uint64_t size);

#endif
