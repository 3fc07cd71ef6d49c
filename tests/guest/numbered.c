/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sends numbered frames between two ports in both directions. Checks that each arrives once, in
 * order, and with every byte intact.
 *
 * Usage: numbered [EAL options] -- DEVICE DEVICE|loop COUNT. With "loop" a peer returns what the
 * only device sends.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include <kickless/eal.h>
#include <kickless/net.h>

#define BURST 32
#define ETHER_TYPE 0x88b5 /* local experiments */
#define SEGMENT_BYTES 700
/*
 * Fewer than the smallest receive ring that is tested, less what a refill waits for: QEMU lets new
 * frames overtake those that found no room.
 */
#define WINDOW 48

struct frame_header {
	struct rte_ether_hdr ether;
	rte_be32_t number;
} __rte_packed __rte_aligned(2);

struct port {
	struct kl_device *device;
	struct kl_net *net;
	uint32_t sent;
	uint32_t received;
	uint32_t wrong;
};

static struct rte_mempool *pool;

static uint16_t frame_bytes(uint32_t number)
{
	return (uint16_t)(60 + number * 7 % 1455);
}

static uint8_t frame_byte(uint32_t number, uint32_t at)
{
	return (uint8_t)(number * 31 + at);
}

/* Long frames are made of several segments, so that both ways of sending are used. */
static struct rte_mbuf *make_frame(uint32_t number, const struct port *from, const struct port *to)
{
	struct rte_mbuf *frame = rte_pktmbuf_alloc(pool), *tail = frame;
	struct frame_header header = {.number = rte_cpu_to_be_32(number)};
	uint16_t left = frame_bytes(number);

	header.ether.ether_type = rte_cpu_to_be_16(ETHER_TYPE);
	memcpy(&header.ether.src_addr, kl_net_info(from->net)->mac, RTE_ETHER_ADDR_LEN);
	memcpy(&header.ether.dst_addr, kl_net_info(to->net)->mac, RTE_ETHER_ADDR_LEN);
	for (uint32_t at = 0; tail != NULL; at += SEGMENT_BYTES) {
		uint16_t bytes = RTE_MIN(left, SEGMENT_BYTES);
		uint8_t *data = (uint8_t *)rte_pktmbuf_append(tail, bytes);

		for (uint32_t i = 0; i < bytes; i++)
			data[i] = frame_byte(number, at + i);
		left -= bytes;
		if (tail != frame && rte_pktmbuf_chain(frame, tail) != 0)
			abort();
		if (left == 0)
			break;
		tail = rte_pktmbuf_alloc(pool);
	}
	if (tail == NULL) {
		rte_pktmbuf_free(frame);
		return NULL;
	}
	memcpy(rte_pktmbuf_mtod(frame, void *), &header, sizeof(header));
	return frame;
}

static bool is_frame(const struct rte_mbuf *frame, uint32_t number)
{
	uint8_t copy[2048];
	const uint8_t *data = rte_pktmbuf_read(frame, 0, frame->pkt_len, copy);
	const struct frame_header *header = (const struct frame_header *)data;

	if (data == NULL || frame->pkt_len != frame_bytes(number) ||
		header->number != rte_cpu_to_be_32(number)) {
		printf("frame %u where %u is due, %u bytes\n",
			data == NULL ? 0 : rte_be_to_cpu_32(header->number), number,
			frame->pkt_len);
		return false;
	}
	for (uint32_t at = sizeof(*header); at < frame->pkt_len; at++)
		if (data[at] != frame_byte(number, at))
			return false;
	return true;
}

static void send_some(struct port *from, const struct port *to, uint32_t count)
{
	struct rte_mbuf *frames[BURST];
	const uint32_t end = RTE_MIN(count, to->received + WINDOW);
	uint16_t made = 0, sent;

	while (made < BURST && from->sent + made < end) {
		frames[made] = make_frame(from->sent + made, from, to);
		if (frames[made] == NULL)
			break;
		made++;
	}
	sent = kl_net_tx_burst(from->net, 0, frames, made);
	rte_pktmbuf_free_bulk(frames + sent, made - sent);
	from->sent += sent;
}

static void receive_some(struct port *port)
{
	struct rte_mbuf *frames[BURST];
	uint16_t got = kl_net_rx_burst(port->net, 0, frames, BURST);

	for (uint16_t i = 0; i < got; i++) {
		const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(frames[i],
			struct rte_ether_hdr *);

		if (ether->ether_type == rte_cpu_to_be_16(ETHER_TYPE)) {
			port->wrong += !is_frame(frames[i], port->received);
			port->received++;
		}
		rte_pktmbuf_free(frames[i]);
	}
}

static bool open_port(struct port *port, const char *name)
{
	const struct kl_net_conf conf = {
		.pool = pool,
		.tx_kick = {.mode = KL_KICK_AUTO},
	};

	if (kl_device_open(name, &port->device) != 0)
		return false;
	port->net = kl_net_from_device(port->device);
	return port->net != NULL && kl_net_start(port->net, &conf) == 0;
}

static bool close_port(const struct port *port, const char *name, uint32_t count)
{
	struct kl_net_queue_stats rx, tx;

	kl_net_stop(port->net);
	kl_net_queue_stats_get(port->net, KL_NET_RX, 0, &rx);
	kl_net_queue_stats_get(port->net, KL_NET_TX, 0, &tx);
	kl_device_close(port->device);
	printf("%s: sent %u received %u wrong %u; tx kicks %lu spared %lu watchdog %lu; bad used %lu\n",
		name, port->sent, port->received, port->wrong, tx.queue.kicks_sent,
		tx.queue.kicks_spared, tx.queue.watchdog_kicks,
		rx.queue.bad_used + tx.queue.bad_used);
	return port->sent == count && port->received == count && port->wrong == 0 &&
		rx.queue.bad_used + tx.queue.bad_used + tx.queue.watchdog_kicks == 0 &&
		tx.queue.posted == tx.queue.done + tx.queue.failed &&
		rx.queue.posted == rx.queue.done + rx.queue.failed;
}

static void exchange(struct port *a, struct port *b, uint32_t count)
{
	uint64_t deadline = rte_get_tsc_cycles() + 60 * rte_get_tsc_hz();

	while ((a->received < count || b->received < count) && rte_get_tsc_cycles() < deadline) {
		send_some(a, b, count);
		receive_some(b);
		if (a == b)
			continue;
		send_some(b, a, count);
		receive_some(a);
	}
}

static bool run(const char *first, const char *second, uint32_t count)
{
	struct port a = {0}, b = {0};
	bool is_loop = strcmp(second, "loop") == 0, is_good;

	if (!open_port(&a, first) || (!is_loop && !open_port(&b, second)))
		return false;
	exchange(&a, is_loop ? &a : &b, count);
	is_good = close_port(&a, first, count);
	return is_loop ? is_good : close_port(&b, second, count) && is_good;
}

int main(int argc, char **argv)
{
	int taken = kl_eal_init(argc, argv);
	bool is_good;

	if (taken < 0 || argc - taken != 4)
		return 2;
	argv += taken;
	pool = rte_pktmbuf_pool_create("frames", 4095, 64, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
		SOCKET_ID_ANY);
	if (pool == NULL) {
		fprintf(stderr, "numbered: no mempool: %s\n", rte_strerror(rte_errno));
		return 1;
	}
	is_good = run(argv[1], argv[2], (uint32_t)strtoul(argv[3], NULL, 10));
	if (rte_mempool_avail_count(pool) != 4095)
		printf("%u mbufs are missing\n", 4095 - rte_mempool_avail_count(pool));
	is_good = is_good && rte_mempool_avail_count(pool) == 4095;
	kl_eal_cleanup();
	return is_good ? 0 : 1;
}
