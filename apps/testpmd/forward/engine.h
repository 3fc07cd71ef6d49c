/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A forwarding mode: what one stream does in one turn. Each mode has its own file, mode_NAME.c, and
 * stands in the table of engine.c.
 */
#ifndef TESTPMD_ENGINE_H
#define TESTPMD_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

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

extern const struct fwd_engine io_engine;
extern const struct fwd_engine mac_engine;
extern const struct fwd_engine macswap_engine;
extern const struct fwd_engine rxonly_engine;
extern const struct fwd_engine txonly_engine;
extern const struct fwd_engine flowgen_engine;
extern const struct fwd_engine csum_engine;
extern const struct fwd_engine icmpecho_engine;
extern const struct fwd_engine five_tuple_engine;

/* NULL when there is no such mode. */
const struct fwd_engine *engine_by_name(const char *name);

/* Writes the names of all modes to text, with separator in between; returns text. */
char *engine_names(char separator, char *text, size_t size);

#endif
