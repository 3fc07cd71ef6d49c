/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receiving. Every buffer takes one ring descriptor; its header lies in the headroom, so that the
 * packet starts where an application expects it. Nothing of a used element is believed unchecked.
 */
#include "ring/kick.h"
#include "ring/split.h"
#include "state.h"

#define REFILL_CHUNK 64

/* Up to count fresh mbufs; a pool that can't give all gives half as many, and so on. */
static uint16_t allocate(struct net_rxq *rxq, struct rte_mbuf **fresh, uint16_t count)
{
	if (KL__LIKELY(rte_mempool_get_bulk(rxq->pool, (void **)fresh, count) == 0))
		return count;
	rxq->count.nombuf++;
	while ((count /= 2) > 0)
		if (rte_mempool_get_bulk(rxq->pool, (void **)fresh, count) == 0)
			return count;
	return 0;
}

static uint16_t refill_chunk(struct net_rxq *rxq, uint16_t count)
{
	struct rte_mbuf *fresh[REFILL_CHUNK];
	uint16_t got = allocate(rxq, fresh, count);

	for (uint16_t i = 0; i < got; i++)
		kl__split_add(rxq->queue, fresh[i], fresh[i]->buf_iova + NET_RX_OFFSET,
			rxq->buffer_bytes, VIRTQ_DESC_F_WRITE, rxq->buffer_bytes, false);
	return got;
}

void net_rx_refill(struct net_rxq *rxq)
{
	struct kl_queue *queue = rxq->queue;
	uint16_t room = kl__split_free(queue, false);

	while (room > 0) {
		uint16_t chunk = RTE_MIN(room, REFILL_CHUNK);

		if (refill_chunk(rxq, chunk) < chunk)
			break;
		room -= chunk;
	}
	if (queue->avail_idx != queue->published)
		kl__split_publish(queue);
}

static inline void refill_and_kick(struct net_rxq *rxq)
{
	uint16_t published = rxq->queue->published;

	net_rx_refill(rxq);
	if (rxq->queue->published != published)
		kl__kick(rxq->queue);
}

static inline void init_mbuf(const struct net_rxq *rxq, struct rte_mbuf *m, uint32_t bytes)
{
	*(uint64_t *)RTE_PTR_ADD(m, offsetof(struct rte_mbuf, rearm_data)) = rxq->mbuf_init;
	m->ol_flags = 0;
	m->packet_type = 0;
	m->pkt_len = bytes;
	m->data_len = (uint16_t)bytes;
}

static inline uint16_t buffers_of(const struct rte_mbuf *m)
{
	const struct virtio_net_hdr *header = RTE_PTR_ADD(m->buf_addr, NET_RX_OFFSET);

	return *(const volatile uint16_t *)&header->num_buffers;
}

/* Drops a packet that can't be right, and counts it once. */
KL__COLD static void drop(struct net_rxq *rxq, struct rte_mbuf *packet)
{
	rxq->count.errors++;
	rte_pktmbuf_free(packet);
}

/*
 * The further buffers of a packet; 5.1.6.4.1: they were used together with the first. *left is how many
 * used buffers wait. False when the packet is bad or the queue broke; all its buffers were taken then.
 */
KL__COLD static bool append(struct net_rxq *rxq, struct rte_mbuf *packet, uint16_t buffers,
	uint16_t *left)
{
	struct rte_mbuf *tail = packet;
	bool is_good = true;

	for (uint16_t i = 1; i < buffers; i++) {
		uint32_t bytes, writable;
		struct rte_mbuf *m = kl__split_take(rxq->queue, &bytes, &writable, false);

		if (m == NULL)
			return false;
		(*left)--;
		rxq->queue->stats.done++;
		init_mbuf(rxq, m, bytes);
		/* Without a header of its own it starts where the device wrote, not at the headroom. */
		m->data_off = NET_RX_OFFSET;
		if (bytes == 0 || bytes > writable) {
			is_good = false;
			m->data_len = 0;
		}
		tail->next = m;
		tail = m;
		packet->nb_segs++;
		packet->pkt_len += m->data_len;
	}
	return is_good;
}

/*
 * Takes the next packet; *left counts the used buffers that wait. NULL when it was dropped, or when the
 * queue broke, and then *left is 0.
 */
KL__TEMPLATE struct rte_mbuf *take_packet(struct net_rxq *rxq, uint16_t *left, const bool mergeable)
{
	struct kl_queue *queue = rxq->queue;
	uint32_t bytes, writable;
	struct rte_mbuf *packet = kl__split_take(queue, &bytes, &writable, false);
	uint16_t buffers;

	if (KL__UNLIKELY(packet == NULL)) {
		*left = 0;
		return NULL;
	}
	(*left)--;
	queue->stats.done++;
	/* A packet has at least one byte. */
	if (KL__UNLIKELY(bytes <= NET_HEADER_BYTES || bytes > writable)) {
		init_mbuf(rxq, packet, 0);
		drop(rxq, packet);
		return NULL;
	}
	init_mbuf(rxq, packet, bytes - NET_HEADER_BYTES);
	if (!mergeable)
		return packet;
	buffers = buffers_of(packet);
	if (KL__LIKELY(buffers == 1))
		return packet;
	if (buffers == 0) {
		/* Of no meaning, but the data is there: counted, and taken for one. */
		rxq->count.errors++;
		return packet;
	}
	if (buffers - 1 > *left)
		*left = kl__split_used(queue, buffers - 1);
	if (buffers - 1 > *left) {
		kl__queue_break(queue, KL_QUEUE_USED_SHORT);
		*left = 0;
		drop(rxq, packet);
		return NULL;
	}
	if (append(rxq, packet, buffers, left))
		return packet;
	if (queue->fault != KL_QUEUE_OK)
		*left = 0;
	drop(rxq, packet);
	return NULL;
}

KL__TEMPLATE uint16_t rx_burst(struct net_rxq *rxq, struct rte_mbuf **packets, uint16_t count,
	const bool mergeable)
{
	struct kl_queue *queue = rxq->queue;
	uint16_t left = kl__split_used(queue, count), n = 0;
	uint64_t bytes = 0;

	while (n < count && left > 0) {
		struct rte_mbuf *packet = take_packet(rxq, &left, mergeable);

		if (KL__UNLIKELY(packet == NULL))
			continue;
		bytes += packet->pkt_len;
		packets[n++] = packet;
	}
	rxq->count.packets += n;
	rxq->count.bytes += bytes;
	kl__split_park(queue);
	if (kl__split_free(queue, false) >= rxq->refill_at && queue->fault == KL_QUEUE_OK)
		refill_and_kick(rxq);
	kl__kick_poll(queue);
	return n;
}

static uint16_t rx_mergeable(struct net_rxq *rxq, struct rte_mbuf **packets, uint16_t count)
{
	return rx_burst(rxq, packets, count, true);
}

static uint16_t rx_plain(struct net_rxq *rxq, struct rte_mbuf **packets, uint16_t count)
{
	return rx_burst(rxq, packets, count, false);
}

void net_rx_choose(struct net_rxq *rxq, bool mergeable)
{
	rxq->burst = mergeable ? rx_mergeable : rx_plain;
	rxq->path = mergeable ? "mergeable" : "plain";
}

uint16_t kl_net_rx_burst(struct kl_net *net, uint16_t queue, struct rte_mbuf **packets, uint16_t count)
{
	struct net_rxq *rxq = &net->pairs[queue].rx;

	return rxq->burst(rxq, packets, count);
}
