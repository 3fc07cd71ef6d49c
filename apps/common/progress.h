/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A line on the terminal, on stderr, that shows how longer work proceeds. Off a terminal there is none, and
 * none in the first 2 s. One thread.
 */
#ifndef APPS_PROGRESS_H
#define APPS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress_line {
	bool is_enabled;
	bool is_shown;
	uint64_t next_ns; /* when it is due, on the clock of clock_ns */
};

void progress_line_begin(struct progress_line *line, bool is_wanted);

/*
 * Whether the line is due. Then it has been taken away, the caller writes a new one to stderr, and the next
 * one is due after period_ns.
 */
bool progress_line_renew(struct progress_line *line, uint64_t now_ns, uint64_t period_ns);

/* Takes the line away, for good. */
void progress_line_end(struct progress_line *line);

#endif
