/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The report in text, for people: testpmd's blocks, whose labels and order scripts parse, then one
 * block per port about its virtqueues.
 */
#include "report.h"

#include <inttypes.h>
#include <string.h>

#include <rte_cycles.h>

#include "common/message.h"
#include "forward/plan.h"

#define DASHES "----------------------"
#define PLUSES "+++++++++++++++"

struct share {
	unsigned int packets;
	uint64_t bursts;
};

/*
 * Finds the two most frequent sizes above 0, the more frequent one first. Returns the number
 * of all bursts.
 */
static uint64_t find_most_frequent(const uint64_t spread[MAX_BURST + 1], struct share top[2])
{
	uint64_t total = spread[0];

	top[0] = top[1] = (struct share){0, 0};
	for (unsigned int packets = 1; packets <= MAX_BURST; packets++) {
		const struct share share = {packets, spread[packets]};

		total += share.bursts;
		if (share.bursts > top[0].bursts) {
			top[1] = top[0];
			top[0] = share;
		} else if (share.bursts > top[1].bursts) {
			top[1] = share;
		}
	}
	return total;
}

/* The last percentage is the remainder, so that they add up to 100. */
static void print_bursts(const char *direction, const uint64_t spread[MAX_BURST + 1])
{
	struct share parts[3] = {{0, spread[0]}};
	const uint64_t total = find_most_frequent(spread, parts + 1);
	uint64_t shown = 0;
	int percent = 0;

	if (total == 0)
		return;
	printf("  %s-bursts : %" PRIu64 " [", direction, total);
	for (int i = 0; i < 3; i++) {
		const int share = 100.0 * parts[i].bursts / total;

		shown += parts[i].bursts;
		if (shown == total) {
			printf("%d%% of %u pkts]\n", 100 - percent, parts[i].packets);
			return;
		}
		printf("%d%% of %u pkts + ", share, parts[i].packets);
		percent += share;
	}
	printf("%d%% of other]\n", 100 - percent);
}

static void print_counts(uint64_t rx, uint64_t rx_dropped)
{
	printf("  RX-packets: %-14" PRIu64 " RX-dropped: %-14" PRIu64 "RX-total: %-" PRIu64 "\n",
		rx, rx_dropped, rx + rx_dropped);
}

static void print_sent(uint64_t tx, uint64_t tx_dropped)
{
	printf("  TX-packets: %-14" PRIu64 " TX-dropped: %-14" PRIu64 "TX-total: %-" PRIu64 "\n",
		tx, tx_dropped, tx + tx_dropped);
}

static void print_ends(const struct fwd_stream *stream)
{
	char text[SHOWN_BYTES];

	printf("\n  ------- Forward Stats for ");
	if (stream->rx_tap != NULL)
		printf("TAP %s", show_text(stream->rx_tap->name, text));
	else
		printf("RX Port=%2u/Queue=%2u", stream->rx_port, stream->rx_queue);
	printf(" -> ");
	if (stream->tx_tap != NULL)
		printf("TAP %s", show_text(stream->tx_tap->name, text));
	else
		printf("TX Port=%2u/Queue=%2u", stream->tx_port, stream->tx_queue);
	printf(" -------\n");
}

static void print_stream(const struct fwd_stream *stream)
{
	if (stream->rx_packets == 0 && stream->tx_packets == 0 && stream->dropped == 0)
		return;
	print_ends(stream);
	printf("  RX-packets: %-14" PRIu64 " TX-packets: %-14" PRIu64 " TX-dropped: %-14" PRIu64
	       "\n",
		stream->rx_packets, stream->tx_packets, stream->dropped);
	if (stream->settings->engine->counts_sums)
		printf("  RX- bad IP checksum: %-14" PRIu64 "  Rx- bad L4 checksum: %-14" PRIu64
		       "\n",
			stream->bad_ip, stream->bad_l4);
	if (stream->record_bursts) {
		print_bursts("RX", stream->rx_bursts);
		print_bursts("TX", stream->tx_bursts);
	}
}

static void print_port_bursts(const struct fwd *fwd, uint16_t port)
{
	for (uint16_t i = 0; i < fwd->stream_count; i++)
		if (fwd->streams[i].rx_port == port)
			print_bursts("RX", fwd->streams[i].rx_bursts);
	for (uint16_t i = 0; i < fwd->stream_count; i++)
		if (fwd->streams[i].tx_port == port)
			print_bursts("TX", fwd->streams[i].tx_bursts);
}

static void print_port(const struct port_report *port, const struct fwd *fwd, bool bursts,
	bool sums)
{
	printf("\n  " DASHES " Forward statistics for port %-2u " DASHES "\n", port->port);
	/* A virtio device does not report packets that it had no buffer for. */
	print_counts(port->totals.rx_packets, 0);
	/* It does not report checksums in tunnels either. */
	if (sums) {
		printf("  Bad-ipcsum: %-14" PRIu64 " Bad-l4csum: %-14" PRIu64
		       "Bad-outer-l4csum: %-14u\n",
			port->bad_ip, port->bad_l4, 0);
		printf("  Bad-outer-ipcsum: %-14u\n", 0);
	}
	if (port->totals.rx_errors + port->totals.rx_nombuf > 0) {
		printf("  RX-error: %-" PRIu64 "\n", port->totals.rx_errors);
		printf("  RX-nombufs: %-14" PRIu64 "\n", port->totals.rx_nombuf);
	}
	print_sent(port->totals.tx_packets, port->tx_dropped);
	if (port->tap[0] != '\0')
		printf("  TAP: %-20s TAP-dropped: %" PRIu64 "\n", port->tap, port->tap_dropped);
	if (bursts)
		print_port_bursts(fwd, port->port);
	printf("  " DASHES "--------------------------------" DASHES "\n");
}

static void print_sum(const struct report *report)
{
	uint64_t rx = 0;
	uint64_t tx = 0;
	uint64_t tx_dropped = 0;
	uint64_t nombuf = 0;

	for (uint16_t i = 0; i < report->port_count; i++) {
		rx += report->ports[i].totals.rx_packets;
		nombuf += report->ports[i].totals.rx_nombuf;
		tx += report->ports[i].totals.tx_packets;
		tx_dropped += report->ports[i].tx_dropped;
	}
	printf("\n  " PLUSES " Accumulated forward statistics for all ports" PLUSES "\n");
	print_counts(rx, 0);
	print_sent(tx, tx_dropped);
	if (nombuf > 0)
		printf("  RX-nombufs: %-14" PRIu64 "\n", nombuf);
	printf("  " PLUSES "++++++++++++++++++++++++++++++++++++++++++++++" PLUSES "\n");
}

static void print_cycles(const struct report *report)
{
	if (!report->cycles_recorded || report->cycle_packets == 0)
		return;
	printf("\n  CPU cycles/packet=%.2F (busy cycles=%" PRIu64 " / total %s packets=%" PRIu64
	       ") at %" PRIu64 " MHz Clock\n",
		(double)report->busy_cycles / report->cycle_packets, report->busy_cycles,
		report->mode, report->cycle_packets, rte_get_tsc_hz() / 1000000);
}

static void print_queue(const struct queue_report *queue)
{
	const struct kl_queue_stats *stats = &queue->stats.queue;
	char kick[32];

	printf("  %s queue %u: %s ring of %u, path %s, kick %s, fault: %s\n",
		queue->tx ? "TX" : "RX", queue->queue, ring_name(&queue->info), queue->info.size,
		queue->info.path != NULL ? queue->info.path : "none",
		kick_policy_text(&queue->info.kick, kick, sizeof(kick)),
		kl_queue_fault_name(queue->info.fault));
	printf("    Kicks-sent: %-10" PRIu64 " Kicks-suppressed: %-10" PRIu64
	       " Kicks-spared: %-10" PRIu64 " Watchdog-kicks: %" PRIu64 "\n",
		stats->kicks_sent, stats->kicks_suppressed, stats->kicks_spared,
		stats->watchdog_kicks);
	printf("    Kicks per 1,000 packets: %-10.3f Interrupts: %" PRIu64 "\n",
		queue_kicks_per_thousand(queue), queue->stats.interrupts);
	printf("    Refill-failures: %-5" PRIu64 " Ring-full: %-17" PRIu64 " Bad-used: %" PRIu64
	       "\n",
		queue->stats.nombuf, stats->ring_full, stats->bad_used);
}

static void print_virtqueues(const struct port_report *port)
{
	printf("\n  " DASHES " Virtqueues of port %-2u " DASHES "\n", port->port);
	printf("  Device: %s  Transport: %s\n", port->device, port->transport);
	for (uint16_t i = 0; i < port->queue_count; i++)
		print_queue(&port->queues[i]);
	printf("  Features: %s\n", port->features);
	printf("  " DASHES "------------------------" DASHES "\n");
}

void report_print(const struct report *report, const struct fwd *fwd)
{
	const bool by_stream = fwd->stream_count > fwd->port_count;

	for (uint16_t i = 0; i < fwd->stream_count && by_stream; i++)
		print_stream(&fwd->streams[i]);
	for (uint16_t i = 0; i < report->port_count; i++)
		print_port(&report->ports[i], fwd, report->bursts_recorded && !by_stream,
			report->sums_counted);
	print_sum(report);
	print_cycles(report);
	for (uint16_t i = 0; i < report->port_count; i++)
		print_virtqueues(&report->ports[i]);
}
