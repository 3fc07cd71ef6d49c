/* SPDX-License-Identifier: BSD-3-Clause */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "forward/forward.h"

double queue_kicks_per_thousand(const struct queue_report *queue)
{
	const uint64_t packets = queue->stats.packets;

	return packets > 0 ? 1000.0 * queue->stats.queue.kicks_sent / packets : 0;
}

static void collect_queue(struct port_report *report, const struct port *port, bool tx,
	uint16_t queue, const struct kl_net_queue_stats *stats)
{
	struct queue_report *to = &report->queues[report->queue_count++];

	*to = (struct queue_report){.tx = tx, .queue = queue, .stats = *stats};
	kl_net_queue_info_get(port->net, tx ? KL_NET_TX : KL_NET_RX, queue, &to->info);
}

static void collect_port(struct port_report *report, const struct port *port)
{
	const struct kl_device_info *info = kl_device_info(port->device);
	struct port_counters counters;

	counters_read(port->net, port->conf.queue_pairs, &counters);
	counters_subtract(&counters, &port->run);
	*report = (struct port_report){.port = port->number, .totals = counters_total(&counters)};
	kl_text_escape(info->name, strlen(info->name), "", report->device, sizeof(report->device));
	snprintf(report->transport, sizeof(report->transport), "%s", info->transport);
	snprintf(report->access, sizeof(report->access), "%s", port_access(port));
	report->is_isolated = info->is_isolated;
	kl_device_feature_names(port->device, &info->accepted, report->features,
		sizeof(report->features));
	report->tx_dropped = report->totals.tx_errors;
	kl_text_escape(port->tap.name, strlen(port->tap.name), "", report->tap,
		sizeof(report->tap));
	report->tap_dropped = __atomic_load_n(&port->tap.errors, __ATOMIC_RELAXED) -
		port->tap_errors_before;
	for (uint16_t i = 0; i < port->conf.queue_pairs; i++)
		collect_queue(report, port, false, i, &counters.rx[i]);
	for (uint16_t i = 0; i < port->conf.queue_pairs; i++)
		collect_queue(report, port, true, i, &counters.tx[i]);
}

static struct port_report *find_port_report(struct report *report, uint16_t port)
{
	for (uint16_t i = 0; i < report->port_count; i++)
		if (report->ports[i].port == port)
			return &report->ports[i];
	return NULL;
}

static void collect_streams(struct report *report, const struct fwd *fwd)
{
	for (uint16_t i = 0; i < fwd->stream_count; i++) {
		const struct fwd_stream *stream = &fwd->streams[i];
		struct port_report *port = find_port_report(report, stream->tx_port);

		if (port != NULL && stream->tx_tap == NULL)
			port->tx_dropped += stream->dropped;
		port = find_port_report(report, stream->rx_port);
		if (port != NULL) {
			port->bad_ip += stream->bad_ip;
			port->bad_l4 += stream->bad_l4;
		}
		report->busy_cycles += stream->busy_cycles;
	}
}

/*
 * proc(5): the 22nd field, in ticks since boot. The second one is a name in parentheses, with any
 * characters in it.
 */
#define FIELDS_AFTER_NAME \
	"%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu"

static uint64_t read_start_ticks(void)
{
	unsigned long long ticks = 0;
	const char *name_end;
	char text[1024];

	if (file_text(text, sizeof(text), "/proc/self/stat") != 0)
		return 0;
	name_end = strrchr(text, ')');
	if (name_end == NULL || sscanf(name_end + 1, FIELDS_AFTER_NAME, &ticks) != 1)
		return 0;
	return ticks;
}

/*
 * Start of this process, before its first instruction, on the clock of clock_ns and to a hundredth
 * of a second; 0 when /proc does not have it.
 */
static uint64_t process_start_ns(void)
{
	const uint64_t ticks = read_start_ticks();
	struct timespec now;

	if (ticks == 0)
		return 0;
	/* The ticks include suspend, unlike our clock. */
	clock_gettime(CLOCK_BOOTTIME, &now);
	return clock_ns() + ticks * (SECOND_NS / sysconf(_SC_CLK_TCK)) -
		(now.tv_sec * SECOND_NS + now.tv_nsec);
}

static double first_packet_ms(const struct fwd *fwd)
{
	const uint64_t start = process_start_ns();
	uint64_t first = 0;

	for (uint16_t i = 0; i < fwd->lcore_count; i++) {
		const uint64_t sent = fwd->lcores[i].first_sent_ns;

		if (sent != 0 && (first == 0 || sent < first))
			first = sent;
	}
	return start != 0 && first > start ? (first - start) * 1e3 / SECOND_NS : 0;
}

void report_collect(struct report *report, const struct fwd *fwd)
{
	const struct fwd_settings *settings = &fwd->settings;

	memset(report, 0, sizeof(*report));
	report->seconds = fwd_seconds(fwd);
	report->first_packet_ms = first_packet_ms(fwd);
	report->mode = settings->engine != NULL ? settings->engine->name : fwd->next->engine->name;
	report->cycles_recorded = settings->record_cycles;
	report->sums_counted = settings->engine != NULL && settings->engine->counts_sums;
	report->bursts_recorded = settings->record_bursts;
	for (uint16_t i = 0; i < fwd->ports->count; i++)
		if (port_is_open(&fwd->ports->at[i]))
			collect_port(&report->ports[report->port_count++], &fwd->ports->at[i]);
	collect_streams(report, fwd);
	for (uint16_t i = 0; i < report->port_count; i++)
		report->cycle_packets += settings->engine != NULL && settings->engine->sends_only ?
			report->ports[i].totals.tx_packets :
			report->ports[i].totals.rx_packets;
}
