/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keeps a queue busy with requests that somebody else makes up: fills free slots, submits what was
 * filled together, hands completions back, recovers the device, ends at a signal, shows progress.
 */
#ifndef BLK_APP_PUMP_H
#define BLK_APP_PUMP_H

#include <stdint.h>

#include "tool.h"

struct pump_slot {
	uint8_t *buffer; /* of buffer_bytes, that the device can reach */
	struct kl_blk_request request;
	uint64_t tag; /* the source's own */
	unsigned int tries;
};

struct pump_source {
	/*
	 * Fills slot->request; buffer is set already. 1, 0 when there is nothing more, -EAGAIN when
	 * there is nothing until something completes, or another error to end.
	 */
	int (*next)(void *context, struct pump_slot *slot);
	/*
	 * slot->request completed with result; the slot is free after that. 0, or an error to end.
	 */
	int (*done)(void *context, struct pump_slot *slot, int result);
	void *context;
	const char *what; /* for the progress line */
	uint64_t total; /* bytes that will be moved */
};

/*
 * Runs until the source has nothing more, or an error. 0; what next or done returned; -EINTR after
 * a signal; -EIO when the device does not come back; -ENOMEM. Messages about the device are its
 * own.
 */
int pump_run(struct tool *tool, uint32_t depth, size_t buffer_bytes,
	const struct pump_source *source);

#endif
