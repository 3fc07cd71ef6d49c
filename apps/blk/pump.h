/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A queue kept busy with requests of a source. The pump fills free slots, submits them together,
 * returns completions to the source, recovers the device, ends at a signal and shows progress.
 */
#ifndef BLK_APP_PUMP_H
#define BLK_APP_PUMP_H

#include <stdint.h>

#include "tool.h"

struct pump_slot {
	uint8_t *buffer; /* buffer_bytes long, reachable by the device */
	struct kl_blk_request request;
	uint64_t tag; /* the source's own */
	unsigned int tries;
};

struct pump_source {
	/*
	 * Fills slot->request; its buffer is set already. Returns 1; 0 when there is nothing
	 * more; -EAGAIN when there is nothing until a request completes; or another error, which
	 * ends the run.
	 */
	int (*next)(void *context, struct pump_slot *slot);
	/*
	 * Called when slot->request completed with result; the slot is free after that. Returns 0,
	 * or an error, which ends the run.
	 */
	int (*done)(void *context, struct pump_slot *slot, int result);
	void *context;
	const char *what; /* for the progress line */
	uint64_t total; /* bytes to be moved */
};

/*
 * Runs until the source has nothing more, or an error. Returns 0; the error of next or done; -EINTR
 * after a signal; -EIO when the device does not come back; -ENOMEM.
 */
int pump_run(struct tool *tool, uint32_t depth, size_t buffer_bytes,
	const struct pump_source *source);

#endif
