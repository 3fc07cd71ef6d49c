/* SPDX-License-Identifier: BSD-3-Clause */
/* A port that the kernel has for its own, through a TAP interface. */
#include <errno.h>

#include <rte_ethdev.h>

#include "port.h"
#include "say.h"
#include "tap_header.h"

/* What the kernel understands without being told. */
#define TX_OFFLOADS (RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM)
#define RX_OFFLOADS (RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM)

/* Whether a start may bring joined UDP packets, which only newer kernels take. */
static bool brings_uso(const struct port *port)
{
	return port_may_have(port, "GUEST_USO4") || port_may_have(port, "GUEST_USO6");
}

int port_join_tap(struct port *port, const char *spec)
{
	const struct kl_net_info *info = kl_net_info(port->net);
	struct kl_net_conf *conf = &port->conf;
	int rc;

	if (tap_is_open(&port->tap)) {
		say_error("port %u: %s: it is joined to tap:%s already", port->number, spec,
			port->tap.name);
		return -EINVAL;
	}
	rc = tap_open(&port->tap, spec);
	if (rc != 0)
		return rc;
	conf->tx_offloads |= info->tx_offloads & (TX_OFFLOADS | RTE_ETH_TX_OFFLOAD_TCP_TSO);
	if (port->tap.has_uso && port_may_have(port, "HOST_USO"))
		conf->tx_offloads |= RTE_ETH_TX_OFFLOAD_UDP_TSO;
	conf->rx_offloads |= info->rx_offloads & RX_OFFLOADS;
	if (port->tap.has_uso || !brings_uso(port))
		conf->rx_offloads |= info->rx_offloads & RTE_ETH_RX_OFFLOAD_TCP_LRO;
	else
		say_error(
			"port %u: this kernel's TAP takes no joined UDP packets, so the device is asked "
			"to join none at all; with features=-GUEST_USO4/-GUEST_USO6 it joins TCP's",
			port->number);
	return 0;
}

int port_dress_tap(struct port *port)
{
	const struct kl_net_info *info = kl_net_info(port->net);
	int rc;

	if (!tap_is_open(&port->tap))
		return 0;
	port->tap.joined_udp = port_has(port, "GUEST_USO4") || port_has(port, "GUEST_USO6") ?
		TAP_GSO_UDP_L4 :
		VIRTIO_NET_HDR_GSO_UDP;
	rc = tap_configure(&port->tap, info->mac, info->mtu, kl_net_tx_offloads(port->net),
		rte_pktmbuf_data_room_size(port->pool) - RTE_PKTMBUF_HEADROOM);
	tap_set_carrier(&port->tap, info->link_up);
	return rc;
}

void port_close_tap(struct port *port)
{
	if (tap_is_open(&port->tap))
		tap_close(&port->tap);
}
