/* SPDX-License-Identifier: BSD-3-Clause */
#include "start.h"

#include <errno.h>
#include <string.h>

#include <kickless/log.h>

#include "config.h"
#include "control.h"
#include "feature_bits.h"
#include "frame.h"
#include "past.h"
#include "pool.h"
#include "queue.h"
#include "replay.h"
#include "ring/kick.h"
#include "spec/features.h"
#include "steering.h"

static int check_conf(const struct kl_net *net, const struct kl_net_conf *conf, uint16_t pairs)
{
	const char *name = kl_device_info(net->device)->name;

	const uint16_t most = RTE_MIN(net->info.max_queue_pairs, net->pair_count);

	if (pairs > most) {
		kl_error("%s: %u queue pairs are not possible; allowed: 1 to %u%s", name, pairs,
			most, most < net->config_pairs ? "; more need CTRL_VQ, and MQ or RSS" : "");
		return -EINVAL;
	}
	if (conf->pool == NULL) {
		kl_error("%s: no mempool was given for receive buffers", name);
		return -EINVAL;
	}
	return 0;
}

/* 5.1.9.3.1 */
static uint16_t header_bytes(const struct kl_net *net)
{
	if (kl_device_has(net->device, VIRTIO_NET_F_HASH_REPORT))
		return sizeof(struct virtio_net_hdr_v1_hash);
	if (kl_device_has(net->device, VIRTIO_F_VERSION_1) ||
		kl_device_has(net->device, VIRTIO_NET_F_MRG_RXBUF))
		return sizeof(struct virtio_net_hdr);
	return offsetof(struct virtio_net_hdr, num_buffers);
}

/* Frames with tags may be longer than those that a pool must have room for. */
static void report_tag_room(struct kl_net *net, const struct rte_mempool *pool, uint32_t room,
	uint16_t mtu)
{
	const uint32_t wanted = RTE_PKTMBUF_HEADROOM + net_frame_max(mtu, NET_TAGS_MAX);

	if (net->tag_room_is_reported || room >= wanted ||
		kl_device_has(net->device, VIRTIO_NET_F_MRG_RXBUF))
		return;
	net->tag_room_is_reported = true;
	kl_warning(
		"%s: mempool %s has buffers of %u bytes: without MRG_RXBUF full frames of the MTU %u "
		"with up to %u VLAN tags need %u, and are lost; make the buffers larger, or the MTU "
		"smaller",
		kl_device_info(net->device)->name, pool->name, room, mtu, NET_TAGS_MAX, wanted);
}

/* 5.1.9.3.1: without MRG_RXBUF a packet must fit one buffer, with it the header must. */
static int check_pool(struct kl_net *net, struct rte_mempool *pool, uint16_t mtu)
{
	uint32_t room = rte_pktmbuf_data_room_size(pool);
	uint32_t needed = RTE_PKTMBUF_HEADROOM + net->header_bytes;

	if (!kl_device_has(net->device, VIRTIO_NET_F_MRG_RXBUF))
		needed = RTE_PKTMBUF_HEADROOM + net_frame_max(mtu, 0);
	if (room >= needed && rte_pktmbuf_priv_size(pool) % RTE_MBUF_PRIV_ALIGN == 0) {
		report_tag_room(net, pool, room, mtu);
		return 0;
	}
	kl_error(
		"%s: mempool %s has buffers of %u bytes; needed are at least %u (%s MRG_RXBUF, MTU %u)",
		kl_device_info(net->device)->name, pool->name, room, needed,
		kl_device_has(net->device, VIRTIO_NET_F_MRG_RXBUF) ? "with" : "without", mtu);
	return -EINVAL;
}

int kl_net_mtu_set(struct kl_net *net, uint16_t mtu)
{
	int rc;

	if (mtu < NET_MIN_MTU || mtu > net->info.max_mtu) {
		kl_error("%s: an MTU of %u is not possible; allowed: %u to %u",
			kl_device_info(net->device)->name, mtu, NET_MIN_MTU, net->info.max_mtu);
		return -EINVAL;
	}
	rc = net_is_started(net) ? check_pool(net, net->conf.pool, mtu) : 0;
	if (rc != 0)
		return rc;
	net->settings.mtu = mtu;
	net->info.mtu = mtu;
	for (uint16_t i = 0; net_is_started(net) && i < net->running_pairs; i++)
		net_txq_set_mtu(net, &net->pairs[i].tx);
	return 0;
}

void net_quiesce(struct kl_device *device)
{
	struct kl_net *net = kl_device_private(device);

	/* Packets that the device has sent must not count as lost. */
	for (uint16_t i = 0; i < net->running_pairs; i++)
		if (!net->pairs[i].tx_gate.stays_closed)
			net_txq_take_sent(&net->pairs[i].tx);
}

void net_drain(struct kl_device *device)
{
	struct kl_net *net = kl_device_private(device);

	for (uint16_t i = 0; i < net->running_pairs; i++)
		net_pair_drain(net, &net->pairs[i]);
	net_control_drain(net);
	net_control_free(net);
	net->tx_offloads = 0;
	net->rx_offloads = 0;
	net_config_apply_mtu(net);
}

void net_halted(struct kl_device *device)
{
	struct kl_net *net = kl_device_private(device);

	net->info.link_up = false;
}

void net_wake_all(struct kl_device *device)
{
	struct kl_net *net = kl_device_private(device);

	for (uint16_t i = 0; i < net->running_pairs; i++)
		net_wake(net, i);
}

/* 5.1.9.8, 2.7.4.1: before ANY_LAYOUT the header had a descriptor of its own. */
static bool has_header_apart(const struct kl_net *net)
{
	return !kl_device_has(net->device, VIRTIO_F_VERSION_1) &&
		!kl_device_has(net->device, VIRTIO_F_ANY_LAYOUT);
}

/* 5.1.2: without MQ or RSS there is one pair. A back end may come back with fewer. */
static void choose_pairs(struct kl_net *net)
{
	uint16_t possible = net->info.max_queue_pairs;

	if (kl_device_has_control_queues(net->device) &&
		!kl_device_has(net->device, VIRTIO_NET_F_MQ) &&
		!kl_device_has(net->device, VIRTIO_NET_F_RSS))
		possible = 1;
	net_pairs_limit(net, RTE_MIN(net->running_pairs, possible));
}

/*
 * 5.1.2: with MQ or RSS the control queue is the one behind the last pair. A device that names more
 * pairs than it has queues for has none there, and can be driven without these features only. It is
 * known once they were accepted: QEMU has those queues only then.
 */
static int check_control_queue(struct kl_net *net)
{
	const uint16_t index = net_control_index(net);

	if (index <= 2 || !kl_device_has(net->device, VIRTIO_NET_F_CTRL_VQ) ||
		kl_device_queue_max_size(net->device, index) != 0)
		return 0;
	kl_notice(
		"%s: max_virtqueue_pairs is %u, but there is no queue %u, which would be the control "
		"queue; one pair is used, without MQ and RSS",
		kl_device_info(net->device)->name, index / 2, index);
	net->lacks_pairs = true;
	return -ERESTART;
}

/*
 * Negotiates the features, and sets what follows from them. The configuration is read before, since
 * some features are accepted for its contents, and again once its changes are reported.
 */
int net_negotiate(struct kl_device *device)
{
	struct kl_net *net = kl_device_private(device);
	const struct kl_net_conf *conf = &net->conf;
	uint64_t tx_offloads = conf->tx_offloads, rx_offloads = conf->rx_offloads;
	struct kl_features wanted;
	int rc = net_config_read(net);

	if (rc != 0)
		return rc;
	net_offloads_possible(net);
	wanted = net_features_wanted(net, &tx_offloads, &rx_offloads);
	rc = kl_device_negotiate(device, &wanted);
	if (rc != 0)
		return rc;
	net->header_bytes = header_bytes(net);
	net->header_is_apart = has_header_apart(net);
	/*
	 * Without an interrupt a change of the link is only seen when the application checks. A
	 * receive queue without a vector has no event descriptor.
	 */
	(void)kl_device_interrupts_enable(device, conf->rx_interrupts ? conf->queue_pairs : 0);
	rc = net_config_read(net);
	if (rc == 0)
		rc = check_control_queue(net);
	if (rc != 0)
		return rc;
	kl_device_changes_log(device);
	rc = net_offloads_apply(net, tx_offloads, rx_offloads);
	if (rc == 0)
		choose_pairs(net);
	return rc;
}

int net_create_queues(struct kl_device *device)
{
	struct kl_net *net = kl_device_private(device);
	int rc = check_pool(net, net->conf.pool, net->info.mtu);

	for (uint16_t i = 0; i < net->info.queue_pairs && rc == 0; i++)
		rc = net_pair_create_queues(net, i, &net->conf);
	if (rc == 0)
		rc = net_pairs_fill(net);
	if (rc == 0)
		net_past_compare(net);
	return rc == 0 ? net_control_create(net) : rc;
}

/* 3.1.1: the decision for buffers added before DRIVER_OK is pending until right after it. */
static void kick_receivers(struct kl_net *net)
{
	for (uint16_t i = 0; i < net->info.queue_pairs; i++)
		kl__kick_check(net->pairs[i].rx.queue);
}

/*
 * The number of pairs before any traffic, then all other settings that the device forgot
 * at its reset.
 */
int net_replay(struct kl_device *device)
{
	static int (*const replays[])(struct kl_net * net) = {
		net_steering_replay,
		net_filters_replay,
		net_coalescing_replay,
		net_rx_offloads_replay,
		net_queue_stops_replay,
	};
	struct kl_net *net = kl_device_private(device);
	int rc = 0;

	net->info.unapplied_settings = 0;
	kick_receivers(net);
	for (size_t i = 0; i < RTE_DIM(replays) && rc == 0; i++)
		rc = replays[i](net);
	if (rc == 0)
		net_past_keep(net);
	return rc;
}

/* By now the user has set another address, or none. */
static void log_random_mac(struct kl_net *net)
{
	if (!net->info.mac_is_random || net->random_mac_is_logged)
		return;
	net->random_mac_is_logged = true;
	kl_notice(
		"%s: the device has no usable MAC address; a random one is used, mac= sets another",
		kl_device_info(net->device)->name);
}

static int add_gates(struct kl_net *net)
{
	int rc = 0;

	kl_device_gates_clear(net->device);
	for (uint16_t i = 0; i < net->running_pairs && rc == 0; i++) {
		net->pairs[i].is_stopped[KL_NET_RX] = false;
		net->pairs[i].is_stopped[KL_NET_TX] = false;
		rc = kl_device_gate_add(net->device, &net->pairs[i].rx_gate);
		if (rc == 0)
			rc = kl_device_gate_add(net->device, &net->pairs[i].tx_gate);
	}
	return rc;
}

/* A recovery uses them again, when the arrays may have changed. */
static void set_ring_sizes(struct kl_net *net, const struct kl_net_conf *conf)
{
	const uint16_t *rx = conf->rx_ring_sizes;
	const uint16_t *tx = conf->tx_ring_sizes;

	for (uint16_t i = 0; i < net->conf.queue_pairs; i++) {
		uint16_t *sizes = net->pairs[i].ring_sizes;

		sizes[KL_NET_RX] = rx != NULL && rx[i] != 0 ? rx[i] : conf->rx_ring_size;
		sizes[KL_NET_TX] = tx != NULL && tx[i] != 0 ? tx[i] : conf->tx_ring_size;
	}
	net->conf.rx_ring_sizes = NULL;
	net->conf.tx_ring_sizes = NULL;
}

int net_configure(struct kl_device *device, const void *started_with)
{
	struct kl_net *net = kl_device_private(device);
	const struct kl_net_conf *conf = started_with;
	uint16_t queues = kl_device_options(device)->queues;
	uint16_t pairs = conf->queue_pairs != 0 ? conf->queue_pairs : queues != 0 ? queues : 1;
	int rc = check_conf(net, conf, pairs);

	if (rc == 0)
		rc = net_pool_grant_own(net, conf->pool);
	if (rc != 0)
		return rc;
	log_random_mac(net);
	net->conf = *conf;
	net->conf.queue_pairs = pairs;
	set_ring_sizes(net, conf);
	net->running_pairs = pairs;
	net->settings.rx_offloads_set = false;
	net->replay.reported = 0;
	net->small_pool_is_reported = false;
	net->tag_room_is_reported = false;
	net->past.is_known = false;
	return add_gates(net);
}

int kl_net_start(struct kl_net *net, const struct kl_net_conf *conf)
{
	return kl_device_start(net->device, conf);
}

int kl_net_stop(struct kl_net *net)
{
	return kl_device_stop(net->device);
}

int kl_net_recover(struct kl_net *net)
{
	(void)kl_device_check(net->device);
	if (net->announce.is_pending && kl_device_state(net->device) == KL_DEVICE_RUNNING)
		net_config_changed(net->device);
	return kl_device_recover(net->device);
}

enum kl_device_state kl_net_state(const struct kl_net *net)
{
	return kl_device_state(net->device);
}
