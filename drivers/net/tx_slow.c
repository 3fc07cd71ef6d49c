/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that are not simple: of several segments, without room for a header, or with a header that
 * says something. Any kind of ring.
 */
#include <errno.h>

#include "ring/table.h"
#include "ring/verbs.h"
#include "state.h"
#include "tx.h"

/* More than this no ring is asked to take for one packet. */
#define TX_MAX_PIECES 256

/*
 * Whether the header can stand right before the data: nobody else holds this buffer, and there is
 * room.
 */
static inline bool has_header_room(const struct rte_mbuf *packet, uint16_t header_bytes)
{
	return rte_mbuf_refcnt_read(packet) == 1 && RTE_MBUF_DIRECT(packet) &&
		packet->data_off >= header_bytes;
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

/* The device's may be shorter or longer than what we have to say. */
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
 * A header that says something, for a packet that has no room for it: in a buffer of its own, which
 * goes with the packet. NULL when the packet's pool has none.
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
	const struct rte_mbuf *segment)
{
	bool fits = kl__table_put(table, first.address, first.length, 0);

	for (; segment != NULL && fits; segment = segment->next)
		if (KL__LIKELY(segment->data_len > 0))
			fits = kl__table_put(table, rte_pktmbuf_iova(segment), segment->data_len,
				0);
	return fits;
}

/* The usual way: into the table of a free descriptor. Else false, and nothing is done. */
static inline bool add_table(struct kl_queue *queue, struct kl__segment first,
	const struct rte_mbuf *segment, struct rte_mbuf *buffer)
{
	struct kl__table table;

	if (queue->fault != KL_QUEUE_OK || kl__ring_free(queue, queue->kind) == 0)
		return false;
	table = kl__table_begin(queue, queue->kind);
	if (!fill_table(&table, first, segment))
		return false;
	kl__table_end(queue, &table, 0, buffer, queue->kind);
	return true;
}

/* By the verb that knows all ways. */
KL__NOINLINE static int add_listed(struct kl_queue *queue, struct kl__segment first,
	const struct rte_mbuf *segment, struct rte_mbuf *buffer)
{
	struct kl__segment pieces[TX_MAX_PIECES];
	unsigned int count = 1;

	pieces[0] = first;
	for (; segment != NULL; segment = segment->next) {
		if (segment->data_len == 0)
			continue;
		if (count == TX_MAX_PIECES)
			return -EINVAL;
		pieces[count++] = (struct kl__segment){rte_pktmbuf_iova(segment),
			segment->data_len};
	}
	return kl__queue_add(queue, pieces, count, 0, buffer);
}

/* Adds the header as it lies, and the segments from there on. buffer is what is freed in the end. */
static inline int add_segments(struct net_txq *txq, struct kl__segment first,
	const struct rte_mbuf *segment, struct rte_mbuf *buffer)
{
	int rc = 0;

	if (segment == NULL || !add_table(txq->queue, first, segment, buffer))
		rc = add_listed(txq->queue, first, segment, buffer);
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
	rc = add_segments(txq, (struct kl__segment){rte_pktmbuf_iova(carrier), txq->header_bytes},
		packet, carrier);
	if (rc != 0) {
		carrier->next = NULL;
		carrier->nb_segs = 1;
		rte_pktmbuf_free(carrier);
	}
	return rc;
}

/*
 * A packet of several segments, one without room for a header, or one whose header says something:
 * any kind of ring, several pieces.
 */
static int add_pieces(struct net_txq *txq, struct rte_mbuf *packet,
	const struct virtio_net_hdr *header)
{
	const uint16_t header_bytes = txq->header_bytes;
	struct kl__segment first = {txq->header.iova, header_bytes};

	if (has_header_room(packet, header_bytes) && packet->data_len > 0) {
		void *room = rte_pktmbuf_mtod_offset(packet, char *, -(int)header_bytes);

		write_header(room, header, header_bytes);
		first = (struct kl__segment){rte_pktmbuf_iova(packet) - header_bytes,
			(uint32_t)packet->data_len + header_bytes};
		return add_segments(txq, first, packet->next, packet);
	}
	if (header->flags != 0)
		return add_carried(txq, packet, header);
	return add_segments(txq, first, packet, packet);
}

/* The packet's wishes, then what it is whatever it wishes. */
static int prepare(struct net_txq *txq, struct rte_mbuf *packet, struct virtio_net_hdr *header)
{
	int rc = 0;

	*header = (struct virtio_net_hdr){0};
	if (packet->pkt_len == 0)
		return -EINVAL;
	if (txq->rules.is_needed && net_tx_offload_is_requested(packet))
		rc = net_tx_offload(&txq->rules, packet, header);
	/* NET-08: what the device cuts may be longer than a frame. */
	if (rc == 0 && header->gso_type == VIRTIO_NET_HDR_GSO_NONE && is_too_long(txq, packet))
		rc = -EINVAL;
	return rc;
}

bool net_tx_add_slow(struct net_txq *txq, struct rte_mbuf *packet)
{
	struct virtio_net_hdr header;
	int rc = prepare(txq, packet, &header);

	if (rc == 0)
		rc = add_pieces(txq, packet, &header);
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
