/* SPDX-License-Identifier: BSD-3-Clause */
#include "measure.h"

#include <stdio.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_ether.h>

/*
 * The timeout of a packet, which then counts as lost. A peer that was just opened may take a while.
 */
#define TIMEOUT_SECONDS 3

struct stamp {
	uint32_t number;
} __attribute__((packed));

/* Writes the number into the first bytes, and inverted into the last ones. */
static bool make_packet(struct rte_mbuf *packet, const struct load *load, uint32_t number,
	struct rte_mempool *pool)
{
	const uint16_t share = load->bytes / load->segments;
	struct rte_mbuf *segment = packet;

	packet->nb_segs = load->segments;
	packet->pkt_len = load->bytes;
	packet->data_len = share;
	for (uint16_t i = 1; i < load->segments; i++) {
		segment->next = rte_pktmbuf_alloc(pool);
		if (segment->next == NULL)
			return false;
		segment = segment->next;
		segment->data_len = share;
	}
	rte_pktmbuf_mtod(packet, struct stamp *)->number = number;
	rte_pktmbuf_mtod_offset(segment, struct stamp *, share - sizeof(struct stamp))->number =
		~number;
	return true;
}

static bool make_burst(struct rte_mbuf **packets, const struct load *load, uint32_t number,
	struct rte_mempool *pool)
{
	if (rte_pktmbuf_alloc_bulk(pool, packets, load->burst) != 0)
		return false;
	for (uint16_t i = 0; i < load->burst; i++)
		if (!make_packet(packets[i], load, number + i, pool))
			return false;
	return true;
}

static bool is_right(struct rte_mbuf *packet, const struct load *load, uint32_t number)
{
	struct rte_mbuf *last = rte_pktmbuf_lastseg(packet);

	return packet->pkt_len == load->bytes && last->data_len >= sizeof(struct stamp) &&
		rte_pktmbuf_mtod(packet, struct stamp *)->number == number &&
		rte_pktmbuf_mtod_offset(last, struct stamp *, last->data_len - sizeof(struct stamp))
			->number == ~number;
}

static bool check_burst(struct rte_mbuf **packets, uint16_t count, const struct load *load,
	uint32_t number)
{
	for (uint16_t i = 0; i < count; i++) {
		if (is_right(packets[i], load, number + i))
			continue;
		fprintf(stderr, "bench: packet %u is wrong: %u bytes\n", number + i,
			packets[i]->pkt_len);
		return false;
	}
	rte_pktmbuf_free_bulk(packets, count);
	return true;
}

/* The driver sends a burst, its peer takes it. */
static bool send_burst(const struct side *side, const struct load *load, uint32_t number,
	struct rte_mempool *pool, uint64_t *cycles)
{
	const uint64_t deadline = rte_rdtsc() + TIMEOUT_SECONDS * rte_get_tsc_hz();
	struct rte_mbuf *packets[MAX_BURST];
	uint16_t sent = 0, got = 0;

	if (!make_burst(packets, load, number, pool))
		return false;
	while (got < load->burst && rte_rdtsc() < deadline) {
		struct rte_mbuf *arrived[MAX_BURST];
		uint16_t n = load->burst - sent;
		uint64_t start = rte_rdtsc();

		if (n > 0)
			sent += side->tx(side, load->queue, packets + sent, n);
		*cycles += n > 0 ? rte_rdtsc() - start : 0;
		n = rte_eth_rx_burst(side->peer, load->queue, arrived, MAX_BURST);
		if (!check_burst(arrived, n, load, number + got))
			return false;
		got += n;
	}
	return got == load->burst;
}

/* The peer sends a burst, the driver takes it. */
static bool receive_burst(const struct side *side, const struct load *load, uint32_t number,
	struct rte_mempool *pool, uint64_t *cycles)
{
	const uint64_t deadline = rte_rdtsc() + TIMEOUT_SECONDS * rte_get_tsc_hz();
	struct rte_mbuf *packets[MAX_BURST];
	uint16_t sent = 0, got = 0;

	if (!make_burst(packets, load, number, pool))
		return false;
	while (got < load->burst && rte_rdtsc() < deadline) {
		struct rte_mbuf *arrived[MAX_BURST];
		uint64_t start;
		uint16_t n;

		if (sent < load->burst)
			sent += rte_eth_tx_burst(side->peer, load->queue, packets + sent,
				load->burst - sent);
		start = rte_rdtsc();
		/* DPDK's vector path returns nothing for a request of fewer than eight. */
		n = side->rx(side, load->queue, arrived, MAX_BURST);
		*cycles += rte_rdtsc() - start;
		if (!check_burst(arrived, n, load, number + got))
			return false;
		got += n;
	}
	return got == load->burst;
}

bool measure(const struct side *side, const struct load *load, unsigned int packets,
	struct rte_mempool *pool, struct cost *cost)
{
	uint64_t tx = 0, rx = 0;
	unsigned int n;

	for (n = 0; n < packets; n += load->burst) {
		if (send_burst(side, load, n, pool, &tx) && receive_burst(side, load, n, pool, &rx))
			continue;
		fprintf(stderr, "bench: %s lost a packet near number %u (burst %u, %u bytes)\n",
			side->name, n, load->burst, load->bytes);
		return false;
	}
	*cost = (struct cost){.tx = (double)tx / n, .rx = (double)rx / n};
	return true;
}
