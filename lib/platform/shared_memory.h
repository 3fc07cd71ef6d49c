/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL's memory as files, for a device that is another process. */
#ifndef KL_PLATFORM_SHARED_MEMORY_H
#define KL_PLATFORM_SHARED_MEMORY_H

#include "transport/shared_memory.h"

/*
 * A kl__shared_memory_fn: -ENOTSUP after a message when EAL's memory is not made of files or of too
 * many.
 */
int kl__shared_memory(struct kl__shared_region *regions, unsigned int limit);

#endif
