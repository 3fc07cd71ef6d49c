/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory of EAL as files, which a vhost-user back end is sent, and its bus addresses. */
#ifndef KL_MEMORY_SHARED_MEMORY_H
#define KL_MEMORY_SHARED_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "contract/shared_memory.h"

/* The bus address of EAL's memory where it is physical; see struct kl__host. */
size_t kl__memory_translate(const void *address, size_t size, uint64_t *iova);

/*
 * EAL's memory for one back end; to be freed with free(). NULL: no memory. Its regions are -ENOTSUP
 * when EAL's memory is not made of files, or of too many.
 */
struct kl__shared_memory *kl__eal_shared_memory_create(void);

#endif
