/* SPDX-License-Identifier: BSD-3-Clause */
/* The application's own memory that devices may reach; kickless/memory.h is its public side. */
#ifndef KL_PLATFORM_MEMORY_H
#define KL_PLATFORM_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Maps what was registered before the first device was there. 0 or -errno after a message. */
int kl__memory_map_registered(void);

/* The bus address of EAL's memory where it is physical; see struct kl__host. */
size_t kl__memory_translate(const void *address, size_t size, uint64_t *iova);

#endif
