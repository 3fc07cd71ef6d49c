/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that are not simple: with several segments, without headroom for the header, or with a
 * header that requests an offload; with legacy framing all packets. Any kind of ring.
 */
#include <errno.h>

#include <kickless/log.h>

#include "buffer.h"
#include "frame.h"
#include "ring/table.h"
#include "ring/verbs.h"
#include "state.h"
#include "tx.h"
#include "tx_pool.h"

/* The largest number of segments of one packet, on any ring. */
#define TX_MAX_SEGMENTS 256

/* True when the header fits right before the data, in a buffer that nobody else holds. */
static inline bool has_header_room(const struct rte_mbuf *packet, uint16_t header_bytes)
{
	return packet->data_off >= header_bytes && net_owns_buffer(packet);
}

/* The bus address of a segment's data. */
static inline uint64_t data_address(const struct net_txq *txq, const struct rte_mbuf *segment)
{
	return KL__LIKELY(!txq->is_physical) ? rte_pktmbuf_mtod(segment, uintptr_t) :
					       rte_pktmbuf_iova(segment);
}

/* True if the device reaches the data of a segment, which has some. */
static bool reaches_data(struct net_txq *txq, const struct rte_mbuf *segment)
{
	struct kl__window *window = &txq->queue->window;
	uint64_t address = rte_pktmbuf_mtod(segment, uintptr_t);
	bool is_pools_own = RTE_MBUF_DIRECT(segment) ||
		(RTE_MBUF_HAS_EXTBUF(segment) && net_pool_is_pinned(segment->pool));

	if (txq->is_physical)
		return segment->buf_iova != RTE_BAD_IOVA;
	return kl__window_covers(window, address, segment->data_len) ||
		(is_pools_own && net_txq_knows_pool(txq, segment->pool)) ||
		kl__window_move(window, address, segment->data_len);
}

/* The first segment whose data the device does not reach, or NULL. */
static const struct rte_mbuf *find_unreachable(struct net_txq *txq, const struct rte_mbuf *segment)
{
	while (segment != NULL && (segment->data_len == 0 || reaches_data(txq, segment)))
		segment = segment->next;
	return segment;
}

/* Once per queue, and start. */
KL__COLD static void log_unreachable(struct net_txq *txq, const struct rte_mbuf *segment)
{
	if (txq->has_logged)
		return;
	txq->has_logged = true;
	kl_error(
		"%s: transmit queue %u: a packet of mempool %s has data at %p, which the device does "
		"not reach; it was dropped, and so will be all like it; %s",
		kl_device_info(txq->device)->name, txq->queue->index / 2, segment->pool->name,
		rte_pktmbuf_mtod(segment, void *),
		kl_device_info(txq->device)->is_isolated ?
			"make the mempool by kl_net_pool_create, and call kl_net_pool_grant" :
			"call kl_memory_register for memory that is not EAL's, and "
			"kl_net_pool_grant for a mempool by kl_net_pool_create");
}

/* 0, or -EFAULT. */
static inline int check_reach(struct net_txq *txq, const struct rte_mbuf *packet)
{
	const struct rte_mbuf *segment = find_unreachable(txq, packet);

	if (KL__LIKELY(segment == NULL))
		return 0;
	log_unreachable(txq, segment);
	return -EFAULT;
}

/* Most packets are short enough whatever tags they have. */
static bool is_too_long(const struct net_txq *txq, const struct rte_mbuf *packet)
{
	return txq->mtu != 0 && packet->pkt_len > net_frame_max(txq->mtu, 0) &&
		packet->pkt_len > net_frame_max(txq->mtu, net_frame_tags(packet));
}

/* Writes the header in the device's size, which may be shorter or longer. */
static inline void write_header(void *room, const struct virtio_net_hdr *header,
	uint16_t header_bytes)
{
	if (KL__LIKELY(header_bytes == sizeof(*header))) {
		memcpy(room, header, sizeof(*header));
		return;
	}
	memset(room, 0, header_bytes);
	memcpy(room, header, RTE_MIN(header_bytes, sizeof(*header)));
}

/*
 * A buffer for the header of a packet that has no headroom for it. It is freed with the packet.
 * NULL when the packet's pool has none.
 */
static struct rte_mbuf *carry_header(const struct net_txq *txq, struct rte_mbuf *packet,
	const struct virtio_net_hdr *header)
{
	struct rte_mbuf *carrier = rte_pktmbuf_alloc(packet->pool);
	void *room;

	if (carrier == NULL)
		return NULL;
	room = rte_pktmbuf_append(carrier, txq->header_bytes);
	if (room == NULL) {
		rte_pktmbuf_free(carrier);
		return NULL;
	}
	write_header(room, header, txq->header_bytes);
	carrier->next = packet;
	carrier->nb_segs = (uint16_t)(packet->nb_segs + 1);
	return carrier;
}

/* False when the table is too short. */
static inline bool fill_table(struct kl__table *table, struct kl__segment first,
	const struct rte_mbuf *segment, const struct net_txq *txq)
{
	bool fits = kl__table_put(table, first.address, first.length, 0);

	for (; segment != NULL && fits; segment = segment->next)
		if (KL__LIKELY(segment->data_len > 0))
			fits = kl__table_put(table, data_address(txq, segment), segment->data_len,
				0);
	return fits;
}

/* Adds segments in the indirect table of a free descriptor. False when it does not fit. */
static inline bool add_table(struct net_txq *txq, struct kl__segment first,
	const struct rte_mbuf *segment, struct rte_mbuf *buffer)
{
	struct kl_queue *queue = txq->queue;
	struct kl__table table;

	if (queue->fault != KL_QUEUE_OK || kl__ring_free(queue, queue->kind) == 0)
		return false;
	table = kl__table_begin(queue, queue->kind);
	if (!fill_table(&table, first, segment, txq))
		return false;
	kl__table_end(queue, &table, 0, buffer, queue->kind);
	return true;
}

/* Adds segments by kl__queue_add, which chains descriptors where there is no table. */
KL__NOINLINE static int add_listed(struct net_txq *txq, struct kl__segment first,
	const struct rte_mbuf *segment, struct rte_mbuf *buffer)
{
	struct kl__segment segments[TX_MAX_SEGMENTS];
	unsigned int count = 1;

	segments[0] = first;
	for (; segment != NULL; segment = segment->next) {
		if (segment->data_len == 0)
			continue;
		if (count == TX_MAX_SEGMENTS)
			return -EINVAL;
		segments[count++] = (struct kl__segment){data_address(txq, segment),
			segment->data_len};
	}
	return kl__queue_add(txq->queue, segments, count, 0, buffer);
}

/* Adds the header in first, and the segments that follow. buffer is freed in the end. */
static inline int add_segments(struct net_txq *txq, struct kl__segment first,
	const struct rte_mbuf *segment, struct rte_mbuf *buffer)
{
	int rc = 0;

	if (segment == NULL || !add_table(txq, first, segment, buffer))
		rc = add_listed(txq, first, segment, buffer);
	if (rc == 0)
		txq->other_pool++;
	return rc;
}

static int add_carried(struct net_txq *txq, struct rte_mbuf *packet,
	const struct virtio_net_hdr *header)
{
	struct rte_mbuf *carrier = carry_header(txq, packet, header);
	int rc;

	if (carrier == NULL)
		return -EINVAL;
	rc = reaches_data(txq, carrier) ? 0 : -EFAULT;
	if (rc != 0)
		log_unreachable(txq, carrier);
	else
		rc = add_segments(txq,
			(struct kl__segment){data_address(txq, carrier), txq->header_bytes}, packet,
			carrier);
	if (rc != 0) {
		carrier->next = NULL;
		carrier->nb_segs = 1;
		rte_pktmbuf_free(carrier);
	}
	return rc;
}

/* True for a packet of the queue's pool in one buffer that nobody else holds. */
static inline bool is_own(const struct net_txq *txq, const struct rte_mbuf *packet)
{
	return packet->nb_segs == 1 && packet->next == NULL &&
		packet->pool == (txq->pinned_pool != NULL ? txq->pinned_pool : txq->direct_pool);
}

/* Adds a packet in one segment that returns to its pool like those of the short path. */
static int add_own(struct net_txq *txq, struct kl__segment whole, struct rte_mbuf *packet)
{
	struct kl_queue *queue = txq->queue;

	if (queue->fault != KL_QUEUE_OK)
		return -EIO;
	if (kl__ring_free(queue, queue->kind) == 0)
		return -ENOSPC;
	kl__ring_add(queue, packet, whole.address, whole.length, 0, TX_OWN_PACKET, queue->kind);
	return 0;
}

/*
 * Adds the header and the packet: in one segment where both fit and that is allowed, else in
 * several.
 */
static int add_packet(struct net_txq *txq, struct rte_mbuf *packet,
	const struct virtio_net_hdr *header)
{
	const uint16_t header_bytes = txq->header_bytes;
	struct kl__segment first = {txq->header.iova, header_bytes};

	if (has_header_room(packet, header_bytes) && packet->data_len > 0) {
		void *room = rte_pktmbuf_mtod_offset(packet, char *, -(int)header_bytes);

		write_header(room, header, header_bytes);
		first.address = data_address(txq, packet) - header_bytes;
		if (txq->header_is_apart)
			return add_segments(txq, first, packet, packet);
		first.length += packet->data_len;
		if (is_own(txq, packet))
			return add_own(txq, first, packet);
		return add_segments(txq, first, packet->next, packet);
	}
	if (header->flags != 0)
		return add_carried(txq, packet, header);
	return add_segments(txq, first, packet, packet);
}

/* Fills the header and checks the packet. */
static int prepare_header(struct net_txq *txq, struct rte_mbuf *packet,
	struct virtio_net_hdr *header)
{
	int rc = 0;

	*header = (struct virtio_net_hdr){0};
	if (packet->pkt_len == 0)
		return -EINVAL;
	if (txq->rules.is_needed && net_tx_offload_is_requested(packet))
		rc = net_tx_offload(&txq->rules, packet, header);
	/* NET-08: a packet that the device segments may be longer than a frame. */
	if (rc == 0 && header->gso_type == VIRTIO_NET_HDR_GSO_NONE && is_too_long(txq, packet))
		rc = -EINVAL;
	return rc;
}

/*
 * The burst function of the other kind of pool takes packets here. From the next burst on it is
 * the one that suits them.
 */
static void follow_pool(struct net_txq *txq, const struct rte_mbuf *packet)
{
	const struct kl_queue *queue = txq->queue;

	if (packet->pool == txq->direct_pool || packet->pool == txq->pinned_pool ||
		kl__ring_free(queue, queue->kind) != queue->size)
		return;
	if (net_owns_buffer(packet) &&
		(txq->pinned_pool != NULL || net_pool_is_pinned(packet->pool)))
		net_txq_adopt_pool(txq, packet->pool);
}

bool net_tx_add_slow(struct net_txq *txq, struct rte_mbuf *packet)
{
	struct virtio_net_hdr header;
	int rc = prepare_header(txq, packet, &header);

	follow_pool(txq, packet);
	if (rc == 0)
		rc = check_reach(txq, packet);
	if (rc == 0)
		rc = add_packet(txq, packet, &header);
	if (rc == -ENOSPC || rc == -EIO)
		return false;
	if (rc != 0) {
		txq->count.errors++;
		rte_pktmbuf_free(packet);
		return true;
	}
	txq->count.packets++;
	txq->count.bytes += packet->pkt_len;
	return true;
}
