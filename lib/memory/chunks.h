/* SPDX-License-Identifier: BSD-3-Clause */
/* The origins of chunks: EAL, regions that one device is granted, and private memory. */
#ifndef KL_MEMORY_CHUNKS_H
#define KL_MEMORY_CHUNKS_H

#include "memory/arena.h"
#include "memory/space.h"

/* EAL's memory on a node (-1: any), contiguous for devices; for the life of the process. */
struct kl__arena *kl__eal_arena(int node);

/* Memory that no device reaches, near a node; for the life of the process. */
struct kl__arena *kl__private_arena(int node);

/* The context of an arena of regions, each of which is granted to the user. */
struct kl__granted_chunks {
	struct kl__space *space;
	struct kl__space_user *user;
};

extern const struct kl__chunk_source kl__granted_chunks_source;

#endif
