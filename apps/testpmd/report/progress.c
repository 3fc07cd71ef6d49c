/* SPDX-License-Identifier: BSD-3-Clause */
#include "progress.h"

#include <stdio.h>

#include "common/clock.h"
#include "forward/forward.h"

static void sum_packets(const struct ports *ports, uint64_t *rx, uint64_t *tx)
{
	struct port_counters counters;

	*rx = 0;
	*tx = 0;
	for (uint16_t i = 0; i < ports->count; i++) {
		struct port_totals totals;

		if (!port_is_open(&ports->at[i]))
			continue;
		counters_read(ports->at[i].net, ports->queue_pairs, &counters);
		totals = counters_total(&counters);
		*rx += totals.rx_packets;
		*tx += totals.tx_packets;
	}
}

void progress_begin(struct progress *progress, const struct fwd *fwd, bool is_enabled)
{
	*progress = (struct progress){
		.last_ns = clock_ns(),
	};
	progress_line_begin(&progress->line, is_enabled);
	sum_packets(fwd->ports, &progress->rx_packets, &progress->tx_packets);
}

static const char *rate_text(uint64_t packets, uint64_t elapsed_ns, char *text, size_t size)
{
	const double rate = elapsed_ns > 0 ? packets / (elapsed_ns / (double)SECOND_NS) : 0;

	if (rate >= 1e6)
		snprintf(text, size, "%.2f M", rate / 1e6);
	else if (rate >= 1e3)
		snprintf(text, size, "%.1f k", rate / 1e3);
	else
		snprintf(text, size, "%.0f ", rate);
	return text;
}

void progress_update(struct progress *progress, const struct fwd *fwd, uint64_t end_ns)
{
	const uint64_t now = clock_ns();
	const uint64_t elapsed = now - progress->last_ns;
	char rx_text[32];
	char tx_text[32];
	uint64_t rx;
	uint64_t tx;

	if (!progress_line_renew(&progress->line, now, SECOND_NS))
		return;
	sum_packets(fwd->ports, &rx, &tx);
	fprintf(stderr, "rx %spps, tx %spps, ",
		rate_text(rx - progress->rx_packets, elapsed, rx_text, sizeof(rx_text)),
		rate_text(tx - progress->tx_packets, elapsed, tx_text, sizeof(tx_text)));
	if (end_ns > now)
		fprintf(stderr, "%.0f s left", (end_ns - now) / (double)SECOND_NS);
	else
		fprintf(stderr, "%.0f s", fwd_seconds(fwd));
	fflush(stderr);
	progress->rx_packets = rx;
	progress->tx_packets = tx;
	progress->last_ns = now;
}

void progress_end(struct progress *progress)
{
	progress_line_end(&progress->line);
}
