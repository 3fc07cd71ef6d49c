/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles per packet of our driver and DPDK's on the same ring: one thread, DPDK's vhost port as the
 * device, the clock around the driver's calls alone, refilling and freeing included. Rounds of both
 * alternate, so a disturbance of the machine affects both.
 *
 * Usage: driver_cost [EAL options --] [--json FILE] [--rounds N] [--packets N]
 *                    [--rows ring=NAME,dir=tx|rx,burst=N,bytes=N] [--pool KIND]
 *
 *   --json FILE   writes the rows there, - for standard output, which has then nothing else
 *   --rounds N    of each side for each row; 21, which must be odd for a median
 *   --packets N   of a round in each direction; 16384
 *   --rows ...    only rows for which each of these holds
 *   --pool KIND   of our driver: ordinary; isolated, whose packets lie in a region of their own,
 *                 which is all that the device reaches besides its rings; or both in turn
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rows.h"

#define BURSTS 4
#define SIZES 4
#define MAX_ROWS (RING_FORMS * BURSTS * SIZES * 2)

static const uint16_t bursts[BURSTS] = {1, 4, 32, 64};
static const struct load sizes[SIZES] = {
	{.bytes = 64, .segments = 1},
	{.bytes = 512, .segments = 1},
	{.bytes = 1500, .segments = 1},
	{.bytes = 4000, .segments = 4},
};

static struct {
	const char *json;
	unsigned int rounds;
	unsigned int packets;
	char ring[32]; /* empty or 0: any */
	char dir[4];
	unsigned int burst;
	unsigned int bytes;
	bool has_ordinary, has_isolated;
} options = {.rounds = 21, .packets = 16384, .has_ordinary = true};

static struct row rows[MAX_ROWS];
static unsigned int row_count;
static char paths[RING_FORMS][2][128];
static struct rte_mempool *pool, *isolated_pool;

/* Our driver, DPDK's, and ours once more where both kinds of pool are compared. */
enum {
	OURS,
	DPDK,
	ISOLATED,
	SIDES,
};

static bool is_selected(const struct ring_form *form, const struct load *load)
{
	return (options.ring[0] == '\0' || strcmp(options.ring, form->name) == 0) &&
		(options.burst == 0 || load == NULL || options.burst == load->burst) &&
		(options.bytes == 0 || load == NULL || options.bytes == load->bytes) &&
		/* A packet of several buffers needs a ring where they may be merged. */
		(load == NULL || load->segments == 1 || form->is_mergeable);
}

static void add_row(const struct ring_form *form, const struct load *load, bool is_tx,
	double (*costs)[MAX_ROUNDS])
{
	struct row *row = &rows[row_count];
	bool has_both = options.has_ordinary && options.has_isolated;

	if (options.dir[0] != '\0' && (strcmp(options.dir, "tx") == 0) != is_tx)
		return;
	*row = (struct row){.form = form, .is_tx = is_tx, .load = *load};
	row_set_medians(row, costs[OURS], costs[DPDK], has_both ? costs[ISOLATED] : NULL,
		options.rounds);
	row_count++;
}

static struct rte_mempool *pool_of(unsigned int side)
{
	return side == ISOLATED || (side == OURS && !options.has_ordinary) ? isolated_pool : pool;
}

/* All sides in turn, and each the first as often as others. The first two rounds warm up. */
static bool run_load(const struct side *sides, const struct ring_form *form,
	const struct load *load)
{
	static double tx[SIDES][MAX_ROUNDS], rx[SIDES][MAX_ROUNDS];
	const unsigned int count = options.has_ordinary && options.has_isolated ? SIDES : ISOLATED;

	for (int round = -2; round < (int)options.rounds; round++) {
		for (unsigned int turn = 0; turn < count; turn++) {
			unsigned int who = (turn + (unsigned int)round + 2) % count;
			struct cost cost;

			if (!measure(&sides[who], load, options.packets, pool_of(who), &cost))
				return false;
			if (round < 0)
				continue;
			tx[who][round] = cost.tx;
			rx[who][round] = cost.rx;
		}
	}
	add_row(form, load, true, tx);
	add_row(form, load, false, rx);
	return true;
}

static bool run_loads(const struct side *sides, const struct ring_form *form)
{
	for (const struct load *size = sizes; size < sizes + SIZES; size++) {
		for (unsigned int i = 0; i < BURSTS; i++) {
			struct load load = *size;

			load.burst = bursts[i];
			if (is_selected(form, &load) && !run_load(sides, form, &load))
				return false;
		}
	}
	return true;
}

static bool open_sides(struct side *sides, const struct ring_form *form)
{
	struct side_shape shape = {.queues = 1, .ring_size = 256};

	shape.pool = pool_of(OURS);
	shape.is_isolated = !options.has_ordinary;
	if (kickless_open(&sides[OURS], form, &shape) != 0)
		return false;
	shape.pool = pool;
	if (dpdk_open(&sides[DPDK], form, &shape) != 0)
		return false;
	shape.pool = isolated_pool;
	shape.is_isolated = true;
	return !options.has_ordinary || !options.has_isolated ||
		kickless_open(&sides[ISOLATED], form, &shape) == 0;
}

static bool run_form(const struct ring_form *form)
{
	char(*path)[128] = paths[form - ring_forms];
	struct side sides[SIDES] = {0};
	bool is_good;

	if (!open_sides(sides, form))
		return false;
	memcpy(path[0], sides[OURS].path, sizeof(path[0]));
	memcpy(path[1], sides[DPDK].path, sizeof(path[1]));
	is_good = run_loads(sides, form);
	for (unsigned int i = SIDES; i-- > 0;)
		if (sides[i].close != NULL)
			sides[i].close(&sides[i]);
	return is_good;
}

static bool parse_pool(const char *kind)
{
	options.has_isolated = strcmp(kind, "isolated") == 0 || strcmp(kind, "both") == 0;
	options.has_ordinary = strcmp(kind, "ordinary") == 0 || strcmp(kind, "both") == 0;
	if (options.has_isolated || options.has_ordinary)
		return true;
	fprintf(stderr, "--pool: %s; known are ordinary, isolated and both\n", kind);
	return false;
}

static bool parse_rows(char *text)
{
	char *save = NULL;

	for (char *word = strtok_r(text, ",", &save); word != NULL;
		word = strtok_r(NULL, ",", &save)) {
		if (sscanf(word, "ring=%31s", options.ring) == 1 ||
			sscanf(word, "dir=%3s", options.dir) == 1 ||
			sscanf(word, "burst=%u", &options.burst) == 1 ||
			sscanf(word, "bytes=%u", &options.bytes) == 1)
			continue;
		fprintf(stderr, "--rows: %s; known are ring=, dir=, burst= and bytes=\n", word);
		return false;
	}
	return true;
}

static bool parse(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"json", required_argument, NULL, 'j'},
		{"rounds", required_argument, NULL, 'r'},
		{"packets", required_argument, NULL, 'p'},
		{"rows", required_argument, NULL, 'w'},
		{"pool", required_argument, NULL, 'o'},
		{NULL, 0, NULL, 0},
	};
	bool is_good = true;
	int option;

	optind = 1;
	while (is_good && (option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 'j':
			options.json = optarg;
			break;
		case 'r':
			options.rounds = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'p':
			options.packets = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'w':
			is_good = parse_rows(optarg);
			break;
		case 'o':
			is_good = parse_pool(optarg);
			break;
		default:
			is_good = false;
		}
	}
	if (!is_good || optind != argc || options.rounds % 2 == 0 || options.rounds > MAX_ROUNDS ||
		options.packets < MAX_BURST) {
		fprintf(stderr,
			"usage: driver_cost [EAL options --] [--json FILE] [--rounds ODD-NUMBER up to %d] "
			"[--packets NUMBER from %d] [--rows ring=,dir=,burst=,bytes=] "
			"[--pool ordinary|isolated|both]\n",
			MAX_ROUNDS, MAX_BURST);
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	int skipped = bench_eal(argc, argv, "0");
	bool is_good = skipped >= 0 && parse(argc - skipped, argv + skipped);

	if (!is_good)
		return 2;
	pool = bench_pool("packets", 16383, RTE_MBUF_DEFAULT_BUF_SIZE);
	if (options.has_isolated)
		isolated_pool = bench_isolated_pool("isolated", 16383, RTE_MBUF_DEFAULT_BUF_SIZE);
	for (unsigned int i = 0; i < RING_FORMS && is_good; i++)
		if (is_selected(&ring_forms[i], NULL))
			is_good = run_form(&ring_forms[i]);
	if (options.json != NULL)
		is_good = rows_write_json(options.json, rows, row_count, paths, options.rounds) &&
			is_good;
	if (options.json == NULL || strcmp(options.json, "-") != 0)
		rows_print(stdout, rows, row_count);
	/* DPDK's own clean-up ends badly with a vhost port. */
	fflush(stdout);
	_exit(is_good && row_count > 0 ? 0 : 1);
}
