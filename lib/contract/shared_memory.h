/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory of this process that another can map: lib/memory finds it, a transport sends it on. */
#ifndef KL_CONTRACT_SHARED_MEMORY_H
#define KL_CONTRACT_SHARED_MEMORY_H

#include <stdint.h>

/* A part of our memory that the back end may map. */
struct kl__shared_region {
	uint64_t address; /* ours */
	uint64_t iova; /* in descriptors */
	uint64_t size;
	uint64_t offset; /* in the file */
	int fd;
};

/* No back end is sent more regions than this. */
#define KL__SHARED_REGIONS_MAX 64

/*
 * Memory has been added, or is about to go: what there is now, or count -errno after a message.
 * Called on the thread that allocates or frees, which waits; must not allocate in turn. 0, or
 * -errno after a message when the back end does not have it all.
 */
typedef int kl__shared_memory_changed(void *context, const struct kl__shared_region *regions,
	int count);

/* The memory that one back end may map. */
struct kl__shared_memory {
	/*
	 * Fills at most limit regions, by address; how many there are, or -errno after a message.
	 */
	int (*regions)(struct kl__shared_memory *memory, struct kl__shared_region *regions,
		unsigned int limit);
	/* Reports changes from now on, to one watcher. 0, also where memory never changes. */
	int (*watch)(struct kl__shared_memory *memory, kl__shared_memory_changed *changed,
		void *context);
	void (*unwatch)(struct kl__shared_memory *memory);
};

#endif
