/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Our driver and DPDK's, each with its back end on another core: how many packets per second come
 * back. Windows of both alternate; what counts is the ratio of the medians, since the absolute
 * numbers of such a loop depend on what the hypervisor does with the two cores.
 *
 * Usage: two_core [EAL options --] [--json FILE] [--pairs N] [--ms N]
 *
 *   --pairs N   windows of each side, 21; odd
 *   --ms N      length of one, 200
 */
#include <getopt.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_launch.h>

#include "rows.h"

#define BURST 32
#define WINDOW 192 /* packets on their way: less than a ring */
#define BYTES 64

static struct {
	const char *json;
	unsigned int pairs;
	unsigned int ms;
} wanted = {.pairs = 21, .ms = 200};

static struct rte_mempool *pool;
static struct side sides[2];
static atomic_bool is_over;

/* The back ends of both sides; the one that is not measured has nothing to do. */
static int echo(void *unused)
{
	(void)unused;
	while (!atomic_load(&is_over)) {
		for (unsigned int i = 0; i < 2; i++) {
			struct rte_mbuf *packets[BURST];
			uint16_t n = rte_eth_rx_burst(sides[i].peer, 0, packets, BURST), sent = 0;

			while (sent < n && !atomic_load(&is_over))
				sent += rte_eth_tx_burst(sides[i].peer, 0, packets + sent,
					n - sent);
			rte_pktmbuf_free_bulk(packets + sent, n - sent);
		}
	}
	return 0;
}

static uint16_t send_some(const struct side *side, uint16_t room)
{
	struct rte_mbuf *packets[BURST];
	uint16_t count = RTE_MIN(room, BURST), sent;

	if (count == 0 || rte_pktmbuf_alloc_bulk(pool, packets, count) != 0)
		return 0;
	for (uint16_t i = 0; i < count; i++) {
		packets[i]->data_len = BYTES;
		packets[i]->pkt_len = BYTES;
	}
	sent = side->tx(side, 0, packets, count);
	rte_pktmbuf_free_bulk(packets + sent, count - sent);
	return sent;
}

/* Packets per second that come back; all are back when it ends, or 0 when some never come. */
static double run_window(const struct side *side)
{
	const uint64_t begin = rte_get_tsc_cycles(), hz = rte_get_tsc_hz();
	const uint64_t end = begin + hz / 1000 * wanted.ms, deadline = end + hz;
	uint64_t back = 0, now = begin;
	uint16_t away = 0;

	while (now < end || (away > 0 && now < deadline)) {
		struct rte_mbuf *packets[BURST];
		uint16_t n;

		if (now < end)
			away += send_some(side, WINDOW - away);
		n = side->rx(side, 0, packets, BURST);
		rte_pktmbuf_free_bulk(packets, n);
		away -= n;
		back += n;
		now = rte_get_tsc_cycles();
	}
	return away > 0 ? 0 : (double)back * (double)hz / (double)(now - begin);
}

static bool run_form(const struct ring_form *form, struct row *row)
{
	const struct side_shape shape = {.queues = 1, .ring_size = 256, .pool = pool};
	static double rates[2][MAX_ROUNDS];
	bool is_good = true;

	if (kickless_open(&sides[0], form, &shape) != 0 || dpdk_open(&sides[1], form, &shape) != 0)
		return false;
	atomic_store(&is_over, false);
	rte_eal_remote_launch(echo, NULL, rte_get_next_lcore(-1, 1, 0));
	for (int i = -1; i < (int)wanted.pairs && is_good; i++) {
		for (unsigned int turn = 0; turn < 2; turn++) {
			unsigned int who = (unsigned int)i & 1 ? 1 - turn : turn;
			double rate = run_window(&sides[who]);

			is_good = is_good && rate > 0;
			if (i >= 0)
				rates[who][i] = rate;
		}
	}
	atomic_store(&is_over, true);
	rte_eal_mp_wait_lcore();
	sides[1].close(&sides[1]);
	sides[0].close(&sides[0]);
	if (!is_good)
		fprintf(stderr, "two_core: %s: packets did not come back\n", form->name);
	*row = (struct row){.form = form};
	row_set_medians(row, rates[0], rates[1], NULL, wanted.pairs);
	return is_good;
}

static bool write_json(const struct row *rows, unsigned int count)
{
	json_t *list = json_array();
	bool is_good;

	for (unsigned int i = 0; i < count; i++)
		json_array_append_new(list,
			json_pack("{s:s, s:f, s:f, s:f, s:f}", "ring", rows[i].form->name,
				"ours_pps", rows[i].ours, "dpdk_pps", rows[i].dpdk, "ratio",
				rows[i].ratio, "spread", rows[i].spread));
	is_good = json_dump_file(list, wanted.json, JSON_INDENT(1) | JSON_REAL_PRECISION(4)) == 0;
	json_decref(list);
	return is_good;
}

static bool parse(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", required_argument, NULL, 'j'},
		{"pairs", required_argument, NULL, 'p'},
		{"ms", required_argument, NULL, 'm'},
		{NULL, 0, NULL, 0},
	};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'j')
			wanted.json = optarg;
		else if (option == 'p')
			wanted.pairs = (unsigned int)strtoul(optarg, NULL, 10);
		else if (option == 'm')
			wanted.ms = (unsigned int)strtoul(optarg, NULL, 10);
		else
			return false;
	}
	return optind == argc && wanted.pairs % 2 == 1 && wanted.pairs <= MAX_ROUNDS &&
		wanted.ms > 0;
}

int main(int argc, char **argv)
{
	int skipped = bench_eal(argc, argv, "0,1");
	struct row rows[RING_FORMS];
	bool is_good = true;

	if (skipped < 0)
		return 2;
	if (!parse(argc - skipped, argv + skipped)) {
		fprintf(stderr,
			"usage: two_core [EAL options --] [--json FILE] [--pairs ODD-NUMBER] "
			"[--ms NUMBER]\n");
		return 2;
	}
	pool = bench_pool("packets", 16383, RTE_MBUF_DEFAULT_BUF_SIZE);
	printf("%-17s %12s %12s %6s %7s\n", "ring", "ours pps", "DPDK pps", "ratio", "spread");
	for (unsigned int i = 0; i < RING_FORMS && is_good; i++) {
		is_good = run_form(&ring_forms[i], &rows[i]);
		printf("%-17s %12.0f %12.0f %6.2f %7.2f\n", rows[i].form->name, rows[i].ours,
			rows[i].dpdk, rows[i].ratio, rows[i].spread);
	}
	if (wanted.json != NULL && is_good)
		is_good = write_json(rows, RING_FORMS);
	/* DPDK's own clean-up ends badly with a vhost port. */
	fflush(stdout);
	_exit(is_good ? 0 : 1);
}
