/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that are not simple: of several segments, without room for a header, or with a header that
 * says something. Any kind of ring.
 */
#include <errno.h>

#include "ring/verbs.h"
#include "state.h"

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
	memset(room, 0, txq->header_bytes);
	memcpy(room, header, RTE_MIN(txq->header_bytes, sizeof(*header)));
	carrier->next = packet;
	carrier->nb_segs = (uint16_t)(packet->nb_segs + 1);
	return carrier;
}

/* Adds the header as it lies, and the segments from there on. buffer is what is freed in the end. */
static int add_segments(struct net_txq *txq, struct kl__piece first, struct rte_mbuf *segment,
	struct rte_mbuf *buffer)
{
	struct kl__piece pieces[TX_MAX_PIECES];
	unsigned int count = 1;
	int rc;

	pieces[0] = first;
	for (; segment != NULL; segment = segment->next) {
		if (segment->data_len == 0)
			continue;
		if (count == TX_MAX_PIECES)
			return -EINVAL;
		pieces[count++] = (struct kl__piece){rte_pktmbuf_iova(segment), segment->data_len};
	}
	rc = kl__queue_add(txq->queue, pieces, count, 0, buffer);
	if (rc == 0)
		txq->foreign++;
	return rc;
}

static int add_carried(struct net_txq *txq, struct rte_mbuf *packet,
	const struct virtio_net_hdr *header)
{
	struct rte_mbuf *carrier = carry_header(txq, packet, header);
	int rc;

	if (carrier == NULL)
		return -EINVAL;
	rc = add_segments(txq, (struct kl__piece){rte_pktmbuf_iova(carrier), txq->header_bytes},
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
	struct kl__piece first = {txq->header.iova, header_bytes};

	if (has_header_room(packet, header_bytes) && packet->data_len > 0) {
		void *room = rte_pktmbuf_mtod_offset(packet, char *, -(int)header_bytes);

		memset(room, 0, header_bytes);
		memcpy(room, header, RTE_MIN(header_bytes, sizeof(*header)));
		first = (struct kl__piece){rte_pktmbuf_iova(packet) - header_bytes,
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
	if (txq->rules.is_needed && net_tx_asks(packet))
		rc = net_tx_offload(&txq->rules, packet, header);
	/* NET-08: what the device cuts may be longer than a frame. */
	if (rc == 0 && header->gso_type == VIRTIO_NET_HDR_GSO_NONE && is_too_long(txq, packet))
		rc = -EINVAL;
	return rc;
}

bool net_tx_add_slowly(struct net_txq *txq, struct rte_mbuf *packet)
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
