/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>

/* The port that sends the packets received by the port-th of count ports. */
static uint16_t choose_peer(enum port_topology topology, uint16_t port, uint16_t count)
{
	switch (topology) {
	case TOPOLOGY_CHAINED:
		return (port + 1) % count;
	case TOPOLOGY_LOOP:
		return port;
	case TOPOLOGY_PAIRED:
		break;
	}
	/* With an odd count the last one is its own peer. */
	return (port ^ 1) < count ? port ^ 1 : port;
}

static void fill_stream(const struct fwd *fwd, struct fwd_stream *stream, const struct port *rx,
	const struct port *tx, uint16_t queue)
{
	*stream = (struct fwd_stream){
		.rx_net = rx->net,
		.tx_net = tx->net,
		.pool = tx->pool,
		.settings = &fwd->settings,
		.rx_port = rx->number,
		.rx_queue = queue,
		.tx_port = tx->number,
		.tx_queue = queue,
		.burst = fwd->settings.burst,
		.record_bursts = fwd->settings.record_bursts,
		.tx_vlan = fwd->settings.tx_vlan[tx->number],
		.tx_outer_vlan = fwd->settings.tx_outer_vlan[tx->number],
		.outer_tpid = fwd->settings.outer_tpid[tx->number],
		.capture = fwd->capture,
		.peer = fwd->settings.peers[tx->number],
	};
	memcpy(&stream->source, kl_net_info(tx->net)->mac, sizeof(stream->source));
}

/*
 * Streams of a port that is joined to a TAP: all received packets go to the kernel, and packets of
 * the kernel leave by the first queue.
 */
static struct fwd_stream *fill_tap_streams(const struct fwd *fwd, struct fwd_stream *stream,
	struct port *port)
{
	for (uint16_t queue = 0; queue < fwd->ports->queue_pairs; queue++) {
		fill_stream(fwd, stream, port, port, queue);
		stream->tx_vlan = NO_VLAN;
		stream++->tx_tap = &port->tap;
	}
	fill_stream(fwd, stream, port, port, 0);
	stream++->rx_tap = &port->tap;
	return stream;
}

/* Moves ports that are joined to a TAP behind the others. Returns how many others there are. */
static uint16_t move_taps_back(struct port **ports, uint16_t count)
{
	struct port *joined[MAX_PORTS];
	uint16_t taps = 0;

	for (uint16_t i = 0; i < count; i++) {
		if (tap_is_open(&ports[i]->tap))
			joined[taps++] = ports[i];
		else
			ports[i - taps] = ports[i];
	}
	memcpy(ports + count - taps, joined, taps * sizeof(joined[0]));
	return count - taps;
}

/* The open ports that are to forward, in the order of the settings. */
static uint16_t choose_ports(const struct fwd *fwd, struct port **ports)
{
	const struct fwd_settings *settings = &fwd->settings;
	const uint16_t listed = settings->port_list_count;
	const uint16_t total = listed != 0 ? listed : fwd->ports->count;
	uint16_t count = 0;

	for (uint16_t i = 0; i < total && (settings->ports == 0 || count < settings->ports); i++) {
		const uint16_t number = listed != 0 ? settings->port_list[i] : i;

		if (number < fwd->ports->count && port_is_open(&fwd->ports->at[number]))
			ports[count++] = &fwd->ports->at[number];
	}
	return count;
}

static int plan_streams(struct fwd *fwd)
{
	struct port *ports[MAX_PORTS];
	const uint16_t count = choose_ports(fwd, ports);
	const uint16_t others = move_taps_back(ports, count);
	struct fwd_stream *stream;

	fwd_free(fwd);
	if (count == 0)
		return -ENODEV;
	fwd->stream_count = count * fwd->ports->queue_pairs + (count - others);
	fwd->streams = rte_calloc("streams", fwd->stream_count, sizeof(*fwd->streams),
		RTE_CACHE_LINE_SIZE);
	if (fwd->streams == NULL) {
		fwd->stream_count = 0;
		return -ENOMEM;
	}
	fwd->port_count = count;
	stream = fwd->streams;
	for (uint16_t queue = 0; queue < fwd->ports->queue_pairs; queue++)
		for (uint16_t i = 0; i < others; i++)
			fill_stream(fwd, stream++, ports[i],
				ports[choose_peer(fwd->settings.topology, i, others)], queue);
	for (uint16_t i = others; i < count; i++)
		stream = fill_tap_streams(fwd, stream, ports[i]);
	return 0;
}

bool fwd_has_port(const struct fwd *fwd, uint16_t port)
{
	for (uint16_t i = 0; i < fwd->stream_count; i++)
		if (fwd->streams[i].rx_port == port || fwd->streams[i].tx_port == port)
			return true;
	return false;
}

unsigned int fwd_max_cores(void)
{
	return rte_lcore_count() > 1 ? rte_lcore_count() - 1 : 1;
}

/* The listed lcore; else an unused one, on that node if there is one. */
static unsigned int choose_lcore(const struct fwd *fwd, int node)
{
	const struct fwd_settings *settings = &fwd->settings;
	bool taken[RTE_MAX_LCORE] = {false};
	unsigned int other = rte_get_main_lcore();
	unsigned int id;

	if (fwd->lcore_count < settings->core_list_count)
		return settings->core_list[fwd->lcore_count];
	for (uint16_t i = 0; i < fwd->lcore_count; i++)
		taken[fwd->lcores[i].id] = true;
	RTE_LCORE_FOREACH_WORKER(id) {
		if (taken[id])
			continue;
		if ((int)rte_lcore_to_socket_id(id) == node)
			return id;
		if (other == rte_get_main_lcore())
			other = id;
	}
	return other;
}

/*
 * Each lcore gets neighbouring streams. The last ones get one more when the division
 * has a remainder.
 */
static void plan_lcores(struct fwd *fwd)
{
	const uint16_t cores = RTE_MIN(fwd->settings.cores, fwd->stream_count);
	const uint16_t longer_from = cores - fwd->stream_count % cores;
	struct fwd_stream *next = fwd->streams;

	fwd->lcore_count = 0;
	for (uint16_t i = 0; i < cores; i++) {
		const unsigned int id = choose_lcore(fwd,
			port_node(&fwd->ports->at[next->rx_port]));
		struct fwd_lcore *lcore = &fwd->lcores[fwd->lcore_count++];

		lcore->id = id;
		lcore->engine = fwd->settings.engine;
		lcore->first_engine = fwd->settings.first_engine;
		lcore->record_cycles = fwd->settings.record_cycles;
		lcore->streams = next;
		lcore->idle = (struct idle){.epoll_fd = -1, .wake_fd = -1};
		lcore->stream_count = fwd->stream_count / cores + (i >= longer_from);
		next += lcore->stream_count;
	}
	fwd->on_main = fwd->lcores[0].id == rte_get_main_lcore();
}

void fwd_apply(struct fwd *fwd)
{
	const uint8_t verbose = fwd->next->verbose;

	for (uint16_t i = 0; i < fwd->stream_count; i++) {
		struct fwd_stream *stream = &fwd->streams[i];
		const struct port *rx = &fwd->ports->at[stream->rx_port];
		const struct port *tx = &fwd->ports->at[stream->tx_port];
		const bool rx_held = rx->link_held ||
			(rx->rx_held[stream->rx_queue] && stream->rx_tap == NULL);
		const bool tx_held = tx->link_held ||
			(tx->tx_held[stream->tx_queue] && stream->tx_tap == NULL);

		const bool strips = rx->strips_vlan[stream->rx_queue] && stream->rx_tap == NULL;

		atomic_store(&stream->strips_vlan, strips);
		atomic_store(&stream->rx_held, rx_held);
		atomic_store(&stream->tx_held, tx_held);
		atomic_store(&stream->verbose, verbose);
		atomic_store(&stream->is_watched,
			rx_held || tx_held || stream->record_bursts || verbose != 0 || strips ||
				stream->tx_vlan != NO_VLAN || stream->capture != NULL);
	}
	for (uint16_t i = 0; i < fwd->lcore_count; i++)
		idle_wake(&fwd->lcores[i].idle);
}

int fwd_plan(struct fwd *fwd)
{
	int rc;

	fwd->settings = *fwd->next;
	rc = plan_streams(fwd);
	if (rc == 0)
		plan_lcores(fwd);
	if (rc == 0)
		fwd_apply(fwd);
	return rc;
}

void fwd_free(struct fwd *fwd)
{
	for (uint16_t i = 0; i < fwd->stream_count; i++)
		capture_batch_free(&fwd->streams[i].batch);
	rte_free(fwd->streams);
	fwd->streams = NULL;
	fwd->stream_count = 0;
	fwd->lcore_count = 0;
	fwd->port_count = 0;
}
