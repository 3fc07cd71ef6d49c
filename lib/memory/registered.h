/* SPDX-License-Identifier: BSD-3-Clause */
/* The application's memory that is registered (kickless/memory.h), in every mapper's space. */
#ifndef KL_MEMORY_REGISTERED_H
#define KL_MEMORY_REGISTERED_H

#include "memory/space.h"

/*
 * With the lock of spaces held. Enters what is registered in a new space; a back end, which it
 * can't be sent to, gets a notice. 0 or -errno after a message.
 */
int kl__registered_open(struct kl__space *space);

#endif
