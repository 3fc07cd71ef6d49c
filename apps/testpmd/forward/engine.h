/* SPDX-License-Identifier: BSD-3-Clause */
/* A forwarding mode: the action of one stream in one turn. The modes themselves are in modes/. */
#ifndef TESTPMD_ENGINE_H
#define TESTPMD_ENGINE_H

#include <stdbool.h>

struct fwd_stream;

struct fwd_engine {
	const char *name;
	bool sends_only; /* cycles are divided by packets sent, not by those received */
	bool drops_received; /* packets that are received are not sent */
	bool paced; /* --rate applies */
	bool counts_sums; /* the statistics show bad checksums */
	/*
	 * Called before a run, for each stream, on the control thread. May be NULL. Returns 0, or
	 * -errno after a message.
	 */
	int (*begin)(struct fwd_stream *stream);
	/* One turn, on the stream's lcore. Returns true when there was work. */
	bool (*burst)(struct fwd_stream *stream);
	/* Called after a run that begin has prepared, as begin. May be NULL. */
	void (*end)(struct fwd_stream *stream);
};

#endif
