/* SPDX-License-Identifier: BSD-3-Clause */
#include "feature_bits.h"

#include <errno.h>

#include <kickless/log.h>

#include "config.h"
#include "replay.h"

const struct kl_feature_name net_feature_names[] = {
	{VIRTIO_NET_F_CSUM, "CSUM"},
	{VIRTIO_NET_F_GUEST_CSUM, "GUEST_CSUM"},
	{VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, "CTRL_GUEST_OFFLOADS"},
	{VIRTIO_NET_F_MTU, "MTU"},
	{VIRTIO_NET_F_MAC, "MAC"},
	{VIRTIO_NET_F_GUEST_TSO4, "GUEST_TSO4"},
	{VIRTIO_NET_F_GUEST_TSO6, "GUEST_TSO6"},
	{VIRTIO_NET_F_GUEST_ECN, "GUEST_ECN"},
	{VIRTIO_NET_F_GUEST_UFO, "GUEST_UFO"},
	{VIRTIO_NET_F_HOST_TSO4, "HOST_TSO4"},
	{VIRTIO_NET_F_HOST_TSO6, "HOST_TSO6"},
	{VIRTIO_NET_F_HOST_ECN, "HOST_ECN"},
	{VIRTIO_NET_F_HOST_UFO, "HOST_UFO"},
	{VIRTIO_NET_F_MRG_RXBUF, "MRG_RXBUF"},
	{VIRTIO_NET_F_STATUS, "STATUS"},
	{VIRTIO_NET_F_CTRL_VQ, "CTRL_VQ"},
	{VIRTIO_NET_F_CTRL_RX, "CTRL_RX"},
	{VIRTIO_NET_F_CTRL_VLAN, "CTRL_VLAN"},
	{VIRTIO_NET_F_CTRL_RX_EXTRA, "CTRL_RX_EXTRA"},
	{VIRTIO_NET_F_GUEST_ANNOUNCE, "GUEST_ANNOUNCE"},
	{VIRTIO_NET_F_MQ, "MQ"},
	{VIRTIO_NET_F_CTRL_MAC_ADDR, "CTRL_MAC_ADDR"},
	{VIRTIO_NET_F_DEVICE_STATS, "DEVICE_STATS"},
	{VIRTIO_NET_F_HASH_TUNNEL, "HASH_TUNNEL"},
	{VIRTIO_NET_F_VQ_NOTF_COAL, "VQ_NOTF_COAL"},
	{VIRTIO_NET_F_NOTF_COAL, "NOTF_COAL"},
	{VIRTIO_NET_F_GUEST_USO4, "GUEST_USO4"},
	{VIRTIO_NET_F_GUEST_USO6, "GUEST_USO6"},
	{VIRTIO_NET_F_HOST_USO, "HOST_USO"},
	{VIRTIO_NET_F_HASH_REPORT, "HASH_REPORT"},
	{VIRTIO_NET_F_GUEST_HDRLEN, "GUEST_HDRLEN"},
	{VIRTIO_NET_F_RSS, "RSS"},
	{VIRTIO_NET_F_RSC_EXT, "RSC_EXT"},
	{VIRTIO_NET_F_STANDBY, "STANDBY"},
	{VIRTIO_NET_F_SPEED_DUPLEX, "SPEED_DUPLEX"},
	{0, NULL},
};

#define NEEDS(name, other) \
	{ \
		VIRTIO_NET_F_##name, false, 1, \
		{ \
			VIRTIO_NET_F_##other \
		} \
	}
#define NEEDS_BOTH(name, a, b) \
	{ \
		VIRTIO_NET_F_##name, false, 2, \
		{ \
			VIRTIO_NET_F_##a, VIRTIO_NET_F_##b \
		} \
	}
#define NEEDS_ANY(name, a, b) \
	{ \
		VIRTIO_NET_F_##name, true, 2, \
		{ \
			VIRTIO_NET_F_##a, VIRTIO_NET_F_##b \
		} \
	}

/*
 * 5.1.3.1, and its consequences: without a control queue nothing can be configured over it. Large
 * packets are taken in merged buffers only: no packet buffer holds one.
 */
const struct kl_feature_rule net_feature_rules[] = {
	NEEDS_BOTH(GUEST_TSO4, GUEST_CSUM, MRG_RXBUF),
	NEEDS_BOTH(GUEST_TSO6, GUEST_CSUM, MRG_RXBUF),
	NEEDS_BOTH(GUEST_UFO, GUEST_CSUM, MRG_RXBUF),
	NEEDS_BOTH(GUEST_USO4, GUEST_CSUM, MRG_RXBUF),
	NEEDS_BOTH(GUEST_USO6, GUEST_CSUM, MRG_RXBUF),
	NEEDS_ANY(GUEST_ECN, GUEST_TSO4, GUEST_TSO6),
	NEEDS(HOST_TSO4, CSUM),
	NEEDS(HOST_TSO6, CSUM),
	NEEDS(HOST_UFO, CSUM),
	NEEDS(HOST_USO, CSUM),
	NEEDS_ANY(HOST_ECN, HOST_TSO4, HOST_TSO6),
	NEEDS(CTRL_RX, CTRL_VQ),
	NEEDS(CTRL_VLAN, CTRL_VQ),
	NEEDS(CTRL_RX_EXTRA, CTRL_VQ),
	NEEDS(CTRL_MAC_ADDR, CTRL_VQ),
	NEEDS(CTRL_GUEST_OFFLOADS, CTRL_VQ),
	NEEDS_BOTH(GUEST_ANNOUNCE, CTRL_VQ, STATUS),
	NEEDS(MQ, CTRL_VQ),
	NEEDS(RSS, CTRL_VQ),
	NEEDS(HASH_REPORT, CTRL_VQ),
	NEEDS(NOTF_COAL, CTRL_VQ),
	NEEDS(VQ_NOTF_COAL, CTRL_VQ),
	NEEDS(DEVICE_STATS, CTRL_VQ),
	NEEDS(HASH_TUNNEL, CTRL_VQ),
	NEEDS_ANY(HASH_TUNNEL, RSS, HASH_REPORT),
	/* The section names the HOST_ bits, 5.1.9.4 implies the others: both readings hold here. */
	NEEDS_ANY(RSC_EXT, HOST_TSO4, HOST_TSO6),
	NEEDS_ANY(RSC_EXT, GUEST_TSO4, GUEST_TSO6),
	{0, false, 0, {0}},
};

/*
 * Accepted whenever the device offers them: they change nothing until a command is sent, or are how
 * this driver prefers to receive.
 */
static const uint8_t accepted_always[] = {
	VIRTIO_NET_F_MRG_RXBUF,
	VIRTIO_NET_F_CTRL_VQ,
	VIRTIO_NET_F_CTRL_RX,
	VIRTIO_NET_F_CTRL_RX_EXTRA,
	VIRTIO_NET_F_CTRL_MAC_ADDR,
	VIRTIO_NET_F_GUEST_ANNOUNCE,
	VIRTIO_NET_F_NOTF_COAL,
	VIRTIO_NET_F_VQ_NOTF_COAL,
	VIRTIO_NET_F_DEVICE_STATS,
};

/* Accepted if their field in the configuration exists and is valid. */
static const uint8_t accepted_with_field[] = {
	VIRTIO_NET_F_MAC,
	VIRTIO_NET_F_STATUS,
	VIRTIO_NET_F_MTU,
	VIRTIO_NET_F_SPEED_DUPLEX,
	VIRTIO_NET_F_MQ,
	VIRTIO_NET_F_RSS,
	VIRTIO_NET_F_HASH_TUNNEL,
};

struct use {
	uint8_t bit;
	uint64_t reasons; /* offloads that are each a reason to accept it */
	uint64_t offloads; /* offloads that the user requests by naming the feature */
};

static const struct use tx_uses[] = {
	{VIRTIO_NET_F_CSUM, NET_TX_CKSUM_OFFLOADS | NET_TX_SEGMENT_OFFLOADS, NET_TX_CKSUM_OFFLOADS},
	{VIRTIO_NET_F_HOST_TSO4, RTE_ETH_TX_OFFLOAD_TCP_TSO, RTE_ETH_TX_OFFLOAD_TCP_TSO},
	{VIRTIO_NET_F_HOST_TSO6, RTE_ETH_TX_OFFLOAD_TCP_TSO, RTE_ETH_TX_OFFLOAD_TCP_TSO},
	{VIRTIO_NET_F_HOST_ECN, RTE_ETH_TX_OFFLOAD_TCP_TSO, RTE_ETH_TX_OFFLOAD_TCP_TSO},
	{VIRTIO_NET_F_HOST_USO, RTE_ETH_TX_OFFLOAD_UDP_TSO, RTE_ETH_TX_OFFLOAD_UDP_TSO},
	/* UDP_TSO does not promise fragments of one datagram, so only its name requests it. */
	{VIRTIO_NET_F_HOST_UFO, 0, RTE_ETH_TX_OFFLOAD_UDP_TSO},
	{VIRTIO_NET_F_GUEST_HDRLEN, NET_TX_SEGMENT_OFFLOADS, 0},
};

static const struct use rx_uses[] = {
	{VIRTIO_NET_F_GUEST_CSUM, NET_RX_CKSUM_OFFLOADS | RTE_ETH_RX_OFFLOAD_TCP_LRO,
		NET_RX_CKSUM_OFFLOADS},
	{VIRTIO_NET_F_GUEST_TSO4, RTE_ETH_RX_OFFLOAD_TCP_LRO, RTE_ETH_RX_OFFLOAD_TCP_LRO},
	{VIRTIO_NET_F_GUEST_TSO6, RTE_ETH_RX_OFFLOAD_TCP_LRO, RTE_ETH_RX_OFFLOAD_TCP_LRO},
	{VIRTIO_NET_F_GUEST_ECN, RTE_ETH_RX_OFFLOAD_TCP_LRO, RTE_ETH_RX_OFFLOAD_TCP_LRO},
	{VIRTIO_NET_F_GUEST_UFO, RTE_ETH_RX_OFFLOAD_TCP_LRO, RTE_ETH_RX_OFFLOAD_TCP_LRO},
	{VIRTIO_NET_F_GUEST_USO4, RTE_ETH_RX_OFFLOAD_TCP_LRO, RTE_ETH_RX_OFFLOAD_TCP_LRO},
	{VIRTIO_NET_F_GUEST_USO6, RTE_ETH_RX_OFFLOAD_TCP_LRO, RTE_ETH_RX_OFFLOAD_TCP_LRO},
	{VIRTIO_NET_F_RSC_EXT, RTE_ETH_RX_OFFLOAD_TCP_LRO, RTE_ETH_RX_OFFLOAD_TCP_LRO},
	{VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, NET_RX_CKSUM_OFFLOADS | RTE_ETH_RX_OFFLOAD_TCP_LRO, 0},
	{VIRTIO_NET_F_CTRL_VLAN, RTE_ETH_RX_OFFLOAD_VLAN_FILTER, RTE_ETH_RX_OFFLOAD_VLAN_FILTER},
	{VIRTIO_NET_F_HASH_REPORT, RTE_ETH_RX_OFFLOAD_RSS_HASH, RTE_ETH_RX_OFFLOAD_RSS_HASH},
	/*
	 * It makes the hypervisor plug a primary device of the same address. So only an application
	 * that joins the two may accept it, by its name.
	 */
	{VIRTIO_NET_F_STANDBY, 0, 0},
};

static bool has_feature(const struct kl_features *set, unsigned int bit)
{
	return kl_features_has(set, bit);
}

uint64_t net_tx_offloads_of(const struct kl_features *set)
{
	uint64_t offloads = RTE_ETH_TX_OFFLOAD_VLAN_INSERT | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM |
		NET_TX_CKSUM_OFFLOADS | RTE_ETH_TX_OFFLOAD_MULTI_SEGS;

	if (!has_feature(set, VIRTIO_NET_F_CSUM))
		return offloads;
	if (has_feature(set, VIRTIO_NET_F_HOST_TSO4) && has_feature(set, VIRTIO_NET_F_HOST_TSO6))
		offloads |= RTE_ETH_TX_OFFLOAD_TCP_TSO;
	if (has_feature(set, VIRTIO_NET_F_HOST_USO) || has_feature(set, VIRTIO_NET_F_HOST_UFO))
		offloads |= RTE_ETH_TX_OFFLOAD_UDP_TSO;
	return offloads;
}

uint64_t net_rx_offloads_of(const struct kl_features *set)
{
	bool has_tso = has_feature(set, VIRTIO_NET_F_GUEST_TSO4) ||
		has_feature(set, VIRTIO_NET_F_GUEST_TSO6);
	uint64_t offloads = RTE_ETH_RX_OFFLOAD_VLAN_STRIP;

	if (has_feature(set, VIRTIO_NET_F_MRG_RXBUF))
		offloads |= RTE_ETH_RX_OFFLOAD_SCATTER;
	if (has_feature(set, VIRTIO_NET_F_GUEST_CSUM))
		offloads |= NET_RX_CKSUM_OFFLOADS;
	if (has_feature(set, VIRTIO_NET_F_GUEST_CSUM) && has_feature(set, VIRTIO_NET_F_MRG_RXBUF) &&
		has_tso)
		offloads |= RTE_ETH_RX_OFFLOAD_TCP_LRO;
	if (!has_feature(set, VIRTIO_NET_F_CTRL_VQ))
		return offloads;
	if (has_feature(set, VIRTIO_NET_F_CTRL_VLAN))
		offloads |= RTE_ETH_RX_OFFLOAD_VLAN_FILTER;
	if (has_feature(set, VIRTIO_NET_F_HASH_REPORT))
		offloads |= RTE_ETH_RX_OFFLOAD_RSS_HASH;
	return offloads;
}

void net_offloads_possible(struct kl_net *net)
{
	const struct kl_device_options *options = kl_device_options(net->device);
	struct kl_features possible = kl_features_without(kl_device_info(net->device)->offered,
		options->declined);

	/* It is accepted for no offload, only by its name. */
	if (!kl_features_has(&options->insisted, VIRTIO_NET_F_HOST_UFO))
		kl_features_clear(&possible, VIRTIO_NET_F_HOST_UFO);
	net->info.tx_offloads = net_tx_offloads_of(&possible);
	net->info.rx_offloads = net_rx_offloads_of(&possible);
}

static void add_named(const struct use *uses, size_t count, const struct kl_features *insisted,
	uint64_t *offloads)
{
	for (size_t i = 0; i < count; i++)
		if (has_feature(insisted, uses[i].bit))
			*offloads |= uses[i].offloads;
}

static void add_uses(struct kl_features *wanted, const struct use *uses, size_t count,
	const struct kl_features *insisted, uint64_t offloads)
{
	for (size_t i = 0; i < count; i++)
		if ((uses[i].reasons & offloads) != 0 || has_feature(insisted, uses[i].bit))
			kl_features_set(wanted, uses[i].bit);
}

struct kl_features net_features_wanted(const struct kl_net *net, uint64_t *tx_offloads,
	uint64_t *rx_offloads)
{
	const struct kl_features *insisted = &kl_device_options(net->device)->insisted;
	struct kl_features wanted = {0};

	add_named(tx_uses, RTE_DIM(tx_uses), insisted, tx_offloads);
	add_named(rx_uses, RTE_DIM(rx_uses), insisted, rx_offloads);
	add_uses(&wanted, tx_uses, RTE_DIM(tx_uses), insisted, *tx_offloads);
	add_uses(&wanted, rx_uses, RTE_DIM(rx_uses), insisted, *rx_offloads);
	for (size_t i = 0; i < RTE_DIM(accepted_always); i++)
		kl_features_set(&wanted, accepted_always[i]);
	for (size_t i = 0; i < RTE_DIM(accepted_with_field); i++)
		if (net_config_is_usable(net, accepted_with_field[i]))
			kl_features_set(&wanted, accepted_with_field[i]);
	if (!net_config_is_usable(net, VIRTIO_NET_F_HASH_REPORT))
		kl_features_clear(&wanted, VIRTIO_NET_F_HASH_REPORT);
	/* Without control queues the back end knows the data queues only. */
	if (!kl_device_has_control_queues(net->device))
		kl_features_clear(&wanted, VIRTIO_NET_F_CTRL_VQ);
	return wanted;
}

static int refuse_offload(const struct kl_net *net, const char *direction, const char *name,
	uint64_t all)
{
	kl_error("%s: the %s offload %s is not possible with the features accepted%s",
		kl_device_info(net->device)->name, direction, name != NULL ? name : "requested",
		all != 0 ? "; it would be with those offered" : ", nor with those offered");
	return -ENOTSUP;
}

/* In a recovery, the device may have lost the feature of an offload that the start requested. */
static void leave_out(const struct kl_net *net, const char *direction, const char *name)
{
	kl_warning("%s: it runs without the %s offload %s now", kl_device_info(net->device)->name,
		direction, name != NULL ? name : "requested");
}

static uint64_t lowest_bit(uint64_t offloads)
{
	return offloads & -offloads;
}

int net_offloads_apply(struct kl_net *net, uint64_t tx_offloads, uint64_t rx_offloads)
{
	const struct kl_features *accepted = &kl_device_info(net->device)->accepted;
	const bool is_recovering = kl_device_is_recovering(net->device);
	uint64_t missing;

	while ((missing = lowest_bit(tx_offloads & ~net_tx_offloads_of(accepted))) != 0) {
		if (!is_recovering)
			return refuse_offload(net, "transmit", kl_net_tx_offload_name(missing),
				missing & net->info.tx_offloads);
		leave_out(net, "transmit", kl_net_tx_offload_name(missing));
		tx_offloads &= ~missing;
	}
	while ((missing = lowest_bit(rx_offloads & ~net_rx_offloads_of(accepted))) != 0) {
		if (!is_recovering)
			return refuse_offload(net, "receive", kl_net_rx_offload_name(missing),
				missing & net->info.rx_offloads);
		leave_out(net, "receive", kl_net_rx_offload_name(missing));
		rx_offloads &= ~missing;
	}
	net->tx_offloads = tx_offloads | RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	net->rx_offloads = rx_offloads;
	if (kl_device_has(net->device, VIRTIO_NET_F_MRG_RXBUF))
		net->rx_offloads |= RTE_ETH_RX_OFFLOAD_SCATTER;
	if (kl_device_has(net->device, VIRTIO_NET_F_GUEST_CSUM))
		net->rx_offloads |= NET_RX_CKSUM_OFFLOADS;
	return 0;
}

/* NULL for a feature that is there, or, while the device is stopped, may be there. */
static const char *why_missing(const struct kl_net *net, unsigned int feature)
{
	if (has_feature(&kl_device_options(net->device)->declined, feature))
		return "the option features= declines";
	if (!kl_device_offers(net->device, feature))
		return "the device does not offer";
	if (feature == VIRTIO_NET_F_CTRL_VQ && !kl_device_has_control_queues(net->device))
		return "a vhost-user back end leaves to a hypervisor";
	if (net_is_started(net) && !kl_device_has(net->device, feature))
		return "was not accepted";
	return NULL;
}

int net_require_feature(const struct kl_net *net, unsigned int feature, const char *what)
{
	const unsigned int needed[] = {VIRTIO_NET_F_CTRL_VQ, feature};

	for (size_t i = 0; i < RTE_DIM(needed); i++) {
		const char *reason = why_missing(net, needed[i]);
		const struct kl_feature_name *name = net_feature_names;

		if (reason == NULL)
			continue;
		while (name->bit != needed[i])
			name++;
		net_report(net, "%s is not possible: it needs the feature %s, which %s", what,
			name->name, reason);
		return -ENOTSUP;
	}
	return 0;
}
