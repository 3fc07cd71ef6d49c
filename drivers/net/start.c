/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting and stopping a network device: virtio 1.x, 3.1.1 and 5.1.5. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/log.h>

#include "ring/kick.h"
#include "state.h"

static struct kl_features wanted_features(const struct kl_net *net)
{
	static const uint8_t fields[] = {
		VIRTIO_NET_F_MAC,
		VIRTIO_NET_F_STATUS,
		VIRTIO_NET_F_SPEED_DUPLEX,
	};
	struct kl_features wanted = {0};

	for (size_t i = 0; i < RTE_DIM(fields); i++)
		if (net_config_has(net, fields[i]))
			kl_features_set(&wanted, fields[i]);
	kl_features_set(&wanted, VIRTIO_NET_F_MRG_RXBUF);
	if (net->info.max_mtu != UINT16_MAX)
		kl_features_set(&wanted, VIRTIO_NET_F_MTU);
	return wanted;
}

/* Where the data of an mbuf lies is taken from the mbuf's own place. */
static bool has_own_buffers(const struct rte_mempool *pool)
{
	return (rte_pktmbuf_priv_flags((struct rte_mempool *)(uintptr_t)pool) &
		       RTE_PKTMBUF_POOL_F_PINNED_EXT_BUF) == 0;
}

static int check_conf(const struct kl_net *net, const struct kl_net_conf *conf, uint16_t pairs)
{
	const char *name = kl_device_info(net->device)->name;

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

/* 5.1.6.3.1: without MRG_RXBUF a packet must fit one buffer, with it the header must. */
static int check_pool(const struct kl_net *net, const struct kl_net_conf *conf)
{
	uint32_t room = rte_pktmbuf_data_room_size(conf->pool);
	uint32_t needed = RTE_PKTMBUF_HEADROOM + NET_HEADER_BYTES;

	if (!kl_device_has(net->device, VIRTIO_NET_F_MRG_RXBUF))
		needed = RTE_PKTMBUF_HEADROOM + net->info.mtu + RTE_ETHER_HDR_LEN;
	if (room >= needed && rte_pktmbuf_priv_size(conf->pool) % RTE_MBUF_PRIV_ALIGN == 0)
		return 0;
	kl_error(
		"%s: mempool %s has buffers of %u bytes; needed are at least %u (%s MRG_RXBUF, MTU %u)",
		kl_device_info(net->device)->name, conf->pool->name, room, needed,
		kl_device_has(net->device, VIRTIO_NET_F_MRG_RXBUF) ? "with" : "without",
		net->info.mtu);
	return -EINVAL;
}

static int make_pairs(struct kl_net *net, const struct kl_net_conf *conf, uint16_t pairs)
{
	if (net->pair_count < pairs) {
		struct net_pair *grown = aligned_alloc(KL__CACHE_LINE,
			(size_t)pairs * sizeof(struct net_pair));

		if (grown == NULL)
			return -ENOMEM;
		memset(grown, 0, (size_t)pairs * sizeof(struct net_pair));
		if (net->pairs != NULL)
			memcpy(grown, net->pairs, net->pair_count * sizeof(struct net_pair));
		free(net->pairs);
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
}

static int reset(struct kl_net *net)
{
	int rc = kl_device_reset(net->device, drain, net);

	if (rc != -ETIMEDOUT)
		for (uint16_t i = 0; i < net->pair_count; i++)
			net_pair_free(net, &net->pairs[i]);
	return rc;
}

/* 3.1.1: the notification for buffers placed before DRIVER_OK is owed right after it. */
static void kick_receivers(struct kl_net *net)
{
	for (uint16_t i = 0; i < net->pair_count; i++)
		if (net->pairs[i].rx.queue != NULL)
			kl__kick_check(net->pairs[i].rx.queue);
}

int kl_net_start(struct kl_net *net, const struct kl_net_conf *conf)
{
	uint16_t asked = kl_device_options(net->device)->queues;
	uint16_t pairs = conf->queue_pairs != 0 ? conf->queue_pairs : asked != 0 ? asked : 1;
	struct kl_features wanted = wanted_features(net);
	int rc = check_conf(net, conf, pairs);

	if (rc != 0)
		return rc;
	rc = kl_device_negotiate(net->device, &wanted);
	if (rc == 0) {
		/* Without an interrupt a change of the link is only seen when somebody asks. */
		(void)kl_device_enable_interrupts(net->device, 0);
		rc = net_config_read(net);
	}
	if (rc == 0)
		rc = check_pool(net, conf);
	if (rc == 0)
		rc = make_pairs(net, conf, pairs);
	if (rc == 0)
		rc = kl_device_run(net->device);
	if (rc != 0) {
		kl_device_fail(net->device);
		reset(net);
		return rc;
	}
	kick_receivers(net);
	net->is_running = true;
	return 0;
}

int kl_net_stop(struct kl_net *net)
{
	if (!net->is_running)
		return 0;
	net->is_running = false;
	return reset(net);
}
