/* SPDX-License-Identifier: BSD-3-Clause */
#include "open.h"

#include <errno.h>
#include <stdio.h>

#include <rte_ethdev.h>

#include <kickless/bus.h>

#include "pool.h"
#include "cli/testpmd.h"

static int check_queues(const struct port *port, uint32_t queues)
{
	const uint16_t most = RTE_MIN(kl_net_info(port->net)->max_queue_pairs, MAX_QUEUES);

	if (queues >= 1 && queues <= most)
		return 0;
	say_error("port %u: %u queue pairs asked for; %s allows 1 to %u", port->number, queues,
		port_name(port), most);
	return -EINVAL;
}

/* The device's own queues= goes before --rxq and --txq, as all keys do. */
static int choose_queues(struct testpmd *pmd, const struct port *port)
{
	const uint16_t named = kl_device_options(port->device)->queues;
	const uint16_t asked = named != 0 ? named : pmd->options.queues;
	const uint16_t queues = asked != 0 ? asked : pmd->queues != 0 ? pmd->queues : 1;

	if (check_queues(port, queues) != 0)
		return -EINVAL;
	if (pmd->queues != 0 && queues != pmd->queues) {
		say_error(
			"port %u has %u queue pairs, the others have %u; give all the same queues=",
			port->number, queues, pmd->queues);
		return -EINVAL;
	}
	pmd->queues = queues;
	return 0;
}

static int check_packet(const struct testpmd *pmd, const struct port *port)
{
	const uint32_t longest = kl_net_info(port->net)->max_mtu + ETHERNET_OVERHEAD;

	if (pmd->options.max_packet <= longest)
		return 0;
	say_error("port %u: --max-pkt-len=%u: %s has an MTU of at most %u, which makes %u",
		port->number, (unsigned int)pmd->options.max_packet, port_name(port),
		kl_net_info(port->net)->max_mtu, longest);
	return -EINVAL;
}

static void configure(const struct testpmd *pmd, struct port *port)
{
	const struct options *options = &pmd->options;

	port->conf = (struct kl_net_conf){
		.queue_pairs = pmd->queues,
		.rx_ring_size = options->rxd,
		.tx_ring_size = options->txd,
		.tx_kick = options->kick,
		.tx_timeout_ms = options->tx_timeout_ms,
		.rx_interrupts = options->settings.idle != IDLE_POLL,
		.tx_offloads = options->tx_offloads,
		.rx_offloads = options->rx_offloads,
	};
	port->rss_types = options->rss_types;
}

static int join_tap(struct testpmd *pmd, const char *spec)
{
	if (pmd->port_count > 0)
		return port_join_tap(&pmd->ports[pmd->port_count - 1], spec);
	say_error("%s: there is no port to join it to; name it behind a device", spec);
	return -EINVAL;
}

int open_port(struct testpmd *pmd, const char *spec)
{
	struct port *port = &pmd->ports[pmd->port_count];
	int rc;

	if (tap_is_named(spec))
		return join_tap(pmd, spec);
	rc = port_open(port, pmd->port_count, spec);
	if (rc != 0)
		return rc;
	if (pmd->capture != NULL)
		capture_add_port(pmd->capture, port->number, port_name(port));
	ports_lock();
	pmd->port_count++;
	ports_unlock();
	rc = choose_queues(pmd, port);
	if (rc == 0)
		rc = check_packet(pmd, port);
	configure(pmd, port);
	return rc;
}

void settle_offloads(struct testpmd *pmd)
{
	const uint64_t sums = RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
	uint64_t rx = 0, needed = 0;

	for (uint16_t i = 0; i < pmd->port_count; i++)
		rx |= port_is_open(&pmd->ports[i]) ? pmd->ports[i].conf.rx_offloads : 0;
	if ((rx & (sums | RTE_ETH_RX_OFFLOAD_TCP_LRO)) != 0)
		needed |= RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM;
	if ((rx & RTE_ETH_RX_OFFLOAD_TCP_LRO) != 0)
		needed |= RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_UDP_TSO;
	for (uint16_t i = 0; i < pmd->port_count; i++) {
		struct port *port = &pmd->ports[i];

		if (port_is_open(port) && !port_is_started(port))
			port->conf.tx_offloads |= needed & kl_net_info(port->net)->tx_offloads;
	}
}

/* The streams of the last run point to the port's device. */
void release_port(struct testpmd *pmd, struct port *port)
{
	if (!pmd->fwd.running)
		fwd_free(&pmd->fwd);
	port_close(port);
}

void surrender_port(struct testpmd *pmd, struct port *port)
{
	const bool forwards = pmd->fwd.running && fwd_has_port(&pmd->fwd, port->number);

	printf("\nPort %u: device removal event\n", port->number);
	say_error("port %u: the system wants %s back, as when it is unplugged; the port is closed",
		port->number, port_name(port));
	if (forwards)
		fwd_stop(pmd);
	if (port_is_started(port))
		port_stop(port);
	release_port(pmd, port);
	port_close_tap(port);
	printf("Port %u is closed\n", port->number);
	fflush(stdout);
	if (forwards && fwd_start(pmd, 0) != 0 && !pmd->options.interactive) {
		pmd->failed = true;
		pmd->quit = true;
	}
}

int reopen_port(struct testpmd *pmd, struct port *port)
{
	const struct kl_net_conf conf = port->conf;
	int rc = port_open(port, port->number, port->spec);

	if (rc == 0)
		rc = check_queues(port, pmd->queues);
	port->conf = conf;
	return rc;
}

int set_queues(struct testpmd *pmd, uint32_t queues)
{
	for (uint16_t i = 0; i < pmd->port_count; i++)
		if (port_is_open(&pmd->ports[i]) && check_queues(&pmd->ports[i], queues) != 0)
			return -EINVAL;
	if (queues == pmd->queues)
		return 0;
	fwd_free(&pmd->fwd);
	pools_free(pmd);
	pmd->queues = queues;
	ports_lock();
	for (uint16_t i = 0; i < pmd->port_count; i++)
		pmd->ports[i].conf.queue_pairs = queues;
	ports_unlock();
	return pools_create(pmd);
}
