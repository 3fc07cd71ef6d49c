/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory of a space that a back end in another process is sent: EAL's files, and regions. */
#ifndef KL_MEMORY_SHARED_MEMORY_H
#define KL_MEMORY_SHARED_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "memory/space.h"

/* Fills in the operations that a transport gets. */
void kl__shared_memory_init(struct kl__space *space);

/* All that follow are called with EAL's lock and that of spaces held. */

/* Enters EAL's memory in the table of a new space. 0, -ENOMEM. */
int kl__shared_memory_open(struct kl__space *space);

/* EAL has allocated this memory, or is about to free it. What is not sent is not in the table. */
void kl__shared_memory_event(struct kl__space *space, bool is_free, uint64_t address,
	uint64_t size);

/* The granted regions have changed. 0, or -errno after a message when not all could be sent. */
int kl__shared_memory_send(struct kl__space *space);

#endif
