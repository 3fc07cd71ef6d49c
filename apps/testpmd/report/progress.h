/* SPDX-License-Identifier: BSD-3-Clause */
/* The line on the terminal that shows the rates of a longer run. Main lcore. */
#ifndef TESTPMD_PROGRESS_H
#define TESTPMD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/message.h"

struct fwd;

struct progress {
	struct progress_line line;
	uint64_t last_ns;
	uint64_t rx_packets; /* at last_ns, as tx_packets */
	uint64_t tx_packets;
};

/* is_enabled: the run is long enough, and nothing else uses the terminal. */
void progress_begin(struct progress *progress, const struct fwd *fwd, bool is_enabled);

/* Updates the line when it is due. end_ns is the end of the run; 0 when unknown. */
void progress_update(struct progress *progress, const struct fwd *fwd, uint64_t end_ns);

/* Removes the line. */
void progress_end(struct progress *progress);

#endif
