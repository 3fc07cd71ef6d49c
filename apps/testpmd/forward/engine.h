/* SPDX-License-Identifier: BSD-3-Clause */
/* A forwarding mode: what one stream does in one turn. The modes themselves are in modes/. */
#ifndef TESTPMD_ENGINE_H
#define TESTPMD_ENGINE_H

#include <stdbool.h>

struct fwd_stream;

struct fwd_engine {
	const char *name;
	bool sends_only; /* cycles are divided by packets sent, not by those received */
	bool paced; /* --rate applies */
	bool counts_sums; /* bad checksums, which the statistics then show */
	/* Before a run, for each stream, on the control thread. 0 or -errno after a message. May be
	 * NULL. */
	int (*begin)(struct fwd_stream *stream);
	/* One turn, on the stream's lcore; true when there was something to do. */
	bool (*burst)(struct fwd_stream *stream);
};

#endif
