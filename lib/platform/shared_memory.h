/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL's memory as files, for a device that is another process. */
#ifndef KL_PLATFORM_SHARED_MEMORY_H
#define KL_PLATFORM_SHARED_MEMORY_H

#include "contract/shared_memory.h"

/* Its regions are -ENOTSUP when EAL's memory is not made of files, or of too many. */
extern const struct kl__shared_memory kl__eal_shared_memory;

#endif
