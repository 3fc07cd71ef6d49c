/* SPDX-License-Identifier: BSD-3-Clause */
#include "forward.h"

#include <errno.h>
#include <stdio.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_pause.h>

#include "common/clock.h"
#include "common/message.h"
#include "common/signals.h"
#include "engine.h"
#include "grants.h"

#define SLICES_PER_SECOND 100

bool fwd_slice(struct fwd *fwd)
{
	struct fwd_lcore *lcore = &fwd->lcores[0];
	const uint64_t cycles = rte_get_tsc_hz() / SLICES_PER_SECOND;
	const uint64_t begin = rte_rdtsc();

	if (!fwd->running || !fwd->on_main)
		return false;
	do
		if (idle_is_due(&lcore->idle, lcore_round(lcore)))
			return true;
	while (rte_rdtsc() - begin < cycles && !signals_stop_requested());
	return false;
}

bool fwd_arm(struct fwd *fwd)
{
	struct fwd_lcore *lcore = &fwd->lcores[0];

	return idle_arm(&lcore->idle, lcore->streams, lcore->stream_count);
}

void fwd_disarm(struct fwd *fwd)
{
	struct fwd_lcore *lcore = &fwd->lcores[0];

	idle_disarm(&lcore->idle, lcore->streams, lcore->stream_count);
}

static void check_node(const struct ports *ports, const struct fwd_lcore *lcore, uint16_t number)
{
	const struct port *port = &ports->at[number];
	const int device_node = kl_device_info(port->device)->numa_node;
	const int node = rte_lcore_to_socket_id(lcore->id);

	if (device_node >= 0 && device_node != node)
		print_warning("lcore %u on NUMA node %d forwards for port %u (%s) on node %d",
			lcore->id, node, number, port_name(port), device_node);
}

static void check_nodes(const struct fwd *fwd)
{
	for (uint16_t i = 0; i < fwd->lcore_count; i++) {
		const struct fwd_lcore *lcore = &fwd->lcores[i];

		for (uint16_t s = 0; s < lcore->stream_count; s++) {
			check_node(fwd->ports, lcore, lcore->streams[s].rx_port);
			if (lcore->streams[s].tx_port != lcore->streams[s].rx_port)
				check_node(fwd->ports, lcore, lcore->streams[s].tx_port);
		}
	}
}

/*
 * In ns, by the gaps of "set txtimes". Bursts of one packet without a gap between bursts still have
 * that between packets.
 */
static uint64_t burst_period(const struct fwd_settings *settings)
{
	const uint64_t period = settings->burst_gap +
		(uint64_t)(settings->burst - 1) * settings->packet_gap;

	return period > 0 ? period : settings->packet_gap;
}

/* The rate is a port's, so its queues share it. */
static int begin_stream(const struct fwd *fwd, struct fwd_stream *stream, bool tx_first)
{
	const struct fwd_settings *settings = stream->settings;
	uint64_t rate = settings->engine->paced ? settings->rate : 0;
	int rc = 0;

	if (rate != 0)
		rate = RTE_MAX(rate / fwd->ports->queue_pairs, UINT64_C(1));
	pace_set(&stream->pace, rate, settings->burst);
	if (rate == 0 && settings->engine->paced &&
		(settings->burst_gap | settings->packet_gap) != 0)
		pace_set_period(&stream->pace, burst_period(settings), settings->burst);
	if (settings->engine->begin != NULL)
		rc = settings->engine->begin(stream);
	if (rc == 0 && tx_first && settings->engine != settings->first_engine)
		rc = settings->first_engine->begin(stream);
	return rc;
}

static void end_streams(struct fwd *fwd)
{
	for (uint16_t i = 0; i < fwd->stream_count; i++)
		if (fwd->settings.engine->end != NULL)
			fwd->settings.engine->end(&fwd->streams[i]);
}

static int begin_streams(struct fwd *fwd, uint32_t tx_first)
{
	for (uint16_t i = 0; i < fwd->stream_count; i++) {
		const int rc = begin_stream(fwd, &fwd->streams[i], tx_first > 0);

		if (rc != 0) {
			end_streams(fwd);
			return rc;
		}
	}
	return 0;
}

static int check_ports(const struct fwd *fwd)
{
	for (uint16_t i = 0; i < fwd->ports->count; i++) {
		if (fwd_has_port(fwd, i) && !port_is_started(&fwd->ports->at[i])) {
			print_reply("Not all ports were started");
			return -ENETDOWN;
		}
	}
	return 0;
}

/*
 * A run counts from the end of the last one. So a report includes the kicks of starting a port, and
 * nothing is lost between two.
 */
static void take_baselines(struct fwd *fwd)
{
	for (uint16_t i = 0; i < fwd->ports->count; i++) {
		struct port *port = &fwd->ports->at[i];

		port->tap_errors_before = __atomic_load_n(&port->tap.errors, __ATOMIC_RELAXED);
		if (port_is_open(port))
			counters_read(port->net, fwd->ports->queue_pairs, &port->run);
	}
}

static void close_idle(struct fwd *fwd)
{
	for (uint16_t i = 0; i < fwd->lcore_count; i++)
		idle_close(&fwd->lcores[i].idle);
}

/* Modes that only send don't wait for packets. */
static int open_idle(struct fwd *fwd)
{
	const struct fwd_settings *settings = &fwd->settings;
	const enum idle_mode mode = settings->engine->sends_only ? IDLE_POLL : settings->idle;
	int rc = 0;

	for (uint16_t i = 0; i < fwd->lcore_count && rc == 0; i++)
		rc = idle_open(&fwd->lcores[i].idle, mode, fwd->lcores[i].streams,
			fwd->lcores[i].stream_count);
	if (rc != 0)
		close_idle(fwd);
	return rc;
}

void fwd_launch(struct fwd *fwd, uint32_t tx_first)
{
	check_nodes(fwd);
	fwd->started_ns = clock_ns();
	fwd->ended_ns = 0;
	fwd->reported_mbufs = false;
	fwd->running = true;
	for (uint16_t i = 0; i < fwd->lcore_count; i++) {
		struct fwd_lcore *lcore = &fwd->lcores[i];

		atomic_store(&lcore->order, FWD_GO_ON);
		lcore->tx_first = tx_first;
		if (fwd->on_main)
			lcore_begin(lcore);
		else
			rte_eal_remote_launch(lcore_main, lcore, lcore->id);
	}
}

int fwd_prepare(struct fwd *fwd, uint32_t tx_first)
{
	int rc;

	if (fwd->running) {
		print_reply("Packet forwarding already started");
		return -EBUSY;
	}
	rc = fwd_plan(fwd);
	if (rc == -ENODEV)
		print_reply("No port is left to forward with");
	if (rc == 0)
		rc = check_ports(fwd);
	if (rc == 0)
		rc = fwd_grant_pools(fwd);
	if (rc == 0)
		rc = begin_streams(fwd, tx_first);
	if (rc != 0)
		return rc;
	rc = open_idle(fwd);
	if (rc != 0)
		end_streams(fwd);
	return rc;
}

static void send_order(struct fwd_lcore *lcore, enum fwd_order order)
{
	atomic_store(&lcore->order, order);
	idle_wake(&lcore->idle);
}

bool fwd_stop(struct fwd *fwd)
{
	if (!fwd->running) {
		print_reply("Packet forwarding not started");
		return false;
	}
	printf("Telling cores to stop...\n");
	for (uint16_t i = 0; i < fwd->lcore_count; i++)
		send_order(&fwd->lcores[i], FWD_STOP);
	printf("Waiting for lcores to finish...\n");
	fflush(stdout);
	for (uint16_t i = 0; i < fwd->lcore_count; i++) {
		if (fwd->on_main)
			lcore_end(&fwd->lcores[i]);
		else
			rte_eal_wait_lcore(fwd->lcores[i].id);
	}
	fwd->ended_ns = clock_ns();
	fwd->running = false;
	end_streams(fwd);
	return true;
}

void fwd_finish(struct fwd *fwd)
{
	take_baselines(fwd);
	close_idle(fwd);
}

/*
 * Sends an order and waits until the lcore has run it. Counters and queues belong to the lcore,
 * which reads its order in each round.
 */
static void run_order(const struct fwd *fwd, struct fwd_lcore *lcore, enum fwd_order order)
{
	const uint64_t deadline = clock_ns() + SECOND_NS;

	if (!fwd->running || fwd->on_main) {
		lcore_run_order(lcore, order);
		return;
	}
	send_order(lcore, order);
	while (atomic_load_explicit(&lcore->order, memory_order_acquire) == (int)order &&
		clock_ns() < deadline)
		rte_pause();
}

void fwd_clear(struct fwd *fwd)
{
	for (uint16_t i = 0; i < fwd->lcore_count; i++)
		run_order(fwd, &fwd->lcores[i], FWD_CLEAR);
	take_baselines(fwd);
	fwd->started_ns = clock_ns();
	if (!fwd->running)
		fwd->ended_ns = fwd->started_ns;
}

/* Without a run the queues belong to this thread. */
void fwd_announce(struct fwd *fwd, const struct port *port)
{
	if (!fwd->running || !fwd_has_port(fwd, port->number)) {
		lcore_announce(port->net, 0, port->pool);
		return;
	}
	for (uint16_t i = 0; i < fwd->stream_count; i++)
		fwd->streams[i].announces = fwd->streams[i].tx_net == port->net &&
			fwd->streams[i].tx_tap == NULL && fwd->streams[i].tx_queue == 0;
	for (uint16_t i = 0; i < fwd->lcore_count; i++)
		run_order(fwd, &fwd->lcores[i], FWD_ANNOUNCE);
}

/* True when a stream has found no mbufs since the last look, and has sent nothing. */
static bool is_starved(struct fwd_stream *stream)
{
	const uint64_t nombuf = stream->nombuf, sent = stream->tx_packets;
	const bool is = nombuf != stream->nombuf_before && sent == stream->sent_before;

	stream->nombuf_before = nombuf;
	stream->sent_before = sent;
	return is;
}

void fwd_check_mbufs(struct fwd *fwd)
{
	for (uint16_t i = 0; fwd->running && i < fwd->stream_count; i++) {
		struct fwd_stream *stream = &fwd->streams[i];

		if (!is_starved(stream) || fwd->reported_mbufs)
			continue;
		fwd->reported_mbufs = true;
		print_warning(
			"port %u, queue %u: %s finds no %u free mbufs in pool <%s>, which has "
			"%u, %u of them free; raise --total-num-mbufs, or make rings smaller by "
			"--rxd and --txd",
			stream->tx_port, stream->tx_queue, fwd->settings.engine->name,
			stream->burst, stream->pool->name, stream->pool->size,
			rte_mempool_avail_count(stream->pool));
	}
}

double fwd_seconds(const struct fwd *fwd)
{
	const uint64_t end = fwd->ended_ns != 0 ? fwd->ended_ns : clock_ns();

	return fwd->started_ns != 0 ? (end - fwd->started_ns) / (double)SECOND_NS : 0;
}
