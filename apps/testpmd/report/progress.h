/* SPDX-License-Identifier: BSD-3-Clause */
/* A line on the terminal that tells how a longer run goes. Off a terminal there is none. */
#ifndef TESTPMD_PROGRESS_H
#define TESTPMD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct fwd;

struct progress {
	bool wanted;
	bool shown; /* the line stands on the terminal */
	uint64_t next_ns;
	uint64_t last_ns;
	uint64_t rx_packets; /* at last_ns, as the next */
	uint64_t tx_packets;
};

/* wanted says whether the run is long enough, and nothing else uses the terminal. */
void progress_begin(struct progress *progress, const struct fwd *fwd, bool wanted);

/* end_ns is when the run will end, 0 when nobody knows. */
void progress_update(struct progress *progress, const struct fwd *fwd, uint64_t end_ns);

/* Takes the line away. */
void progress_end(struct progress *progress);

#endif
