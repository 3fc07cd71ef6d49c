/* SPDX-License-Identifier: BSD-3-Clause */
#include "queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kickless/log.h>

#include "buffer.h"
#include "frame.h"
#include "pool_reach.h"
#include "ring/used.h"
#include "ring/verbs.h"
#include "rx.h"
#include "spec/features.h"
#include "tx.h"
#include "tx_pool.h"

/*
 * Segments of one sent packet in an indirect table: 64 KiB in buffers of 2 KiB, the header, and
 * some to spare, so that each table begins with a cache line.
 */
#define TX_SEGMENTS 36
static_assert(TX_SEGMENTS * sizeof(struct virtq_desc) % KL__CACHE_LINE == 0, "whole cache lines");
/* Of a receive buffer whose header is apart: two, and the rest of a cache line. */
#define RX_SEGMENTS 4
static_assert(RX_SEGMENTS * sizeof(struct virtq_desc) % KL__CACHE_LINE == 0, "whole cache lines");

/* True if received packets may be larger than a frame. */
static bool has_coalescing(const struct kl_net *net)
{
	static const unsigned int features[] = {VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_GUEST_TSO6,
		VIRTIO_NET_F_GUEST_UFO, VIRTIO_NET_F_GUEST_USO4, VIRTIO_NET_F_GUEST_USO6};

	for (size_t i = 0; i < RTE_DIM(features); i++)
		if (kl_device_has(net->device, features[i]))
			return true;
	return false;
}

/*
 * 5.1.4.1: with MTU no device delivers more than that, unless it coalesces packets. No packet is
 * longer than IP's length field can express.
 */
static uint32_t longest_frame(const struct kl_net *net)
{
	bool is_limited = kl_device_has(net->device, VIRTIO_NET_F_MTU) && !has_coalescing(net);

	return net_frame_max(is_limited ? net->info.max_mtu : UINT16_MAX, NET_TAGS_MAX);
}

/* Without an MTU of the device, larger frames than those of the usual one are not expected. */
static uint16_t count_packet_buffers(const struct kl_net *net, const struct net_rxq *rxq)
{
	uint32_t bytes = rxq->header_bytes +
		(has_coalescing(net) ? UINT16_MAX + RTE_ETHER_HDR_LEN :
				       net_frame_max(net->info.mtu, 0));
	uint32_t buffers = (bytes + rxq->buffer_bytes - 1) / rxq->buffer_bytes;

	return (uint16_t)RTE_MIN(buffers, kl__queue_in_flight(rxq->queue));
}

/* 0, or -EFAULT after a message. */
static int check_reach(const struct kl_net *net, const struct kl_queue *queue,
	struct rte_mempool *pool)
{
	const struct net_reach reach = {queue->window.reach,
		kl_device_iova_is_virtual(net->device)};
	const void *unreachable = net_pool_check_memory(pool, &reach).unreachable;

	if (unreachable == NULL)
		return 0;
	kl_error("%s: mempool %s has a buffer at %p, which the device does not reach; %s",
		kl_device_info(net->device)->name, pool->name, unreachable,
		kl_device_info(net->device)->is_isolated ?
			"make the mempool by kl_net_pool_create" :
			"call kl_memory_register for memory that is not EAL's");
	return -EFAULT;
}

/* The first mbuf of a pool of pinned buffers, and what the others have in common with it. */
struct rows {
	uintptr_t mbuf;
	uintptr_t buffer;
	uint64_t stride;
	bool is_strided;
};

static void check_row(struct rte_mempool *pool, void *context, void *object, unsigned int index)
{
	const uintptr_t mbuf = (uintptr_t)object;
	const uintptr_t buffer = (uintptr_t)((const struct rte_mbuf *)object)->buf_addr;
	struct rows *rows = context;

	(void)pool;
	if (index == 0)
		*rows = (struct rows){.mbuf = mbuf, .buffer = buffer, .is_strided = true};
	if (index == 1 && mbuf > rows->mbuf && buffer > rows->buffer)
		rows->stride = (buffer - rows->buffer) / (mbuf - rows->mbuf);
	rows->is_strided &= buffer - rows->buffer == (mbuf - rows->mbuf) * rows->stride;
}

static void find_place(struct net_rxq *rxq, struct rte_mempool *pool)
{
	struct rows rows = {0};

	rxq->place = NET_BUFFERS_FOLLOW;
	rxq->stride = 1;
	rxq->stride_at = sizeof(struct rte_mbuf) + rte_pktmbuf_priv_size(pool) + rxq->offset;
	if (!net_pool_is_pinned(pool))
		return;
	rte_mempool_obj_iter(pool, check_row, &rows);
	rxq->place = rows.is_strided ? NET_BUFFERS_STRIDED : NET_BUFFERS_PINNED;
	rxq->stride = rows.stride;
	rxq->stride_at = rows.buffer + rxq->offset - rows.mbuf * rows.stride;
}

static void report_small_pool(struct kl_net *net, const struct rte_mempool *pool,
	unsigned int available, uint32_t wanted)
{
	if (net->small_pool_is_reported)
		return;
	net->small_pool_is_reported = true;
	kl_warning(
		"%s: mempool %s has %u buffers, of which %u are free, and %u receive rings have room "
		"for %u: packets will be lost for want of buffers; make the mempool larger, or the "
		"rings smaller (rx_ring_size of struct kl_net_conf, queue_size= of the device's name)",
		kl_device_info(net->device)->name, pool->name, pool->size, available,
		net->info.queue_pairs, wanted);
}

static int create_rx(struct kl_net *net, struct net_rxq *rxq, uint16_t index,
	const struct kl_net_conf *conf)
{
	bool has_indirect = kl_device_has(net->device, VIRTIO_F_INDIRECT_DESC);
	const struct kl_queue_conf queue_conf = {
		.index = VIRTIO_NET_RX_QUEUE(index),
		.size = net->pairs[index].ring_sizes[KL_NET_RX],
		.indirect_entries = net->header_is_apart && has_indirect ? RX_SEGMENTS : 0,
		.chained = net->header_is_apart && !has_indirect,
		.is_supply = true,
		.vector = kl_net_queue_event_fd(net, index) >= 0 ? NET_RX_VECTOR(index) : 0,
	};
	struct rte_mbuf fresh = {
		.data_off = RTE_PKTMBUF_HEADROOM,
		.nb_segs = 1,
		.port = RTE_MBUF_PORT_INVALID,
	};
	int rc;

	rte_mbuf_refcnt_set(&fresh, 1);
	net->info.rx_ring_max = kl_device_queue_max_size(net->device, queue_conf.index);
	rc = kl_device_queue_add(net->device, &queue_conf, &rxq->queue);
	if (rc == 0)
		rc = check_reach(net, rxq->queue, conf->pool);
	if (rc != 0)
		return rc;
	rxq->header_bytes = net->header_bytes;
	rxq->header_is_apart = net->header_is_apart;
	rxq->rules = net_rx_rules_of(&kl_device_info(net->device)->accepted, net->rx_offloads);
	memcpy(&rxq->mbuf_init, &fresh.rearm_data, sizeof(rxq->mbuf_init));
	rxq->pool = conf->pool;
	rxq->offset = RTE_PKTMBUF_HEADROOM - rxq->header_bytes;
	find_place(rxq, conf->pool);
	rxq->is_physical = !kl_device_iova_is_virtual(net->device);
	rxq->buffer_bytes = rte_pktmbuf_data_room_size(conf->pool) - rxq->offset;
	rxq->frame_bytes = longest_frame(net);
	rxq->whole_bytes = RTE_MIN(rxq->buffer_bytes - rxq->header_bytes, rxq->frame_bytes);
	rxq->refill_at = RTE_MIN(32, (rxq->queue->size + 3) / 4);
	net_rx_choose(rxq, kl_device_has(net->device, VIRTIO_NET_F_MRG_RXBUF));
	return 0;
}

/* Without an MTU of the device or the user, packets of any length may be sent. */
void net_txq_set_mtu(const struct kl_net *net, struct net_txq *txq)
{
	bool is_limited = net->settings.mtu != 0 || kl_device_has(net->device, VIRTIO_NET_F_MTU);

	txq->mtu = is_limited ? net->info.mtu : 0;
	txq->simple_bytes = is_limited ? net_frame_max(net->info.mtu, 0) : UINT32_MAX;
	if (txq->header_is_apart)
		txq->simple_bytes = 0;
}

static int create_tx(struct kl_net *net, struct net_txq *txq, uint16_t index,
	const struct kl_net_conf *conf)
{
	bool has_indirect = kl_device_has(net->device, VIRTIO_F_INDIRECT_DESC);
	const struct kl_queue_conf queue_conf = {
		.index = VIRTIO_NET_TX_QUEUE(index),
		.size = net->pairs[index].ring_sizes[KL_NET_TX],
		.indirect_entries = TX_SEGMENTS,
		.chained = !has_indirect,
		.stall_ms = conf->tx_timeout_ms,
		.kick = conf->tx_kick,
	};
	int rc;

	net->info.tx_ring_max = kl_device_queue_max_size(net->device, queue_conf.index);
	txq->header_bytes = net->header_bytes;
	txq->header_is_apart = net->header_is_apart;
	txq->rules = net_tx_rules_of(&kl_device_info(net->device)->accepted, net->tx_offloads);
	rc = kl_device_dma_alloc(net->device, txq->header_bytes, KL__CACHE_LINE, &txq->header);
	if (rc == 0)
		rc = kl_device_queue_add(net->device, &queue_conf, &txq->queue);
	if (rc != 0)
		return rc;
	net_txq_set_mtu(net, txq);
	txq->device = net->device;
	txq->has_logged = false;
	txq->is_physical = !kl_device_iova_is_virtual(net->device);
	net_tx_choose(txq);
	net_txq_open_pools(txq);
	/* Packets are likely to come from the same pool. */
	net_txq_adopt_pool(txq, conf->pool);
	return 0;
}

int net_pair_create_queues(struct kl_net *net, uint16_t index, const struct kl_net_conf *conf)
{
	int rc = create_rx(net, &net->pairs[index].rx, index, conf);

	if (rc == 0)
		rc = create_tx(net, &net->pairs[index].tx, index, conf);
	return rc;
}

static int fill_ring(const struct kl_net *net, struct net_rxq *rxq, uint16_t limit)
{
	net_rx_refill(rxq, limit);
	rxq->packet_buffers = count_packet_buffers(net, rxq);
	if (kl__queue_in_flight(rxq->queue) > 0)
		return 0;
	kl_error("%s: mempool %s has no free buffer for the receive ring of %u; make it larger",
		kl_device_info(net->device)->name, rxq->pool->name, rxq->queue->size);
	return -ENOMEM;
}

int net_pairs_fill(struct kl_net *net)
{
	const uint16_t pairs = net->info.queue_pairs;
	uint32_t wanted = 0;
	int rc = 0;

	for (uint16_t i = 0; i < pairs; i++)
		wanted += net_rx_room(&net->pairs[i].rx);
	for (uint16_t i = 0; i < pairs && rc == 0; i++) {
		struct net_rxq *rxq = &net->pairs[i].rx;
		const unsigned int available = rte_mempool_avail_count(rxq->pool);
		const unsigned int shares = (unsigned int)(pairs - i) + 1;
		const uint16_t room = net_rx_room(rxq);
		uint16_t limit = room;

		if (available < wanted) {
			report_small_pool(net, rxq->pool, available, wanted);
			limit = (uint16_t)RTE_MIN(limit, (available + shares - 1) / shares);
		}
		rc = fill_ring(net, rxq, limit);
		wanted -= room;
	}
	return rc;
}

static void set_stats(struct kl_net_queue_stats *stats, const struct net_counters *count,
	const struct kl_queue *queue)
{
	stats->packets = count->packets;
	stats->bytes = count->bytes;
	stats->errors = count->errors;
	stats->nombuf = count->nombuf;
	stats->interrupts = count->interrupts;
	if (queue != NULL)
		stats->queue = queue->stats;
}

void net_txq_take_sent(struct net_txq *txq)
{
	struct rte_mbuf *packet;
	uint32_t length;

	while (kl__queue_exists(txq->queue) &&
		(packet = kl__queue_take(txq->queue, &length)) != NULL)
		rte_pktmbuf_free(packet);
}

static void drain_queue(struct kl_queue *queue)
{
	struct rte_mbuf *packet;

	while (kl__queue_exists(queue) && (packet = kl__queue_drain(queue)) != NULL)
		rte_pktmbuf_free(packet);
}

void net_pair_drain(struct kl_net *net, struct net_pair *pair)
{
	drain_queue(pair->rx.queue);
	drain_queue(pair->tx.queue);
	net_txq_forget_pools(&pair->tx);
	kl_device_dma_free(net->device, &pair->tx.header);
}

static bool has_buffer_in(const struct rte_mbuf *segment, const char *address, size_t size)
{
	for (; segment != NULL; segment = segment->next) {
		const char *buffer = segment->buf_addr;

		if (buffer < address + size && address < buffer + segment->buf_len)
			return true;
	}
	return false;
}

static bool sends_from(const struct kl_queue *queue, const char *address, size_t size)
{
	const struct rte_mbuf *packet;
	uint32_t at = 0;

	while (kl__queue_exists(queue) && (packet = kl__queue_next_in_flight(queue, &at)) != NULL)
		if (has_buffer_in(packet, address, size))
			return true;
	return false;
}

bool net_uses_memory(struct kl_device *device, const void *address, size_t size)
{
	const struct kl_net *net = kl_device_private(device);

	/* A receive queue may take any buffer of its pool at any time. */
	if (net->conf.pool != NULL && net_pool_overlaps(net->conf.pool, address, size))
		return true;
	for (uint16_t i = 0; i < net->running_pairs; i++)
		if (sends_from(net->pairs[i].tx.queue, address, size))
			return true;
	return false;
}

void net_pairs_free(struct kl_net *net)
{
	for (uint16_t i = 0; i < net->pair_count; i++)
		net_txq_forget_pools(&net->pairs[i].tx);
	free(net->pairs_memory);
}

int net_pairs_create(struct kl_net *net)
{
	const uint16_t count = RTE_MAX(net->info.max_queue_pairs, 1);

	/*
	 * A device that claims very many costs address space only: unused records are not touched.
	 */
	net->pairs_memory = calloc(count + 1u, sizeof(struct net_pair));
	if (net->pairs_memory == NULL)
		return kl_no_memory(kl_device_info(net->device)->name,
			(count + 1u) * sizeof(struct net_pair));
	net->pairs = RTE_PTR_ALIGN_CEIL(net->pairs_memory, KL__CACHE_LINE);
	for (uint16_t i = 0; i < count; i++) {
		net->pairs[i].rx_gate.state = KL__GATE_CLOSED;
		net->pairs[i].tx_gate.state = KL__GATE_CLOSED;
	}
	net->pair_count = count;
	return 0;
}

void net_pairs_limit(struct kl_net *net, uint16_t count)
{
	net->info.queue_pairs = count;
	for (uint16_t i = 0; i < net->running_pairs; i++)
		for (int way = KL_NET_RX; way <= KL_NET_TX; way++)
			net_gate(&net->pairs[i], way)->stays_closed = i >= count ||
				net->pairs[i].is_stopped[way];
}

void net_wake(const struct kl_net *net, uint16_t queue)
{
	const uint64_t one = 1;
	const int fd = kl_net_queue_event_fd(net, queue);

	/* A counter that is full wakes as well. */
	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		return;
}

int net_check_queue(const struct kl_net *net, uint16_t queue)
{
	if (net_is_started(net) && queue < net->running_pairs)
		return 0;
	if (net_is_started(net))
		kl_error("%s: there is no queue %u; allowed: 0 to %u",
			kl_device_info(net->device)->name, queue, net->running_pairs - 1);
	else
		kl_error("%s: is not running; start it first", kl_device_info(net->device)->name);
	return -EINVAL;
}

int net_check_presence(const struct kl_net *net, const char *what)
{
	enum kl_device_state state = kl_device_state(net->device);

	if (state != KL_DEVICE_AWAY && state != KL_DEVICE_FAILED)
		return 0;
	kl_error("%s: %s, the device %s", kl_device_info(net->device)->name, what,
		state == KL_DEVICE_AWAY ? "is not there" : "has failed");
	return -EAGAIN;
}

int kl_net_queue_stats_get(const struct kl_net *net, enum kl_net_direction direction,
	uint16_t queue, struct kl_net_queue_stats *stats)
{
	const struct net_pair *pair;

	if (queue >= net->pair_count)
		return -EINVAL;
	pair = &net->pairs[queue];
	*stats = (struct kl_net_queue_stats){.resets = kl_device_resets(net->device)};
	if (direction == KL_NET_RX)
		set_stats(stats, &pair->rx.count, pair->rx.queue);
	else
		set_stats(stats, &pair->tx.count, pair->tx.queue);
	return 0;
}

uint16_t kl_net_ring_size(const struct kl_net *net, enum kl_net_direction direction, uint16_t queue,
	uint16_t requested)
{
	const bool sends = direction == KL_NET_TX;
	const uint16_t first = sends ? VIRTIO_NET_TX_QUEUE(0) : VIRTIO_NET_RX_QUEUE(0);
	const uint16_t own = sends ? VIRTIO_NET_TX_QUEUE(queue) : VIRTIO_NET_RX_QUEUE(queue);
	uint16_t size = kl_device_queue_size(net->device, first, requested);

	if (queue < net->info.max_queue_pairs)
		size = RTE_MAX(size, kl_device_queue_size(net->device, own, requested));
	return size;
}

int kl_net_queue_info_get(const struct kl_net *net, enum kl_net_direction direction, uint16_t queue,
	struct kl_net_queue_info *info)
{
	const struct kl_queue *ring;

	if (queue >= net->running_pairs || !net_is_started(net))
		return -EINVAL;
	ring = direction == KL_NET_RX ? net->pairs[queue].rx.queue : net->pairs[queue].tx.queue;
	if (!kl__queue_exists(ring))
		return -EAGAIN;
	*info = (struct kl_net_queue_info){
		.size = ring->size,
		.kick = ring->kick.policy,
		.ring = kl__queue_format(ring),
		.path = direction == KL_NET_RX ? net->pairs[queue].rx.path :
						 net->pairs[queue].tx.path,
		.fault = (enum kl_queue_fault)ring->fault,
		.is_stopped = net->pairs[queue].is_stopped[direction],
		.in_flight = kl__queue_in_flight(ring),
	};
	return 0;
}

int kl_net_queue_has_completed(const struct kl_net *net, enum kl_net_direction direction,
	uint16_t queue)
{
	const struct kl_queue *ring;

	if (queue >= net->running_pairs || !net_is_started(net))
		return -EINVAL;
	ring = direction == KL_NET_RX ? net->pairs[queue].rx.queue : net->pairs[queue].tx.queue;
	if (!kl__queue_exists(ring))
		return -EAGAIN;
	return (ring->kind & KL__RING_PACKED) != 0 ? kl__packed_has_used(ring) :
						     kl__split_has_used(ring);
}
