/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of the forwarding modes, and those that use no more than a packet's addresses. */
#include "modes.h"

#include <stdio.h>
#include <string.h>

#include "edit.h"

static const struct fwd_engine *const engines[] = {
	&io_engine,
	&mac_engine,
	&macswap_engine,
	&rxonly_engine,
	&txonly_engine,
	&flowgen_engine,
	&csum_engine,
	&icmpecho_engine,
	&five_tuple_engine,
	&noisy_engine,
	&recycle_engine,
	&shared_rxq_engine,
	&ieee1588_engine,
};

#define ENGINES (sizeof(engines) / sizeof(engines[0]))

const struct fwd_engine *engine_by_name(const char *name)
{
	for (size_t i = 0; i < ENGINES; i++)
		if (strcmp(engines[i]->name, name) == 0)
			return engines[i];
	return NULL;
}

char *engine_names(char separator, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < ENGINES && length < size; i++)
		length += snprintf(text + length, size - length, i + 1 < ENGINES ? "%s%c" : "%s",
			engines[i]->name, separator);
	return text;
}

/* io: packets leave as they came. Their data is never touched. */
static bool io_burst(struct fwd_stream *stream)
{
	struct rte_mbuf *packets[MAX_BURST];
	const uint16_t count = stream_receive(stream, packets);

	if (count == 0)
		return false;
	stream_send(stream, packets, count);
	return true;
}

const struct fwd_engine io_engine = {
	.name = "io",
	.burst = io_burst,
};

/* recycle_mbufs: the same, since a receive ring is always refilled from what was sent. */
const struct fwd_engine recycle_engine = {
	.name = "recycle_mbufs",
	.burst = io_burst,
};

/* rxonly: packets are counted and dropped. */
static bool rxonly_burst(struct fwd_stream *stream)
{
	struct rte_mbuf *packets[MAX_BURST];
	const uint16_t count = stream_receive(stream, packets);

	if (count == 0)
		return false;
	rte_pktmbuf_free_bulk(packets, count);
	return true;
}

const struct fwd_engine rxonly_engine = {
	.name = "rxonly",
	.drops_received = true,
	.burst = rxonly_burst,
};

/* shared_rxq: the same. No two ports share a queue, so each packet counts where it came. */
const struct fwd_engine shared_rxq_engine = {
	.name = "shared_rxq",
	.drops_received = true,
	.burst = rxonly_burst,
};

/* mac: packets leave with the sending port's address as source and its peer's as destination. */
static bool address_packet(struct fwd_stream *stream, struct rte_mbuf *packet)
{
	edit_set_addresses(stream, packet);
	return true;
}

static bool mac_burst(struct fwd_stream *stream)
{
	return stream_edit(stream, address_packet);
}

const struct fwd_engine mac_engine = {
	.name = "mac",
	.burst = mac_burst,
};

/* macswap: packets leave with source and destination address exchanged. */
static bool swap_packet(struct fwd_stream *stream, struct rte_mbuf *packet)
{
	(void)stream;
	edit_swap_addresses(packet);
	return true;
}

static bool macswap_burst(struct fwd_stream *stream)
{
	return stream_edit(stream, swap_packet);
}

const struct fwd_engine macswap_engine = {
	.name = "macswap",
	.burst = macswap_burst,
};
