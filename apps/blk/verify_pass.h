/* SPDX-License-Identifier: BSD-3-Clause */
/* The state and the findings of a verify run, and its passes. */
#ifndef BLK_APP_VERIFY_PASS_H
#define BLK_APP_VERIFY_PASS_H

#include "blocks.h"
#include "pattern.h"
#include "tool.h"

struct verify {
	struct tool *tool;
	struct pattern pattern;
	uint64_t base; /* the part of the device */
	uint64_t size;
	uint32_t chunk_bytes; /* of one request */
	uint64_t chunks;
	uint64_t at; /* chunks requested in this pass */
	uint64_t step; /* between two chunks that are read one after the other */
	unsigned int passes;
	double write_seconds;
	double read_seconds;
	uint64_t write_errors;
	struct blocks found[VERDICTS]; /* none for the good ones */
	struct blocks unread_chunks; /* chunks that could not be read as a whole */
	struct blocks unreadable;
};

/* Each returns 0, or an error after a message. */
int verify_write_pass(struct verify *verify);
int verify_read_pass(struct verify *verify);
/* Finds the generation on the device; 0 when there is none with this seed. As above. */
int verify_find_generation(struct verify *verify, uint32_t *generation);

#endif
