/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending. The way of a packet: kl_net_tx_burst, the burst stamped out for the ring, kl__ring_add
 * (ring/ring.h), kl__ring_publish, and one kick decision per burst (ring/kick.h), which may end
 * in kl_notify (ring/notifier.h), the doorbell.
 */
#include "ring/available.h"
#include "ring/kick.h"
#include "ring/used.h"
#include "state.h"

#define RECLAIM_CHUNK 64
/*
 * Packets under way whose mbufs have to be looked at to free them: with so many it is done before the
 * ring is full, while they are still in the cache. That halves what such a packet costs.
 */
#define FOREIGN_ENOUGH 32

/*
 * What the slot of a sent packet says of it, in the place where a receive buffer has its size. A
 * packet of txq->pool that nobody else holds goes back to the pool without a look at the mbuf,
 * which is long out of the cache.
 */
enum {
	TX_ANY_PACKET,
	TX_OWN_PACKET,
};

/* Apart, since what DPDK inlines here is large. */
KL__NOINLINE static void give_back(struct net_txq *txq, struct rte_mbuf **sent, uint16_t count)
{
	rte_mempool_put_bulk(txq->pool, (void **)sent, count);
}

/* Frees up to RECLAIM_CHUNK of what the device is done with, when not all of it is simple. */
KL__NOINLINE static uint16_t reclaim_mixed(struct net_txq *txq, struct rte_mbuf **sent)
{
	uint32_t kinds[RECLAIM_CHUNK];
	uint16_t count = kl__ring_harvest(txq->queue, (void **)sent, NULL, kinds, RECLAIM_CHUNK,
		txq->queue->kind);

	uint16_t others = 0;

	for (uint16_t i = 0; i < count; i++) {
		if (kinds[i] == TX_OWN_PACKET)
			give_back(txq, &sent[i], 1);
		else
			sent[others++] = sent[i];
	}
	rte_pktmbuf_free_bulk(sent, others);
	txq->other_pool -= others;
	return count;
}

/* Takes back all that the device has sent. */
KL__ALWAYS_INLINE void reclaim(struct net_txq *txq, const unsigned int kind)
{
	struct kl_queue *queue = txq->queue;
	struct rte_mbuf *sent[RECLAIM_CHUNK];
	uint16_t n;

	do {
		/*
		 * What the device says it wrote into a packet it only reads means nothing: lengths
		 * are not used.
		 */
		if (KL__LIKELY(txq->other_pool == 0)) {
			n = kl__ring_harvest(queue, (void **)sent, NULL, NULL, RECLAIM_CHUNK, kind);
			if (n > 0)
				give_back(txq, sent, n);
		} else {
			n = reclaim_mixed(txq, sent);
		}
		queue->stats.done += n;
	} while (n == RECLAIM_CHUNK);
	kl__ring_park(queue, kind);
}

/*
 * The pool of a simple packet is remembered; with another one the packets that are on their way
 * still belong to the first, so the new one's are freed in the ordinary way until the ring has been
 * empty.
 */
static inline uint32_t pool_class(struct net_txq *txq, const struct rte_mbuf *packet, bool is_empty)
{
	if (KL__LIKELY(packet->pool == txq->pool))
		return TX_OWN_PACKET;
	if (is_empty) {
		txq->pool = packet->pool;
		return TX_OWN_PACKET;
	}
	txq->other_pool++;
	return TX_ANY_PACKET;
}

/* A header that asks the device for nothing. */
static inline void clear_header(struct rte_mbuf *packet, uint16_t header_bytes)
{
	memset(rte_pktmbuf_mtod_offset(packet, char *, -(int)header_bytes), 0, header_bytes);
}

/*
 * One segment of at least one byte, not too long, with room for a header that nobody else sees: as
 * has_header_room in tx_slow.c, but the fields that lie together are read together.
 */
static inline bool is_simple(const struct rte_mbuf *packet, uint16_t header_bytes,
	uint32_t max_frame)
{
	const struct mbuf_head {
		uint16_t data_off;
		uint16_t refcnt;
		uint16_t segments;
		uint16_t port;
	} *head = RTE_PTR_ADD(packet, offsetof(struct rte_mbuf, rearm_data));
	uint32_t ones;

	memcpy(&ones, &head->refcnt, sizeof(ones));
	return ones == 0x00010001 && RTE_MBUF_DIRECT(packet) && packet->data_off >= header_bytes &&
		packet->data_len - 1u < max_frame;
}

/* Returns how many were taken. header_bytes is constant where it can be. */
KL__ALWAYS_INLINE uint16_t add_packets(struct net_txq *txq, struct rte_mbuf **packets,
	uint16_t count, const uint16_t header_bytes, const bool offloads, const unsigned int kind)
{
	struct kl_queue *queue = txq->queue;
	struct kl__add_cursor cursor = kl__ring_begin(queue);
	uint16_t room = kl__ring_free(queue, kind), simple = 0, n;
	const uint32_t max_frame = txq->max_frame;
	uint64_t bytes = 0;

	for (n = 0; n < count; n++) {
		struct rte_mbuf *packet = packets[n];

		if (KL__UNLIKELY(!is_simple(packet, header_bytes, max_frame) ||
			    (offloads && net_tx_offload_is_requested(packet)))) {
			bool is_done;

			kl__ring_end(queue, &cursor, kind);
			is_done = net_tx_add_slow(txq, packet);
			cursor = kl__ring_begin(queue);
			room = kl__ring_free(queue, kind);
			if (!is_done)
				break;
			continue;
		}
		if (room == 0)
			break;
		clear_header(packet, header_bytes);
		kl__ring_put(queue, &cursor, packet, rte_pktmbuf_iova(packet) - header_bytes,
			(uint32_t)packet->data_len + header_bytes, 0,
			pool_class(txq, packet, room == queue->size), kind);
		bytes += packet->data_len;
		room--;
		simple++;
	}
	kl__ring_end(queue, &cursor, kind);
	txq->count.packets += simple;
	txq->count.bytes += bytes;
	return n;
}

KL__ALWAYS_INLINE uint16_t tx_burst(struct net_txq *txq, struct rte_mbuf **packets, uint16_t count,
	const uint16_t header_bytes, const bool offloads, const unsigned int kind)
{
	const bool chained = (kind & KL__RING_CHAINED) != 0;
	struct kl_queue *queue = txq->queue;
	uint16_t taken = 0;

	if (count == 0)
		goto poll;
	if (kl__ring_free(queue, kind) < count || txq->other_pool >= FOREIGN_ENOUGH)
		reclaim(txq, kind);
	if (KL__UNLIKELY(queue->fault != KL_QUEUE_OK))
		goto poll;
	taken = add_packets(txq, packets, count, header_bytes, offloads, kind);
	if (chained && taken < count) {
		/* A packet of many pieces may need more than one descriptor each. */
		reclaim(txq, kind);
		if (KL__LIKELY(queue->fault == KL_QUEUE_OK))
			taken += add_packets(txq, packets + taken, count - taken, header_bytes,
				offloads, kind);
	}
	if (KL__UNLIKELY(taken < count))
		queue->stats.ring_full++;
	if (queue->avail_idx != queue->published) {
		kl__ring_publish(queue, kind);
		kl__kick(queue);
	}
poll:
	kl__kick_poll(queue);
	return taken;
}

#define STAMP(kind) \
	static uint16_t tx_##kind(struct net_txq *txq, struct rte_mbuf **packets, uint16_t count) \
	{ \
		return tx_burst(txq, packets, count, NET_HEADER_BYTES, false, kind); \
	} \
	static_assert(kind < KL__RING_KINDS, "a kind of ring")
STAMP(0);
STAMP(1);
STAMP(4);
STAMP(5);

/* A header of another size, packets with wishes, chains: what these are is looked up as it goes. */
static uint16_t tx_any(struct net_txq *txq, struct rte_mbuf **packets, uint16_t count)
{
	return tx_burst(txq, packets, count, txq->header_bytes, txq->rules.is_needed,
		txq->queue->kind);
}

void net_tx_choose(struct net_txq *txq)
{
	static net_tx_burst_fn *const by_kind[KL__RING_KINDS] =
		{[0] = tx_0, [1] = tx_1, [4] = tx_4, [5] = tx_5};
	static const char *const path[][2][2] = {
		{{"indirect", "indirect in-order"}, {"chained", "chained in-order"}},
		{{"indirect offloads", "indirect in-order offloads"},
			{"chained offloads", "chained in-order offloads"}},
	};
	unsigned int kind = txq->queue->kind;

	txq->burst = by_kind[kind];
	if (txq->burst == NULL || txq->header_bytes != NET_HEADER_BYTES || txq->rules.is_needed)
		txq->burst = tx_any;
	txq->path = path[txq->rules.is_needed][(kind & KL__RING_CHAINED) != 0]
			[(kind & KL__RING_IN_ORDER) != 0];
}

uint16_t kl_net_tx_burst(struct kl_net *net, uint16_t queue, struct rte_mbuf **packets,
	uint16_t count)
{
	struct net_pair *pair = &net->pairs[queue];
	uint16_t n = 0;

	if (kl__gate_enter(&pair->tx_gate))
		n = pair->tx.burst(&pair->tx, packets, count);
	kl__gate_leave(&pair->tx_gate);
	return n;
}

void kl_net_tx_kick(struct kl_net *net, uint16_t queue)
{
	struct net_pair *pair = &net->pairs[queue];

	if (kl__gate_enter(&pair->tx_gate)) {
		reclaim(&pair->tx, pair->tx.queue->kind);
		kl__kick_flush(pair->tx.queue);
	}
	kl__gate_leave(&pair->tx_gate);
}
