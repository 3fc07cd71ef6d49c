/* SPDX-License-Identifier: BSD-3-Clause */
#include "ports.h"

#include <errno.h>

#include <rte_ethdev.h>

#include <kickless/device.h>

#include "common/message.h"

static int check_port_queues(const struct port *port, uint32_t queues)
{
	const uint16_t most = RTE_MIN(kl_net_info(port->net)->max_queue_pairs, MAX_QUEUES);

	if (queues >= 1 && queues <= most)
		return 0;
	print_error("port %u: %u queue pairs requested; %s allows 1 to %u", port->number, queues,
		port_name(port), most);
	return -EINVAL;
}

/* The device's key queues= has precedence over --rxq and --txq, as all keys have. */
static int choose_queues(struct ports *ports, const struct port *port)
{
	const uint16_t named = kl_device_options(port->device)->queues;
	const uint16_t requested = named != 0 ? named : ports->conf.queue_pairs;
	const uint16_t queues = requested != 0 ? requested :
		ports->queue_pairs != 0        ? ports->queue_pairs :
						 1;

	if (check_port_queues(port, queues) != 0)
		return -EINVAL;
	if (ports->queue_pairs != 0 && queues != ports->queue_pairs) {
		print_error(
			"port %u has %u queue pairs, the others have %u; give all the same key queues=",
			port->number, queues, ports->queue_pairs);
		return -EINVAL;
	}
	ports->queue_pairs = queues;
	return 0;
}

static int check_packet(const struct ports *ports, const struct port *port)
{
	const uint32_t longest = kl_net_info(port->net)->max_mtu + ETHERNET_OVERHEAD;

	if (ports->max_packet <= longest + TAGS_OVERHEAD)
		return 0;
	print_error(
		"port %u: --max-pkt-len=%u: %s has an MTU of at most %u, which makes %u, and %u with "
		"VLAN tags",
		port->number, ports->max_packet, port_name(port), kl_net_info(port->net)->max_mtu,
		longest, longest + TAGS_OVERHEAD);
	return -EINVAL;
}

static void configure_port(const struct ports *ports, struct port *port)
{
	port->conf = ports->conf;
	port->conf.queue_pairs = ports->queue_pairs;
	port->rss_types = ports->rss_types;
}

static int join_tap(struct ports *ports, const char *spec)
{
	if (ports->count > 0)
		return port_join_tap(&ports->at[ports->count - 1], spec);
	print_error("%s: no port to join; name it behind a device", spec);
	return -EINVAL;
}

int ports_add(struct ports *ports, const char *spec)
{
	struct port *port = &ports->at[ports->count];
	int rc;

	if (tap_is_named(spec))
		return join_tap(ports, spec);
	port->isolate = ports->isolate;
	rc = port_open(port, ports->count, spec);
	if (rc != 0)
		return rc;
	ports_lock();
	ports->count++;
	ports_unlock();
	rc = choose_queues(ports, port);
	if (rc == 0)
		rc = check_packet(ports, port);
	configure_port(ports, port);
	return rc;
}

void ports_complete_offloads(struct ports *ports)
{
	const uint64_t sums = RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
	uint64_t rx = 0, needed = 0;

	for (uint16_t i = 0; i < ports->count; i++)
		rx |= port_is_open(&ports->at[i]) ? ports->at[i].conf.rx_offloads : 0;
	if ((rx & (sums | RTE_ETH_RX_OFFLOAD_TCP_LRO)) != 0)
		needed |= RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM;
	if ((rx & RTE_ETH_RX_OFFLOAD_TCP_LRO) != 0)
		needed |= RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_UDP_TSO;
	for (uint16_t i = 0; i < ports->count; i++) {
		struct port *port = &ports->at[i];

		if (port_is_open(port) && !port_is_started(port))
			port->conf.tx_offloads |= needed & kl_net_info(port->net)->tx_offloads;
	}
}

int ports_reopen(struct ports *ports, struct port *port)
{
	const struct kl_net_conf conf = port->conf;
	int rc = port_open(port, port->number, port->spec);

	if (rc == 0)
		rc = check_port_queues(port, ports->queue_pairs);
	port->conf = conf;
	return rc;
}

int ports_check_queues(const struct ports *ports, uint32_t queue_pairs)
{
	for (uint16_t i = 0; i < ports->count; i++)
		if (port_is_open(&ports->at[i]) &&
			check_port_queues(&ports->at[i], queue_pairs) != 0)
			return -EINVAL;
	return 0;
}

unsigned int ports_count_open(const struct ports *ports)
{
	unsigned int open = 0;

	for (uint16_t i = 0; i < ports->count; i++)
		open += port_is_open(&ports->at[i]);
	return open;
}
