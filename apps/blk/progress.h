/* SPDX-License-Identifier: BSD-3-Clause */
/* The line on the terminal that shows how far longer work is. */
#ifndef BLK_APP_PROGRESS_H
#define BLK_APP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/message.h"

struct progress {
	const char *what;
	uint64_t total; /* bytes; 0 when only time is known */
	double seconds; /* that the work lasts; 0 when only bytes are known */
	double started;
	struct progress_line line;
};

void progress_begin(struct progress *progress, const char *what, uint64_t total, double seconds);
/*
 * Updates the line, with done in bytes and requests so far (0: not shown). Cheap when
 * nothing is due.
 */
void progress_update(struct progress *progress, uint64_t done, uint64_t requests);
/* Removes the line. */
void progress_end(struct progress *progress);

#endif
