/* SPDX-License-Identifier: BSD-3-Clause */
/* The device of a verb: opened, started, used for one request at a time. Main lcore only. */
#ifndef BLK_APP_TARGET_H
#define BLK_APP_TARGET_H

#include "tool.h"

/* Opens --dev. Returns 0, or an error after a message. */
int target_open(struct tool *tool);
void target_close(struct tool *tool);

/*
 * Starts the device with so many queues; 0 for its key queues=, or 1. The kick policy is its key
 * kick=, or auto.
 */
int target_start(struct tool *tool, uint16_t queues);

/*
 * True when a request that ended with result after so many tries was cut off by a reset, and may
 * be tried again.
 */
bool target_may_retry(int result, unsigned int tries);

/*
 * Runs one request on queue 0. Returns its result; -EINTR after a signal; -EIO when the
 * device is lost.
 */
int target_run(struct tool *tool, const struct kl_blk_request *request);

/*
 * The part of the device that --offset and --size name, checked against its capacity
 * and block size.
 */
int target_extent(const struct tool *tool, uint64_t *offset, uint64_t *size);

/*
 * Checks that the disk still has bytes at offset: it may have been resized. Returns 0, or -ENOSPC
 * after a message.
 */
int target_check_resized(const struct tool *tool, uint64_t offset, uint64_t bytes);

/* The meaning of a completion's result, for messages. */
const char *target_result_text(int result);

/*
 * Call it before the first write. Returns 0; -EROFS, or -EEXIST when the device has data of value,
 * after a message.
 */
int target_may_write(struct tool *tool);

/*
 * Handles the device's events, and recovers it when it halted. A back end that is away is waited
 * for. Returns 0, or an error when the device does not come back.
 */
int target_poll_events(struct tool *tool);

/*
 * Limits the wait for requests in flight; call it while there is nothing else to wait for. When
 * that has taken seconds since the first call (*since is 0 then), the device is reset, which
 * completes all of them.
 */
void target_abort_after(struct tool *tool, double *since, double seconds);
#define SIGNAL_TIMEOUT 5 /* after a signal, or an error */
#define DRAIN_TIMEOUT 60 /* otherwise */

/* Describes the device: "0000:00:10.0 (pci-modern, split indirect)". Returns text. */
char *target_text(const struct tool *tool, char *text, size_t size);

#endif
