/* SPDX-License-Identifier: BSD-3-Clause */
#include "vhost_echo.h"

#include <stdio.h>

#include <rte_bus_vdev.h>
#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#define NAME "net_vhost0"
#define TIMEOUT_SECONDS 2

static uint16_t port;

static int set_up(uint16_t queues, struct rte_mempool *pool)
{
	const struct rte_eth_conf conf = {0};
	int rc = rte_eth_dev_configure(port, queues, queues, &conf);

	for (uint16_t queue = 0; queue < queues && rc == 0; queue++) {
		rc = rte_eth_rx_queue_setup(port, queue, 256, SOCKET_ID_ANY, NULL, pool);
		if (rc == 0)
			rc = rte_eth_tx_queue_setup(port, queue, 256, SOCKET_ID_ANY, NULL);
	}
	return rc == 0 ? rte_eth_dev_start(port) : rc;
}

bool echo_open(const char *path, bool is_client, uint16_t queues, struct rte_mempool *pool)
{
	char arguments[256];
	int rc;

	snprintf(arguments, sizeof(arguments), "iface=%s,queues=%u,client=%d", path, queues,
		is_client);
	rc = rte_vdev_init(NAME, arguments);
	if (rc == 0)
		rc = rte_eth_dev_get_port_by_name(NAME, &port);
	if (rc == 0)
		rc = set_up(queues, pool);
	if (rc != 0)
		fprintf(stderr, "echo: no vhost port: %s\n", rte_strerror(-rc));
	return rc == 0;
}

bool echo_step(uint16_t queues)
{
	bool had_some = false;

	for (uint16_t queue = 0; queue < queues; queue++) {
		struct rte_mbuf *packets[ECHO_BURST];
		uint16_t count = rte_eth_rx_burst(port, queue, packets, ECHO_BURST), sent = 0;
		uint64_t deadline = rte_get_tsc_cycles() + TIMEOUT_SECONDS * rte_get_tsc_hz();

		while (sent < count && rte_get_tsc_cycles() < deadline)
			sent += rte_eth_tx_burst(port, queue, packets + sent, count - sent);
		rte_pktmbuf_free_bulk(packets + sent, count - sent);
		had_some = had_some || count > 0;
	}
	return had_some;
}
