/* SPDX-License-Identifier: BSD-3-Clause */
/* A NIC: each packet that comes is sent back. */
#include <stdio.h>

#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_ip.h>

#include <kickless/net.h>

#include "exactly_once.h"

#define BUFFERS 2047u
#define BURST 32
#define TX_TIMEOUT_MS 1200
/* The time between two checks of a device that runs, each a read of its status. */
#define CHECK_US 20000

static struct kl_device *device;
static struct kl_net *net;
static struct kl_net_conf conf;

static void start(void)
{
	if (kl_net_start(net, &conf) != 0)
		count(&counters.refused_starts);
}

static bool open_net(const char *spec, bool is_isolated)
{
	const struct kl_net_info *info;

	conf.pool = pool_create(BUFFERS, is_isolated);
	if (conf.pool == NULL || kl_device_open(spec, &device) != 0)
		return false;
	net = kl_net_from_device(device);
	info = kl_net_info(net);
	conf.queue_pairs = 1;
	conf.tx_timeout_ms = TX_TIMEOUT_MS;
	/* All that makes the driver read what the device can write. */
	conf.rx_offloads = info->rx_offloads &
		(RTE_ETH_RX_OFFLOAD_CHECKSUM | RTE_ETH_RX_OFFLOAD_TCP_LRO);
	conf.tx_offloads = info->tx_offloads &
		(RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM |
			RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_VLAN_INSERT);
	return net != NULL && kl_net_start(net, &conf) == 0;
}

static void control_net(void)
{
	static uint64_t due;
	enum kl_device_state state = kl_net_state(net);

	if (state == KL_DEVICE_RUNNING && clock_us() < due)
		return;
	due = clock_us() + CHECK_US;
	switch (state) {
	case KL_DEVICE_FAILED:
		count(&counters.restarts);
		kl_net_stop(net);
		start();
		break;
	case KL_DEVICE_STOPPED: /* the last start failed */
		start();
		break;
	case KL_DEVICE_LOST:
		report("the device is lost");
		break;
	default:
		if (kl_net_recover(net) == 0)
			counters.recoveries += state != KL_DEVICE_RUNNING;
	}
}

/* As a forwarder that changes headers does. The contents may change at any time. */
static void request_offloads(struct rte_mbuf *packet, unsigned int number)
{
	static const uint64_t requests[] = {
		RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_UDP_CKSUM,
		RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM,
		RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_UDP_CKSUM,
		RTE_MBUF_F_TX_VLAN,
	};

	if (packet->data_len < 128 || number % 8 >= RTE_DIM(requests))
		return;
	packet->ol_flags |= requests[number % 8];
	packet->l2_len = sizeof(struct rte_ether_hdr);
	packet->l3_len = (packet->ol_flags & RTE_MBUF_F_TX_IPV6) != 0 ?
		sizeof(struct rte_ipv6_hdr) :
		sizeof(struct rte_ipv4_hdr);
	packet->vlan_tci = (uint16_t)number;
}

/* Returns how many were kept. One that is not the driver's to deliver is left alone. */
static uint16_t check_packets(struct rte_mbuf **packets, uint16_t n)
{
	static unsigned int number;
	bool is_honest = phase_is_honest(phase_now());
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (!pool_check_delivered(packets[i]))
			continue;
		count_good(is_honest);
		if (!is_honest)
			request_offloads(packets[i], number++);
		pool_check_given(packets[i]);
		packets[kept++] = packets[i];
	}
	return kept;
}

static void poll_net(void)
{
	struct rte_mbuf *packets[BURST];
	uint16_t n = kl_net_rx_burst(net, 0, packets, BURST), sent;

	n = check_packets(packets, n);
	sent = kl_net_tx_burst(net, 0, packets, n);
	for (uint16_t i = sent; i < n; i++) {
		pool_check_returned(packets[i]);
		pool_check_given(packets[i]);
		rte_pktmbuf_free(packets[i]);
	}
}

static void close_net(void)
{
	kl_net_stop(net);
	kl_device_close(device);
	pool_close();
}

const struct side net_side = {open_net, control_net, poll_net, close_net};
