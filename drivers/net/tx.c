/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transmission. The route of a packet: kl_net_tx_burst, the burst function of the ring's kind,
 * kl__ring_put and kl__ring_publish (ring/available.h), and one kick decision per burst
 * (ring/kick.h), which may end in kl_notify (ring/notifier.h), the doorbell.
 */
#include "ring/available.h"
#include "ring/kick.h"
#include "ring/used.h"
#include "state.h"
#include "tx.h"
#include "tx_pool.h"

#define RECLAIM_CHUNK 64
/*
 * Packets in flight that are freed one by one, which reads their mbufs. From this number on they
 * are reclaimed before the ring is full, while they are still in the cache. That halves the cost of
 * such a packet.
 */
#define OTHER_POOL_ENOUGH 32

/* A function of its own, since the code that DPDK inlines here is large. */
KL__NOINLINE static void return_to_pool(struct net_txq *txq, struct rte_mbuf **sent, uint16_t count)
{
	rte_mempool_put_bulk(txq->pool, (void **)sent, count);
}

/*
 * Frees up to RECLAIM_CHUNK sent packets, while packets of another mempool, or packets that are not
 * simple, are in flight.
 */
KL__NOINLINE static uint16_t reclaim_mixed(struct net_txq *txq, struct rte_mbuf **sent)
{
	uint32_t classes[RECLAIM_CHUNK];
	uint16_t count = kl__ring_harvest(txq->queue, (void **)sent, NULL, classes, RECLAIM_CHUNK,
		txq->queue->kind);

	uint16_t others = 0;

	for (uint16_t i = 0; i < count; i++) {
		if (classes[i] == TX_OWN_PACKET)
			return_to_pool(txq, &sent[i], 1);
		else
			sent[others++] = sent[i];
	}
	net_free_packets(sent, others);
	txq->other_pool -= others;
	return count;
}

/* Reclaims all packets that the device has sent. */
KL__ALWAYS_INLINE void reclaim_sent(struct net_txq *txq, const unsigned int kind)
{
	struct kl_queue *queue = txq->queue;
	struct rte_mbuf *sent[RECLAIM_CHUNK];
	uint16_t n;

	do {
		/* Used lengths mean nothing for packets, which the device only reads. */
		if (KL__LIKELY(txq->other_pool == 0)) {
			n = kl__ring_harvest(queue, (void **)sent, NULL, NULL, RECLAIM_CHUNK, kind);
			if (n > 0)
				return_to_pool(txq, sent, n);
		} else {
			n = reclaim_mixed(txq, sent);
		}
		queue->stats.done += n;
	} while (n == RECLAIM_CHUNK);
	kl__ring_park(queue, kind);
}

/*
 * The class of a packet of another mempool than txq->direct_pool. Such packets are freed one by one
 * until the ring has been empty; then theirs becomes that pool.
 */
KL__NOINLINE static uint32_t other_pool_class(struct net_txq *txq, struct rte_mempool *pool,
	uint16_t room)
{
	if (room == txq->queue->size && net_txq_adopt_pool(txq, pool))
		return TX_OWN_PACKET;
	if (room == 0 || !net_txq_can_send(txq, pool))
		return TX_NO_PACKET;
	txq->other_pool++;
	return TX_ANY_PACKET;
}

/* A header that requests no offload. */
static inline void clear_header(struct rte_mbuf *packet, uint16_t header_bytes)
{
	memset(rte_pktmbuf_mtod_offset(packet, char *, -(int)header_bytes), 0, header_bytes);
}

/*
 * True for a packet of the pool of pinned buffers whose buffer nobody else holds. A clone counts in
 * the buffer's own record, not in the mbuf's.
 */
static inline bool is_pinned_alone(const struct net_txq *txq, const struct rte_mbuf *packet)
{
	const struct rte_mbuf_ext_shared_info *shared = RTE_PTR_ADD(packet, txq->shared_at);

	return packet->pool == txq->pinned_pool && rte_mbuf_ext_refcnt_read(shared) == 1;
}

/*
 * True for a packet with one segment of at least one byte that is not too long and has
 * private headroom for the header. As has_header_room in tx_slow.c, but fields that lie
 * together are read together.
 */
KL__ALWAYS_INLINE bool is_simple(const struct net_txq *txq, const struct rte_mbuf *packet,
	uint16_t header_bytes, uint32_t simple_bytes, const bool pinned)
{
	const struct mbuf_head {
		uint16_t data_off;
		uint16_t refcnt;
		uint16_t segments;
		uint16_t port;
	} *head = RTE_PTR_ADD(packet, offsetof(struct rte_mbuf, rearm_data));
	uint32_t ones;

	memcpy(&ones, &head->refcnt, sizeof(ones));
	return ones == 0x00010001 &&
		(pinned ? is_pinned_alone(txq, packet) : RTE_MBUF_DIRECT(packet)) &&
		packet->data_off >= header_bytes && packet->data_len - 1u < simple_bytes;
}

/* Adds packets to the ring and returns how many. header_bytes is constant where it can be. */
KL__ALWAYS_INLINE uint16_t add_packets(struct net_txq *txq, struct rte_mbuf **packets,
	uint16_t count, const uint16_t header_bytes, const bool pinned, const bool offloads,
	const unsigned int kind)
{
	struct kl_queue *queue = txq->queue;
	struct kl__add_cursor cursor = kl__ring_begin(queue);
	uint16_t room = kl__ring_free(queue, kind), simple = 0, n;
	const uint32_t simple_bytes = txq->simple_bytes;
	uint64_t bytes = 0;

	for (n = 0; n < count; n++) {
		struct rte_mbuf *packet = packets[n];
		uint32_t class = TX_OWN_PACKET;

		if (KL__UNLIKELY(!is_simple(txq, packet, header_bytes, simple_bytes, pinned) ||
			    (offloads && net_tx_offload_is_requested(packet)) ||
			    (!pinned && packet->pool != txq->direct_pool &&
				    (class = other_pool_class(txq, packet->pool, room)) ==
					    TX_NO_PACKET))) {
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
			(uint32_t)packet->data_len + header_bytes, 0, class, kind);
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
	const uint16_t header_bytes, const bool pinned, const bool offloads,
	const unsigned int kind)
{
	const bool chained = (kind & KL__RING_CHAINED) != 0;
	struct kl_queue *queue = txq->queue;
	uint16_t added = 0;

	if (count == 0)
		goto poll;
	if (kl__ring_free(queue, kind) < count || txq->other_pool >= OTHER_POOL_ENOUGH)
		reclaim_sent(txq, kind);
	if (KL__UNLIKELY(queue->fault != KL_QUEUE_OK))
		goto poll;
	if (KL__UNLIKELY(kl__load64(&txq->removals.bytes) == 0))
		net_txq_check_pool(txq);
	added = add_packets(txq, packets, count, header_bytes, pinned, offloads, kind);
	if (chained && added < count) {
		/* A packet of many segments may need more than one descriptor. */
		reclaim_sent(txq, kind);
		if (KL__LIKELY(queue->fault == KL_QUEUE_OK))
			added += add_packets(txq, packets + added, count - added, header_bytes,
				pinned, offloads, kind);
	}
	if (KL__UNLIKELY(added < count))
		queue->stats.ring_full++;
	if (queue->avail_idx != queue->published) {
		kl__ring_publish(queue, kind);
		kl__kick(queue);
	}
poll:
	kl__kick_poll(queue);
	return added;
}

/* A packet takes one descriptor where there are indirect tables; else tx_burst_generic runs. */
#define TX_BURST(name, pinned, kind) \
	static uint16_t tx_burst_##name(struct net_txq *txq, struct rte_mbuf **packets, \
		uint16_t count) \
	{ \
		return tx_burst(txq, packets, count, NET_HEADER_BYTES, pinned, false, kind); \
	}
#define TX_BURSTS(name, kind) TX_BURST(name, false, kind) TX_BURST(pinned_##name, true, kind)
KL__RING_UNCHAINED_KINDS_X(TX_BURSTS)

/* Any kind of ring and of pool, any header size, with offloads: all decided at run time. */
static uint16_t tx_burst_generic(struct net_txq *txq, struct rte_mbuf **packets, uint16_t count)
{
	return tx_burst(txq, packets, count, txq->header_bytes, txq->pinned_pool != NULL,
		txq->rules.is_needed, txq->queue->kind);
}

#define TX_ENTRY(name, kind) [kind] = tx_burst_##name,
#define TX_PINNED_ENTRY(name, kind) [kind] = tx_burst_pinned_##name,
#define TX_PATHS(suffix) \
	{ \
		[0] = "indirect" suffix, [KL__RING_IN_ORDER] = "indirect in-order" suffix, \
		[KL__RING_CHAINED] = "chained" suffix, \
		[KL__RING_CHAINED | KL__RING_IN_ORDER] = "chained in-order" suffix, \
	}

void net_tx_choose(struct net_txq *txq)
{
	static net_tx_burst_fn *const by_kind[][KL__RING_KINDS] = {
		{KL__RING_UNCHAINED_KINDS_X(TX_ENTRY)},
		{KL__RING_UNCHAINED_KINDS_X(TX_PINNED_ENTRY)},
	};
	static const char *const path[][KL__RING_KINDS] = {TX_PATHS(""), TX_PATHS(" offloads")};
	unsigned int kind = txq->queue->kind;

	for (int pinned = 0; pinned < 2; pinned++) {
		txq->bursts[pinned] = by_kind[pinned][kind];
		if (txq->bursts[pinned] == NULL || txq->header_bytes != NET_HEADER_BYTES ||
			txq->rules.is_needed)
			txq->bursts[pinned] = tx_burst_generic;
	}
	txq->burst = txq->bursts[txq->pinned_pool != NULL];
	txq->path = path[txq->rules.is_needed][kind & ~KL__RING_PACKED];
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
		reclaim_sent(&pair->tx, pair->tx.queue->kind);
		kl__kick_flush(pair->tx.queue);
	}
	kl__gate_leave(&pair->tx_gate);
}
