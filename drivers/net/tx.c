/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending. The way of a packet: kl_net_tx_burst, the burst stamped out for the ring, kl__split_add
 * (ring/split.h), kl__split_publish, and one kick decision per burst (ring/kick.h), which may end
 * in kl_notify (kickless/notifier.h), the doorbell.
 */
#include <errno.h>

#include "ring/kick.h"
#include "ring/split.h"
#include "ring/verbs.h"
#include "state.h"

#define RECLAIM_CHUNK 64
/* More than this no ring is asked to take for one packet. */
#define TX_MAX_PIECES 256

/*
 * What the slot of a sent packet says of it, in the place where a receive buffer has its size. A
 * packet of txq->pool that nobody else holds goes back to the pool without a look at the mbuf,
 * which is long out of the cache.
 */
enum {
	TX_ANY_PACKET,
	TX_OWN_PACKET,
};

/* Frees what the device is done with; those that are not simple are sorted out. */
KL__COLD static void free_mixed(struct net_txq *txq, struct rte_mbuf **sent, const uint32_t *kinds,
	uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		if (kinds[i] == TX_OWN_PACKET)
			rte_mempool_put(txq->pool, sent[i]);
		else
			rte_pktmbuf_free(sent[i]);
	}
}

/*
 * Takes back all that the device has sent, at least wanted descriptors' worth if there are as many.
 */
KL__TEMPLATE void reclaim(struct net_txq *txq, uint16_t wanted, const bool chained)
{
	struct kl_queue *queue = txq->queue;
	uint16_t left = kl__split_used(queue, wanted);
	uint32_t lengths[RECLAIM_CHUNK], kinds[RECLAIM_CHUNK];
	struct rte_mbuf *sent[RECLAIM_CHUNK];

	while (left > 0) {
		uint16_t chunk = RTE_MIN(left, RECLAIM_CHUNK), n, own = 0;

		/*
		 * What the device says it wrote into a packet it only reads means nothing: lengths
		 * are not used.
		 */
		n = kl__split_take_many(queue, (void **)sent, lengths, kinds, chunk, chained);
		for (uint16_t i = 0; i < n; i++)
			own += (uint16_t)kinds[i];
		if (KL__UNLIKELY(own < n))
			free_mixed(txq, sent, kinds, n);
		else if (n > 0)
			rte_mempool_put_bulk(txq->pool, (void **)sent, n);
		queue->stats.done += n;
		left = n < chunk ? 0 : (uint16_t)(left - chunk);
	}
	kl__split_park(queue);
}

/*
 * The pool of a simple packet is remembered; with another one the packets that are on their way
 * still belong to the first, so the new one's are freed in the ordinary way until the ring has been
 * empty.
 */
static inline uint32_t kind_of(struct net_txq *txq, const struct rte_mbuf *packet)
{
	if (KL__LIKELY(packet->pool == txq->pool))
		return TX_OWN_PACKET;
	if (txq->queue->avail_idx != txq->queue->used_idx)
		return TX_ANY_PACKET;
	txq->pool = packet->pool;
	return TX_OWN_PACKET;
}

/*
 * Whether the header can stand right before the data: nobody else holds this buffer, and there is
 * room.
 */
static inline bool has_header_room(const struct rte_mbuf *packet)
{
	return rte_mbuf_refcnt_read(packet) == 1 && RTE_MBUF_DIRECT(packet) &&
		packet->data_off >= NET_HEADER_BYTES;
}

/* A header that asks the device for nothing. */
static inline void clear_header(struct rte_mbuf *packet)
{
	struct virtio_net_hdr *header = rte_pktmbuf_mtod_offset(packet, struct virtio_net_hdr *,
		-(int)NET_HEADER_BYTES);

	memset(header, 0, sizeof(*header));
}

/* 5.1.4.2: a tagged frame may be longer by its tag. */
static bool is_too_long(const struct net_txq *txq, const struct rte_mbuf *packet)
{
	uint32_t max_frame = txq->max_frame;
	rte_be16_t type;

	if (packet->pkt_len <= max_frame)
		return false;
	if (packet->data_len >= RTE_ETHER_HDR_LEN) {
		/* The packet may start at an odd address. */
		memcpy(&type, rte_pktmbuf_mtod_offset(packet, char *, 2 * RTE_ETHER_ADDR_LEN),
			sizeof(type));
		if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN))
			max_frame += RTE_VLAN_HLEN;
	}
	return packet->pkt_len > max_frame;
}

/*
 * A packet of several segments, or one without room for a header: any kind of ring, several pieces.
 */
KL__COLD static int add_pieces(struct net_txq *txq, struct rte_mbuf *packet)
{
	struct kl__piece pieces[TX_MAX_PIECES];
	struct rte_mbuf *segment = packet;
	unsigned int count = 1;

	if (has_header_room(packet) && packet->data_len > 0) {
		clear_header(packet);
		pieces[0] = (struct kl__piece){rte_pktmbuf_iova(packet) - NET_HEADER_BYTES,
			(uint32_t)packet->data_len + NET_HEADER_BYTES};
		segment = packet->next;
	} else {
		pieces[0] = (struct kl__piece){txq->header.iova, NET_HEADER_BYTES};
	}
	for (; segment != NULL; segment = segment->next) {
		if (segment->data_len == 0)
			continue;
		if (count == TX_MAX_PIECES)
			return -EINVAL;
		pieces[count++] = (struct kl__piece){rte_pktmbuf_iova(segment), segment->data_len};
	}
	return kl__queue_add(txq->queue, pieces, count, 0, packet);
}

/* Returns false when the ring has no room; a packet that can never be sent is freed and counted. */
KL__COLD static bool add_slowly(struct net_txq *txq, struct rte_mbuf *packet)
{
	int rc = packet->pkt_len == 0 || is_too_long(txq, packet) ? -EINVAL :
								    add_pieces(txq, packet);

	if (rc == -ENOSPC || rc == -EIO)
		return false;
	if (rc == -EINVAL) {
		txq->count.errors++;
		rte_pktmbuf_free(packet);
		return true;
	}
	txq->count.packets++;
	txq->count.bytes += packet->pkt_len;
	return true;
}

static inline bool is_simple(const struct net_txq *txq, const struct rte_mbuf *packet)
{
	return packet->nb_segs == 1 && has_header_room(packet) && packet->data_len > 0 &&
		packet->pkt_len <= txq->max_frame;
}

/* Returns how many were taken. */
KL__TEMPLATE uint16_t add_packets(struct net_txq *txq, struct rte_mbuf **packets, uint16_t count,
	const bool chained)
{
	struct kl_queue *queue = txq->queue;
	uint16_t simple = 0, n;
	uint64_t bytes = 0;

	for (n = 0; n < count; n++) {
		struct rte_mbuf *packet = packets[n];

		if (KL__UNLIKELY(!is_simple(txq, packet))) {
			if (!add_slowly(txq, packet))
				break;
			continue;
		}
		if (kl__split_free(queue, chained) == 0)
			break;
		clear_header(packet);
		kl__split_add(queue, packet, rte_pktmbuf_iova(packet) - NET_HEADER_BYTES,
			(uint32_t)packet->data_len + NET_HEADER_BYTES, 0, kind_of(txq, packet),
			chained);
		bytes += packet->data_len;
		simple++;
	}
	txq->count.packets += simple;
	txq->count.bytes += bytes;
	return n;
}

KL__TEMPLATE uint16_t tx_burst(struct net_txq *txq, struct rte_mbuf **packets, uint16_t count,
	const bool chained)
{
	struct kl_queue *queue = txq->queue;
	uint16_t taken = 0;

	if (count == 0)
		goto poll;
	if (kl__split_free(queue, chained) < count)
		reclaim(txq, count, chained);
	if (KL__UNLIKELY(queue->fault != KL_QUEUE_OK))
		goto poll;
	taken = add_packets(txq, packets, count, chained);
	if (chained && taken < count) {
		/* A packet of many pieces may need more than one descriptor each. */
		reclaim(txq, queue->size, chained);
		if (KL__LIKELY(queue->fault == KL_QUEUE_OK))
			taken += add_packets(txq, packets + taken, count - taken, chained);
	}
	if (KL__UNLIKELY(taken < count))
		queue->stats.ring_full++;
	if (queue->avail_idx != queue->published) {
		kl__split_publish(queue);
		kl__kick(queue);
	}
poll:
	kl__kick_poll(queue);
	return taken;
}

static uint16_t tx_flat(struct net_txq *txq, struct rte_mbuf **packets, uint16_t count)
{
	return tx_burst(txq, packets, count, false);
}

static uint16_t tx_chained(struct net_txq *txq, struct rte_mbuf **packets, uint16_t count)
{
	return tx_burst(txq, packets, count, true);
}

void net_tx_choose(struct net_txq *txq)
{
	txq->burst = txq->queue->chained ? tx_chained : tx_flat;
	txq->path = txq->queue->chained ? "chained" : "indirect";
}

uint16_t kl_net_tx_burst(struct kl_net *net, uint16_t queue, struct rte_mbuf **packets,
	uint16_t count)
{
	struct net_txq *txq = &net->pairs[queue].tx;

	return txq->burst(txq, packets, count);
}

void kl_net_tx_flush(struct kl_net *net, uint16_t queue)
{
	struct net_txq *txq = &net->pairs[queue].tx;

	reclaim(txq, txq->queue->size, txq->queue->chained);
	kl__kick_force(txq->queue);
}
