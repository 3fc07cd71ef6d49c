/* SPDX-License-Identifier: BSD-3-Clause */
/* A line on the terminal that tells how longer work goes. Off a terminal there is none. */
#ifndef BLK_APP_PROGRESS_H
#define BLK_APP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what;
	uint64_t total; /* bytes; 0 when only time is known */
	double seconds; /* that the work lasts; 0 when only bytes are known */
	double started;
	double next;
	bool is_wanted;
	bool is_shown;
};

/* Monotonic, in seconds. */
double clock_seconds(void);

void progress_begin(struct progress *progress, const char *what, uint64_t total, double seconds);
/* done in bytes, requests so far (0: not told). Cheap when nothing is due. */
void progress_update(struct progress *progress, uint64_t done, uint64_t requests);
/* Takes the line away. */
void progress_end(struct progress *progress);

#endif
