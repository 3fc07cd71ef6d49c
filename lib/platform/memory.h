/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory that devices reach: the application's own that is registered, and EAL's as files. */
#ifndef KL_PLATFORM_MEMORY_H
#define KL_PLATFORM_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "contract/shared_memory.h"

/* Maps what was registered before the first device was there. 0 or -errno after a message. */
int kl__memory_map_registered(void);

/* The bus address of EAL's memory where it is physical; see struct kl__host. */
size_t kl__memory_translate(const void *address, size_t size, uint64_t *iova);

/* Its regions are -ENOTSUP when EAL's memory is not made of files, or of too many. */
extern const struct kl__shared_memory kl__eal_shared_memory;

#endif
