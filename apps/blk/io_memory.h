/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory for the data of requests. Of an isolated device it is all that the device reaches. */
#ifndef BLK_APP_IO_MEMORY_H
#define BLK_APP_IO_MEMORY_H

#include <stddef.h>

#include <kickless/memory.h>

#include "tool.h"

struct io_memory {
	void *bytes; /* NULL: none */
	struct kl_region *region; /* that it is; NULL: it is EAL's */
};

/* Allocates zeroed bytes that the open device reaches, at least 4096-aligned. 0, or -errno. */
int io_memory_alloc(const struct tool *tool, size_t size, struct io_memory *memory);
/* Frees it, while the device is open. Nothing in flight may use it. */
void io_memory_free(const struct tool *tool, struct io_memory *memory);

#endif
