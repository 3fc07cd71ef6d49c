/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reception. Every buffer takes one ring descriptor, or with legacy framing two; its header lies in
 * the headroom, so that the packet starts where an application expects it. Every field of a used
 * element is checked before use. The route of a packet: kl_net_rx_burst, the burst function of the
 * ring's kind, take_packets, kl__ring_harvest (ring/used.h), then refill_and_kick, which goes the
 * route of tx.c.
 */
#include "ring/kick.h"
#include "ring/used.h"
#include "ring/verbs.h"
#include "rx.h"
#include "state.h"

#define REFILL_CHUNK 64
/* Used buffers per harvest. */
#define RX_BATCH 64

/* Allocates up to count mbufs; from a pool with fewer, half as many, and so on. */
static uint16_t allocate_mbufs(struct net_rxq *rxq, struct rte_mbuf **fresh, uint16_t count)
{
	if (KL__LIKELY(rte_mempool_get_bulk(rxq->pool, (void **)fresh, count) == 0))
		return count;
	rxq->count.nombuf++;
	while ((count /= 2) > 0)
		if (rte_mempool_get_bulk(rxq->pool, (void **)fresh, count) == 0)
			return count;
	return 0;
}

/*
 * The place in m where the device writes, which starts with its header. It is computed without a
 * read of the mbuf, which is cold here, where the pool allows that. Loops keep a copy of what it
 * takes, since what they write could be the queue's own for all that the compiler knows.
 */
KL__ALWAYS_INLINE void *find_header(const struct rte_mbuf *m, uint64_t stride, uint64_t stride_at,
	uint16_t offset, const unsigned int place)
{
	if (place == NET_BUFFERS_FOLLOW)
		return (void *)((uintptr_t)m + stride_at);
	if (place == NET_BUFFERS_STRIDED)
		return (void *)((uintptr_t)m * stride + stride_at);
	return (char *)m->buf_addr + offset;
}

KL__ALWAYS_INLINE void *mbuf_header(const struct net_rxq *rxq, const struct rte_mbuf *m,
	const unsigned int place)
{
	return find_header(m, rxq->stride, rxq->stride_at, rxq->offset, place);
}

KL__ALWAYS_INLINE uint16_t refill_chunk(struct net_rxq *rxq, uint16_t count,
	const unsigned int place, const unsigned int kind)
{
	const uint32_t bytes = rxq->buffer_bytes;
	const bool is_physical = rxq->is_physical;
	const uint64_t stride = rxq->stride, stride_at = rxq->stride_at;
	const uint16_t offset = rxq->offset;
	struct kl_queue *queue = rxq->queue;
	struct kl__add_cursor cursor = kl__ring_begin(queue);
	struct rte_mbuf *fresh[REFILL_CHUNK];
	uint16_t got = allocate_mbufs(rxq, fresh, count);

	for (uint16_t i = 0; i < got; i++) {
		uint64_t address = is_physical ?
			fresh[i]->buf_iova + offset :
			(uintptr_t)find_header(fresh[i], stride, stride_at, offset, place);

		kl__ring_put(queue, &cursor, fresh[i], address, bytes, VIRTQ_DESC_F_WRITE, bytes,
			kind);
	}
	kl__ring_end(queue, &cursor, kind);
	return got;
}

/*
 * 5.1.9.8: adds buffers whose header has a descriptor of its own. It lies before the packet all the
 * same, so a buffer behind a packet's first one, which the device fills from the header's place on,
 * looks like any other.
 */
KL__NOINLINE static uint16_t refill_chunk_apart(struct net_rxq *rxq, uint16_t count)
{
	struct rte_mbuf *fresh[REFILL_CHUNK];
	uint16_t got = allocate_mbufs(rxq, fresh, count), added = 0;

	for (; added < got; added++) {
		struct rte_mbuf *m = fresh[added];
		uint64_t address = rxq->is_physical ? m->buf_iova + rxq->offset :
						      (uintptr_t)mbuf_header(rxq, m, rxq->place);
		const struct kl__segment segments[] = {
			{address, rxq->header_bytes},
			{address + rxq->header_bytes, rxq->buffer_bytes - rxq->header_bytes},
		};

		if (kl__queue_add(rxq->queue, segments, 0, RTE_DIM(segments), m) != 0)
			break;
	}
	rte_pktmbuf_free_bulk(fresh + added, got - added);
	return added;
}

/* Buffers that the ring has room for. One whose header is apart may take two descriptors. */
KL__ALWAYS_INLINE uint16_t find_room(const struct kl_queue *queue, const bool apart,
	const unsigned int kind)
{
	const uint16_t room = kl__ring_free(queue, kind);

	return apart && (queue->kind & KL__RING_CHAINED) != 0 ? room / 2 : room;
}

KL__ALWAYS_INLINE void refill_and_publish(struct net_rxq *rxq, const uint16_t limit,
	const unsigned int place, const bool apart, const unsigned int kind)
{
	struct kl_queue *queue = rxq->queue;
	uint16_t room = RTE_MIN(find_room(queue, apart, kind), limit);

	while (room > 0) {
		uint16_t chunk = RTE_MIN(room, REFILL_CHUNK);
		uint16_t added = apart ? refill_chunk_apart(rxq, chunk) :
					 refill_chunk(rxq, chunk, place, kind);

		if (added < chunk)
			break;
		room -= chunk;
	}
	if (queue->avail_idx != queue->published)
		kl__ring_publish(queue, kind);
}

uint16_t net_rx_room(const struct net_rxq *rxq)
{
	return find_room(rxq->queue, rxq->header_is_apart, rxq->queue->kind);
}

void net_rx_refill(struct net_rxq *rxq, uint16_t limit)
{
	refill_and_publish(rxq, limit, rxq->place, rxq->header_is_apart, rxq->queue->kind);
}

KL__ALWAYS_INLINE void refill_and_kick(struct net_rxq *rxq, const unsigned int place,
	const bool apart, const unsigned int kind)
{
	uint16_t published = rxq->queue->published;

	refill_and_publish(rxq, NET_RX_ALL, place, apart, kind);
	if (rxq->queue->published != published)
		kl__kick(rxq->queue);
}

/* A pinned buffer keeps the flag by which DPDK finds it. */
KL__ALWAYS_INLINE void init_mbuf(struct rte_mbuf *m, uint64_t mbuf_init, uint32_t bytes,
	const unsigned int place)
{
	*(uint64_t *)RTE_PTR_ADD(m, offsetof(struct rte_mbuf, rearm_data)) = mbuf_init;
	m->ol_flags = place != NET_BUFFERS_FOLLOW ? RTE_MBUF_F_EXTERNAL : 0;
	/* packet_type, pkt_len; data_len, no VLAN tag, no hash. */
	*(uint64_t *)RTE_PTR_ADD(m, offsetof(struct rte_mbuf, packet_type)) = (uint64_t)bytes << 32;
	*(uint64_t *)RTE_PTR_ADD(m, offsetof(struct rte_mbuf, data_len)) = bytes;
}

KL__ALWAYS_INLINE uint16_t buffers_of(const struct net_rxq *rxq, const struct rte_mbuf *m,
	const unsigned int place)
{
	const struct virtio_net_hdr *header = mbuf_header(rxq, m, place);

	return *(const volatile uint16_t *)&header->num_buffers;
}

/* Drops a malformed packet, and counts it once. */
KL__COLD static void drop_packet(struct net_rxq *rxq, struct rte_mbuf *packet)
{
	rxq->count.errors++;
	rte_pktmbuf_free(packet);
}

/* Used buffers that were harvested and not processed yet. */
struct batch {
	struct rte_mbuf **buffer;
	uint32_t bytes[RX_BATCH];
	uint16_t next;
	uint16_t count;
};

/* The next used buffer: from the batch, then from the ring, which may hold a packet's rest. */
static struct rte_mbuf *next_buffer(struct net_rxq *rxq, struct batch *batch, uint32_t *bytes)
{
	struct rte_mbuf *buffer;
	uint32_t writable;

	if (batch->next < batch->count) {
		*bytes = batch->bytes[batch->next];
		return batch->buffer[batch->next++];
	}
	buffer = kl__ring_take(rxq->queue, bytes, &writable, rxq->queue->kind);
	if (buffer != NULL)
		rxq->queue->stats.done++;
	return buffer;
}

/*
 * Appends the further buffers of a packet; 5.1.6.4.1: they were used together with the first. False
 * when one has a malformed length, or is missing, which breaks the queue.
 */
static bool append_buffers(struct net_rxq *rxq, struct batch *batch, struct rte_mbuf *packet,
	uint16_t buffers)
{
	struct rte_mbuf *tail = packet;
	bool is_good = true;

	for (uint16_t i = 1; i < buffers; i++) {
		uint32_t bytes;
		struct rte_mbuf *m = next_buffer(rxq, batch, &bytes);

		if (m == NULL) {
			if (rxq->queue->fault == KL_QUEUE_OK)
				kl__queue_break(rxq->queue, KL_QUEUE_USED_SHORT);
			return false;
		}
		if (bytes == 0 || bytes > rxq->buffer_bytes) {
			is_good = false;
			bytes = 0;
		}
		init_mbuf(m, rxq->mbuf_init, bytes, rxq->place);
		/* It has no header: data starts where the device wrote, not at the headroom. */
		m->data_off = rxq->offset;
		tail->next = m;
		tail = m;
		packet->nb_segs++;
		packet->pkt_len += bytes;
	}
	return is_good;
}

/*
 * The packet that starts in a buffer which is not simply one packet, or NULL when it was dropped.
 */
KL__NOINLINE static struct rte_mbuf *take_odd_packet(struct net_rxq *rxq, struct batch *batch,
	struct rte_mbuf *packet, uint32_t bytes)
{
	uint16_t buffers;

	/* A packet has at least one byte. */
	if (bytes <= rxq->header_bytes || bytes > rxq->buffer_bytes) {
		init_mbuf(packet, rxq->mbuf_init, 0, rxq->place);
		drop_packet(rxq, packet);
		return NULL;
	}
	init_mbuf(packet, rxq->mbuf_init, bytes - rxq->header_bytes, rxq->place);
	buffers = buffers_of(rxq, packet, rxq->place);
	if (buffers == 0) {
		/* Malformed, but the data is there: counted, and processed as one buffer. */
		rxq->count.errors++;
		buffers = 1;
	}
	if (append_buffers(rxq, batch, packet, buffers) && packet->pkt_len <= rxq->frame_bytes)
		return packet;
	drop_packet(rxq, packet);
	return NULL;
}

/* A used buffer is a whole packet of 1 to room bytes: one comparison checks both bounds. */
KL__ALWAYS_INLINE bool is_whole_packet(const struct net_rxq *rxq, struct rte_mbuf *m,
	uint32_t bytes, uint32_t room, const bool mergeable, const unsigned int place)
{
	return bytes - 1 < room && (!mergeable || buffers_of(rxq, m, place) == 1);
}

/* Applies the header, from a copy that the device can't change. NULL: the packet was dropped. */
static struct rte_mbuf *apply_header(struct net_rxq *rxq, struct rte_mbuf *packet)
{
	struct virtio_net_hdr_v1_hash header = {.hash_value = 0};
	enum net_rx_verdict verdict;

	memcpy(&header, mbuf_header(rxq, packet, rxq->place),
		RTE_MIN(rxq->header_bytes, sizeof(header)));
	verdict = net_rx_offload(&rxq->rules, packet, &header);
	if (KL__LIKELY(verdict == NET_RX_GOOD))
		return packet;
	if (verdict == NET_RX_BAD) {
		drop_packet(rxq, packet);
		return NULL;
	}
	rxq->count.errors++;
	return packet;
}

/* Turns up to count (at most RX_BATCH) used buffers into packets; returns the packets. */
KL__ALWAYS_INLINE uint16_t take_packets(struct net_rxq *rxq, struct rte_mbuf **packets,
	uint16_t count, const bool mergeable, const unsigned int place, const bool offloads,
	const unsigned int kind)
{
	const uint32_t header_bytes = rxq->header_bytes;
	const uint32_t room = rxq->whole_bytes;
	const uint64_t mbuf_init = rxq->mbuf_init;
	struct batch batch;
	uint64_t bytes = 0;
	uint16_t n = 0;

	/* The buffers become packets in place, since there are never more packets than buffers. */
	batch.buffer = packets;
	batch.count = kl__ring_harvest(rxq->queue, (void **)packets, batch.bytes, NULL, count,
		kind);
	batch.next = 0;
	rxq->queue->stats.done += batch.count;
	for (uint16_t i = 0; i < batch.count; i++) {
		struct rte_mbuf *m = packets[i];
		uint32_t length = batch.bytes[i] - header_bytes;

		if (KL__LIKELY(is_whole_packet(rxq, m, length, room, mergeable, place))) {
			init_mbuf(m, mbuf_init, length, place);
		} else {
			batch.next = i + 1;
			m = take_odd_packet(rxq, &batch, m, batch.bytes[i]);
			i = batch.next - 1;
			if (m == NULL)
				continue;
			length = m->pkt_len;
		}
		if (offloads) {
			m = apply_header(rxq, m);
			if (m == NULL)
				continue;
		}
		bytes += length;
		packets[n++] = m;
	}
	rxq->count.packets += n;
	rxq->count.bytes += bytes;
	return n;
}

KL__ALWAYS_INLINE uint16_t rx_burst(struct net_rxq *rxq, struct rte_mbuf **packets, uint16_t count,
	const bool mergeable, const unsigned int place, const bool apart, const bool offloads,
	const unsigned int kind)
{
	struct kl_queue *queue = rxq->queue;
	uint16_t n = 0, got;

	/* Harvests once per batch; the rest of a packet may come from later in the ring. */
	while (n < count) {
		got = take_packets(rxq, packets + n, RTE_MIN((uint16_t)(count - n), RX_BATCH),
			mergeable, place, offloads, kind);
		n += got;
		if (got < RX_BATCH)
			break;
	}
	kl__ring_park(queue, kind);
	if (kl__ring_free(queue, kind) >= rxq->refill_at && queue->fault == KL_QUEUE_OK)
		refill_and_kick(rxq, place, apart, kind);
	kl__kick_poll(queue);
	return n;
}

/*
 * Receive buffers take one descriptor each, so no ring is chained; else rx_burst_generic runs. The
 * pool's buffers follow their mbufs, or are strided.
 */
#define RX_BURST(name, mergeable, place, kind) \
	static uint16_t rx_burst_##name(struct net_rxq *rxq, struct rte_mbuf **packets, \
		uint16_t count) \
	{ \
		return rx_burst(rxq, packets, count, mergeable, place, false, false, kind); \
	}
#define RX_BURSTS(name, kind) \
	RX_BURST(name, false, NET_BUFFERS_FOLLOW, kind) \
	RX_BURST(strided_##name, false, NET_BUFFERS_STRIDED, kind) \
	RX_BURST(mergeable_##name, true, NET_BUFFERS_FOLLOW, kind) \
	RX_BURST(mergeable_strided_##name, true, NET_BUFFERS_STRIDED, kind)
KL__RING_UNCHAINED_KINDS_X(RX_BURSTS)

/* Any kind of ring, of pool and of framing, with offloads. */
static uint16_t rx_burst_generic(struct net_rxq *rxq, struct rte_mbuf **packets, uint16_t count)
{
	return rx_burst(rxq, packets, count, rxq->is_mergeable, rxq->place, rxq->header_is_apart,
		rxq->rules.is_needed, rxq->queue->kind);
}

#define RX_ENTRY(name, kind) [kind] = rx_burst_##name,
#define RX_STRIDED_ENTRY(name, kind) [kind] = rx_burst_strided_##name,
#define RX_MERGEABLE_ENTRY(name, kind) [kind] = rx_burst_mergeable_##name,
#define RX_MERGEABLE_STRIDED_ENTRY(name, kind) [kind] = rx_burst_mergeable_strided_##name,
#define RX_PATHS(buffers) \
	{ \
		{[0] = buffers, [KL__RING_IN_ORDER] = buffers " in-order"}, \
			{[0] = buffers " offloads", \
				[KL__RING_IN_ORDER] = buffers " in-order offloads"}, \
	}

void net_rx_choose(struct net_rxq *rxq, bool mergeable)
{
	static net_rx_burst_fn *const by_kind[][2][KL__RING_KINDS] = {
		{{KL__RING_UNCHAINED_KINDS_X(RX_ENTRY)},
			{KL__RING_UNCHAINED_KINDS_X(RX_STRIDED_ENTRY)}},
		{{KL__RING_UNCHAINED_KINDS_X(RX_MERGEABLE_ENTRY)},
			{KL__RING_UNCHAINED_KINDS_X(RX_MERGEABLE_STRIDED_ENTRY)}},
	};
	static const char *const path[][2][KL__RING_KINDS] = {
		RX_PATHS("plain"),
		RX_PATHS("mergeable"),
	};
	unsigned int kind = rxq->queue->kind;

	rxq->is_mergeable = mergeable;
	if (rxq->rules.is_needed || rxq->place == NET_BUFFERS_PINNED || rxq->header_is_apart)
		rxq->burst = rx_burst_generic;
	else
		rxq->burst = by_kind[mergeable][rxq->place][kind];
	rxq->path = path[mergeable][rxq->rules.is_needed][kind & KL__RING_IN_ORDER];
}

uint16_t kl_net_rx_burst(struct kl_net *net, uint16_t queue, struct rte_mbuf **packets,
	uint16_t count)
{
	struct net_pair *pair = &net->pairs[queue];
	uint16_t n = 0;

	if (kl__gate_enter(&pair->rx_gate))
		n = pair->rx.burst(&pair->rx, packets, count);
	kl__gate_leave(&pair->rx_gate);
	return n;
}
