/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a person may want of each burst: how full it was, its packets printed, its packets in a file,
 * or that there be none. A stream that nobody watches pays one branch for all of it.
 */
#ifndef TESTPMD_WATCH_H
#define TESTPMD_WATCH_H

#include <stdint.h>

struct fwd_stream;
struct rte_mbuf;

/* Levels of "set verbose", as bits. */
#define VERBOSE_RX 1
#define VERBOSE_TX 2

/* The stream's lcore: in place of receiving and of sending. */
uint16_t watch_receive(struct fwd_stream *stream, struct rte_mbuf **packets);
uint16_t watch_send(struct fwd_stream *stream, struct rte_mbuf **packets, uint16_t count);

#endif
