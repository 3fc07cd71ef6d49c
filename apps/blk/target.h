/* SPDX-License-Identifier: BSD-3-Clause */
/* The device as a verb uses it: opened, started, asked one thing at a time. */
#ifndef BLK_APP_TARGET_H
#define BLK_APP_TARGET_H

#include "tool.h"

/* Opens --dev; 0 or an error after a message. */
int target_open(struct tool *tool);
void target_close(struct tool *tool);

/*
 * Starts it with so many queues (0: as its name says, or 1), whatever kick policy its name has, or
 * auto.
 */
int target_start(struct tool *tool, uint16_t queues);

/* Whether a request that ended with result after so many tries was cut off, and is worth another. */
bool target_may_retry(int result, unsigned int tries);

/*
 * One request on queue 0, waited for. Its result; -EINTR after a signal, -EIO when the device is
 * lost.
 */
int target_run(struct tool *tool, const struct kl_blk_request *request);

/* The part of the device that --offset and --size name, held against its capacity and blocks. */
int target_extent(const struct tool *tool, uint64_t *offset, uint64_t *size);

/*
 * Before anything is written: -EROFS, or -EEXIST when something of value seems to be there; says
 * so.
 */
int target_may_write(struct tool *tool);

/*
 * Looks at what the device has to tell, and makes it work again when it halted; one whose back end
 * has gone is waited for. 0, or an error when it does not come back.
 */
int target_poll_events(struct tool *tool);

/*
 * To be called while nothing but the end of what is in flight is waited for: when that has taken
 * seconds since the first call (*since is 0 then), the device is reset, which ends all of it.
 */
void target_abort_after(struct tool *tool, double *since, double seconds);
#define SIGNAL_TIMEOUT 5 /* after a signal, or an error */
#define DRAIN_TIMEOUT 60 /* otherwise */

/* For a person: "0000:00:10.0 (pci-modern, split indirect)". Returns text. */
char *target_text(const struct tool *tool, char *text, size_t size);

#endif
