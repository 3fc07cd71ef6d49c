/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Costs that grow with size: cycles per packet over queues, ring sizes and pools, and the cost of
 * ports at start. DPDK's driver is measured beside ours up to its limit of 8 queues.
 *
 * Usage: scale [EAL options --] [FILE]
 *
 * Writes lines of tab-separated values to FILE, standard output without: what grows, how large,
 * cycles per packet of ours and DPDK's for tx, then for rx; for ports: busy milliseconds, then KiB
 * of memory for the last one of each. A dash where DPDK's driver can't.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "rows.h"

#define ROUNDS 7
#define PACKETS 8192
#define MAX_PORTS 32
#define DPDK_QUEUES 8
/* Rings of 32768 take many buffers, which hold a frame and no more. */
#define SMALL_BUFFER (RTE_PKTMBUF_HEADROOM + 1536)

static FILE *out;
static const struct ring_form *form = &ring_forms[0];

/* A round goes over all queues in turn, so that each burst meets one that is not in the cache. */
static bool run_round(const struct side *side, const struct side_shape *shape, struct cost *cost)
{
	*cost = (struct cost){0};
	for (unsigned int done = 0; done < PACKETS; done += 32 * shape->queues) {
		for (uint16_t queue = 0; queue < shape->queues; queue++) {
			const struct load load = {.queue = queue,
				.burst = 32,
				.bytes = 64,
				.segments = 1};
			struct cost part;

			if (!measure(side, &load, 32, shape->pool, &part))
				return false;
			cost->tx += part.tx * 32 / PACKETS;
			cost->rx += part.rx * 32 / PACKETS;
		}
	}
	return true;
}

typedef int open_fn(struct side *side, const struct ring_form *form,
	const struct side_shape *shape);

static open_fn *const open_sides[] = {kickless_open, dpdk_open};

/* The first two rounds warm up. */
static bool run_side(open_fn *open_side, const struct side_shape *shape, double *tx, double *rx)
{
	struct side side;
	bool is_good = open_side(&side, form, shape) == 0;

	if (!is_good)
		return false;
	for (int round = -2; round < ROUNDS && is_good; round++) {
		struct cost cost;

		is_good = run_round(&side, shape, &cost);
		if (round < 0)
			continue;
		tx[round] = cost.tx;
		rx[round] = cost.rx;
	}
	side.close(&side);
	return is_good;
}

static void print_row(const char *what, unsigned int size, const struct row *tx,
	const struct row *rx, unsigned int drivers)
{
	if (drivers == 1)
		fprintf(out, "%s\t%u\t%.1f\t-\t%.1f\t-\n", what, size, tx->ours, rx->ours);
	else
		fprintf(out, "%s\t%u\t%.1f\t%.1f\t%.1f\t%.1f\n", what, size, tx->ours, tx->dpdk,
			rx->ours, rx->dpdk);
}

static bool run_shape(const char *what, unsigned int size, const struct side_shape *shape)
{
	const unsigned int drivers = shape->queues <= DPDK_QUEUES ? 2 : 1;
	double tx[2][ROUNDS] = {0}, rx[2][ROUNDS] = {0};
	struct row tx_row, rx_row;
	bool is_good = true;

	for (unsigned int who = 0; who < drivers && is_good; who++)
		is_good = run_side(open_sides[who], shape, tx[who], rx[who]);
	if (!is_good)
		return false;
	row_set_medians(&tx_row, tx[0], tx[1], NULL, ROUNDS);
	row_set_medians(&rx_row, rx[0], rx[1], NULL, ROUNDS);
	print_row(what, size, &tx_row, &rx_row, drivers);
	return true;
}

static size_t allocated(void)
{
	struct rte_malloc_socket_stats stats;

	rte_malloc_get_socket_stats(0, &stats);
	return stats.heap_allocsz_bytes;
}

/* The CPU time of this thread, without the wait of up to a second for DPDK's vhost port. */
static double busy_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

struct port_cost {
	double ms;
	double kib;
};

/* One port after another, all open together. */
static bool open_ports(open_fn *open_side, unsigned int count, const struct side_shape *shape,
	struct port_cost *costs)
{
	static struct side sides[MAX_PORTS];
	unsigned int opened;

	for (opened = 0; opened < count; opened++) {
		size_t before = allocated();
		double begin = busy_ms();

		if (open_side(&sides[opened], form, shape) != 0)
			break;
		costs[opened].ms = busy_ms() - begin;
		costs[opened].kib = (double)(allocated() - before) / 1024;
	}
	for (unsigned int i = 0; i < opened; i++)
		sides[i].close(&sides[i]);
	return opened == count;
}

static bool run_ports(const struct side_shape *shape)
{
	static struct port_cost costs[2][MAX_PORTS];

	/* DPDK's driver takes a second one of the ports that there can be. */
	if (!open_ports(open_sides[0], MAX_PORTS, shape, costs[0]) ||
		!open_ports(open_sides[1], MAX_PORTS / 2, shape, costs[1]))
		return false;
	for (unsigned int count = 1; count <= MAX_PORTS; count *= 2) {
		const struct port_cost *ours = &costs[0][count - 1], *dpdk = &costs[1][count - 1];

		if (count <= MAX_PORTS / 2)
			fprintf(out, "ports\t%u\t%.2f\t%.2f\t%.0f\t%.0f\n", count, ours->ms,
				dpdk->ms, ours->kib, dpdk->kib);
		else
			fprintf(out, "ports\t%u\t%.2f\t-\t%.0f\t-\n", count, ours->ms, ours->kib);
	}
	return true;
}

static bool run_all(void)
{
	struct side_shape shape = {.queues = 1,
		.ring_size = 256,
		.pool = bench_pool("p", 131071, SMALL_BUFFER)};
	bool is_good = true;

	for (uint16_t queues = 1; queues <= 16 && is_good; queues *= 2) {
		shape.queues = queues;
		is_good = run_shape("queues", queues, &shape);
	}
	shape.queues = 1;
	for (unsigned int size = 64; size <= 32768 && is_good; size *= 4) {
		shape.ring_size = (uint16_t)size;
		is_good = run_shape("ring", size, &shape);
	}
	is_good = is_good && run_shape("ring", shape.ring_size = 32768, &shape);
	shape.ring_size = 256;
	is_good = is_good && run_ports(&shape);
	rte_mempool_free(shape.pool);
	for (unsigned int packets = 4095; packets <= 131071 && is_good;
		packets = (packets + 1) * 4 - 1) {
		shape.pool = bench_pool("q", packets, SMALL_BUFFER);
		is_good = run_shape("pool", packets, &shape);
		rte_mempool_free(shape.pool);
	}
	return is_good;
}

int main(int argc, char **argv)
{
	int skipped = bench_eal(argc, argv, "0");
	bool is_good;

	if (skipped < 0)
		return 2;
	out = argc - skipped > 1 ? fopen(argv[skipped + 1], "w") : stdout;
	if (out == NULL) {
		perror(argv[skipped + 1]);
		return 2;
	}
	is_good = run_all();
	/* DPDK's own clean-up ends badly with a vhost port. */
	fflush(out);
	_exit(is_good ? 0 : 1);
}
