/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting and stopping a network device: virtio 1.x, 3.1.1 and 5.1.5. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/log.h>

#include "feature_bits.h"
#include "ring/kick.h"
#include "settings.h"
#include "spec/features.h"

/* Where the data of an mbuf lies is taken from the mbuf's own place. */
static bool has_own_buffers(const struct rte_mempool *pool)
{
	return (rte_pktmbuf_priv_flags((struct rte_mempool *)(uintptr_t)pool) &
		       RTE_PKTMBUF_POOL_F_PINNED_EXT_BUF) == 0;
}

static int check_conf(const struct kl_net *net, const struct kl_net_conf *conf, uint16_t pairs)
{
	const char *name = kl_device_info(net->device)->name;

	if (net->is_lost) {
		kl_error("%s: its last reset did not end; close it", name);
		return -ETIMEDOUT;
	}
	if (net->is_running) {
		kl_error("%s: is running already; stop it first", name);
		return -EBUSY;
	}
	if (pairs > net->info.max_queue_pairs) {
		kl_error("%s: %u queue pairs are not possible; allowed: 1 to %u", name, pairs,
			net->info.max_queue_pairs);
		return -EINVAL;
	}
	if (conf->pool != NULL && !has_own_buffers(conf->pool)) {
		kl_error(
			"%s: mempool %s has its buffers pinned from outside; receive buffers must be the "
			"mempool's own",
			name, conf->pool->name);
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

/* 5.1.9.3.1: without MRG_RXBUF a packet must fit one buffer, with it the header must. */
static int check_pool(const struct kl_net *net, struct rte_mempool *pool, uint16_t mtu)
{
	uint32_t room = rte_pktmbuf_data_room_size(pool);
	uint32_t needed = RTE_PKTMBUF_HEADROOM + net->header_bytes;

	if (!kl_device_has(net->device, VIRTIO_NET_F_MRG_RXBUF))
		needed = RTE_PKTMBUF_HEADROOM + mtu + RTE_ETHER_HDR_LEN;
	if (room >= needed && rte_pktmbuf_priv_size(pool) % RTE_MBUF_PRIV_ALIGN == 0)
		return 0;
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
	rc = net->is_running ? check_pool(net, net->conf.pool, mtu) : 0;
	if (rc != 0)
		return rc;
	net->settings.mtu = mtu;
	net->info.mtu = mtu;
	for (uint16_t i = 0; net->is_running && i < net->running_pairs; i++)
		net_txq_set_mtu(net, &net->pairs[i].tx);
	return 0;
}

static int make_pairs(struct kl_net *net, const struct kl_net_conf *conf, uint16_t pairs)
{
	if (net->pair_count < pairs) {
		struct net_pair *grown = aligned_alloc(KL__CACHE_LINE,
			(size_t)pairs * sizeof(struct net_pair));

		if (grown == NULL)
			return kl_no_memory(kl_device_info(net->device)->name,
				pairs * sizeof(*grown));
		memset(grown, 0, (size_t)pairs * sizeof(struct net_pair));
		if (net->pairs != NULL)
			memcpy(grown, net->pairs, net->pair_count * sizeof(struct net_pair));
		free(net->pairs);
		for (uint16_t i = net->pair_count; i < pairs; i++) {
			grown[i].rx_gate.state = NET_GATE_CLOSED;
			grown[i].tx_gate.state = NET_GATE_CLOSED;
		}
		net->pairs = grown;
		net->pair_count = pairs;
	}
	for (uint16_t i = 0; i < pairs; i++) {
		int rc = net_pair_create(net, i, conf);

		if (rc != 0)
			return rc;
	}
	return 0;
}

/* What the device held comes back once its status has read 0. */
static void drain(void *context)
{
	struct kl_net *net = context;

	for (uint16_t i = 0; i < net->pair_count; i++)
		net_pair_drain(&net->pairs[i]);
	net_control_drain(net);
}

int net_reset(struct kl_net *net)
{
	int rc = kl_device_reset(net->device, drain, net);

	net->tx_offloads = 0;
	net->rx_offloads = 0;
	net->is_stuck = false;
	/* What the device may still write stays allocated. */
	net->is_lost = rc == -ETIMEDOUT;
	if (net->is_lost)
		return rc;
	for (uint16_t i = 0; i < net->pair_count; i++)
		net_pair_free(net, &net->pairs[i]);
	net_control_free(net);
	return rc;
}

/* 3.1.1: the notification for buffers placed before DRIVER_OK is owed right after it. */
static void kick_receivers(struct kl_net *net)
{
	for (uint16_t i = 0; i < net->pair_count; i++)
		if (net->pairs[i].rx.queue != NULL)
			kl__kick_check(net->pairs[i].rx.queue);
}

/* The number of pairs before any traffic, then what else the device forgot at its reset. */
static int replay_settings(struct kl_net *net)
{
	static int (*const replays[])(struct kl_net * net) = {
		net_steering_replay,
		net_tunnels_replay,
		net_macs_replay,
		net_rx_modes_replay,
		net_vlans_replay,
		net_coalescing_replay,
		net_rx_offloads_replay,
		net_queue_stops_replay,
	};
	int rc = 0;

	for (size_t i = 0; i < RTE_DIM(replays) && rc == 0; i++)
		rc = replays[i](net);
	return rc;
}

/*
 * 5.1.6.6.1, 2.7.4.1: before ANY_LAYOUT a header stood alone in its buffer; ours stands before the
 * data.
 */
static int check_layout(const struct kl_net *net)
{
	if (kl_device_has(net->device, VIRTIO_F_VERSION_1) ||
		kl_device_has(net->device, VIRTIO_F_ANY_LAYOUT))
		return 0;
	kl_error(
		"%s: the device wants the packet's header in a descriptor of its own, which this driver "
		"does not do; let the hypervisor offer ANY_LAYOUT (QEMU: any_layout=on) or VERSION_1",
		kl_device_info(net->device)->name);
	return -ENOTSUP;
}

/*
 * Features, and what they mean for the rest. The configuration is read before, since some features
 * are taken for what it has, and again when its changes are told of.
 */
static int negotiate(struct kl_net *net, const struct kl_net_conf *conf, uint16_t pairs)
{
	uint64_t tx_offloads = conf->tx_offloads, rx_offloads = conf->rx_offloads;
	struct kl_features wanted;
	int rc = net_config_read(net);

	if (rc != 0)
		return rc;
	wanted = net_features_wanted(net, &tx_offloads, &rx_offloads);
	rc = kl_device_negotiate(net->device, &wanted);
	if (rc == 0)
		rc = check_layout(net);
	if (rc != 0)
		return rc;
	net->header_bytes = header_bytes(net);
	/*
	 * Without an interrupt a change of the link is only seen when somebody asks, and a receive
	 * queue says by its descriptor that it has none.
	 */
	(void)kl_device_interrupts_enable(net->device, conf->rx_interrupts ? pairs : 0);
	rc = net_config_read(net);
	if (rc == 0)
		rc = net_offloads_apply(net, tx_offloads, rx_offloads);
	return rc;
}

int net_bring_up(struct kl_net *net)
{
	int rc = negotiate(net, &net->conf, net->conf.queue_pairs);

	if (rc == 0)
		rc = check_pool(net, net->conf.pool, net->info.mtu);
	if (rc == 0)
		rc = make_pairs(net, &net->conf, net->conf.queue_pairs);
	if (rc == 0)
		rc = net_control_create(net);
	if (rc == 0)
		rc = kl_device_run(net->device);
	if (rc != 0)
		return rc;
	kick_receivers(net);
	net->running_pairs = net->conf.queue_pairs;
	net->is_running = true;
	return replay_settings(net);
}

/* A back end may have gone while the device was stopped. */
static int find_again(struct kl_net *net)
{
	int rc = net->is_away ? net_reset(net) : 0;

	if (rc == -EAGAIN)
		kl_error("%s: can't be started: its back end is not there",
			kl_device_info(net->device)->name);
	net->is_away = net->is_away && rc != 0;
	return rc;
}

/* By now the user has said if there is to be another. */
static void tell_of_random_mac(struct kl_net *net)
{
	if (!net->info.mac_is_random || net->random_mac_is_told)
		return;
	net->random_mac_is_told = true;
	kl_notice(
		"%s: the device has no usable MAC address; a random one is used, mac= sets another",
		kl_device_info(net->device)->name);
}

int kl_net_start(struct kl_net *net, const struct kl_net_conf *conf)
{
	uint16_t asked = kl_device_options(net->device)->queues;
	uint16_t pairs = conf->queue_pairs != 0 ? conf->queue_pairs : asked != 0 ? asked : 1;
	int rc = check_conf(net, conf, pairs);

	if (rc == 0)
		rc = find_again(net);
	if (rc != 0)
		return rc;
	tell_of_random_mac(net);
	kl_device_renew_recoveries(net->device);
	net->conf = *conf;
	net->conf.queue_pairs = pairs;
	net->settings.rx_offloads_set = false;
	for (uint16_t i = 0; i < net->pair_count; i++)
		memset(net->pairs[i].is_stopped, 0, sizeof(net->pairs[i].is_stopped));
	rc = net_bring_up(net);
	if (rc != 0) {
		net->is_running = false;
		kl_device_fail(net->device);
		net->is_away = net_reset(net) == -EAGAIN;
		return rc;
	}
	net->is_given_up = false;
	net_gates_open(net);
	return 0;
}

int kl_net_stop(struct kl_net *net)
{
	int rc;

	if (!net->is_running)
		return 0;
	rc = net_gates_close(net);
	if (rc != 0)
		return rc;
	net->is_running = false;
	rc = net_reset(net);
	net->is_away = rc == -EAGAIN;
	return net->is_away ? 0 : rc;
}
