/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * F2, F5 and F7 of the fault catalogue: a whole life of a NIC. The bytes are its features and
 * configuration, then a script: packets with any header that arrive or are sent, commands and any
 * answer to them, recoveries, stops and starts.
 *
 * Invariants: a packet that is delivered is as long as its segments, within its buffers, and its
 * checksum and segmentation fields stay within its length. All packets and all memory are freed.
 */
#include <string.h>

#include <rte_eal.h>
#include <rte_ethdev.h>

#include <kickless/log.h>
#include <kickless/net_control.h>

#include "core/device.h"
#include "nic.h"

static struct rte_mempool *pool;
static struct nic nic;

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char *eal[] = {"fuzz", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
		"-m", "64", "-l", "0", "--log-level=error"};

	(void)argc;
	(void)argv;
	MUST(rte_eal_init((int)RTE_DIM(eal), eal) >= 0);
	pool = rte_pktmbuf_pool_create("fuzzed", 512, 0, 0, 512 + RTE_PKTMBUF_HEADROOM,
		SOCKET_ID_ANY);
	MUST(pool != NULL);
	kl__default_timeout_ms = 1;
	return 0;
}

static void read_packet(struct rte_mbuf *packet)
{
	uint32_t bytes = 0;
	uint16_t segments = 0;

	for (const struct rte_mbuf *m = packet; m != NULL; m = m->next, segments++) {
		MUST(m->data_off + m->data_len <= m->buf_len);
		bytes += m->data_len;
	}
	MUST(bytes == packet->pkt_len && segments == packet->nb_segs && bytes > 0);
	MUST(rte_mbuf_check(packet, 1, &(const char *){NULL}) == 0);
	if ((packet->ol_flags & RTE_MBUF_F_RX_LRO) != 0)
		MUST(packet->tso_segsz != 0);
	rte_pktmbuf_free(packet);
}

static void receive(uint16_t queue)
{
	struct rte_mbuf *packets[8];
	uint16_t count = kl_net_rx_burst(nic.net, queue, packets, 8);

	for (uint16_t i = 0; i < count; i++)
		read_packet(packets[i]);
}

static void transmit(uint16_t queue)
{
	struct rte_mbuf *packet = rte_pktmbuf_alloc(pool);

	if (packet == NULL)
		return;
	MUST(rte_pktmbuf_append(packet, 14 + take8(&nic.input)) != NULL);
	if (kl_net_tx_burst(nic.net, queue, &packet, 1) == 0)
		rte_pktmbuf_free(packet);
}

static void command(uint8_t what)
{
	struct kl_net_device_counter counters[KL_NET_DEVICE_COUNTERS_MAX];
	struct kl_net_coalescing coalescing = {what, what};
	const uint8_t mac[6] = {2, 0, 0, 0, 0, what};

	switch (what % 10) {
	case 0:
		(void)kl_net_rx_mode_set(nic.net, what / 10 % KL_NET_RX_MODES, what / 128);
		break;
	case 1:
		(void)kl_net_mac_add(nic.net, mac);
		break;
	case 2:
		(void)kl_net_mac_set(nic.net, mac);
		break;
	case 3:
		(void)kl_net_vlan_set(nic.net, what, true);
		break;
	case 4:
		(void)kl_net_rss_set(nic.net,
			&(struct kl_net_rss){.types = kl_net_info(nic.net)->rss_types});
		break;
	case 5:
		(void)kl_net_coalescing_set(nic.net, what / 128, &coalescing);
		break;
	case 6:
		(void)kl_net_queue_coalescing_get(nic.net, what / 128, what / 10 % 2, &coalescing);
		break;
	case 7:
		(void)kl_net_hash_tunnels_set(nic.net, kl_net_hash_tunnels_get(nic.net));
		break;
	case 8:
		(void)kl_net_rx_offloads_set(nic.net,
			what / 128 != 0 ? 0 : kl_net_rx_offloads(nic.net));
		break;
	default:
		(void)kl_net_device_counters_get(nic.net, what / 128, what / 10 % 2, counters);
	}
}

static void start(void)
{
	struct kl_net_conf conf = {.pool = pool, .queue_pairs = 1 + take8(&nic.input) % 2};
	const struct kl_net_info *info = kl_net_info(nic.net);

	if (take8(&nic.input) % 2 == 0)
		conf.rx_offloads = info->rx_offloads;
	(void)kl_net_start(nic.net, &conf);
}

static void step(void)
{
	uint8_t what = take8(&nic.input);
	uint16_t pair = what / 128;

	switch (what % 16) {
	case 0:
	case 1:
	case 2:
	case 3:
		nic_serve(&nic, 2u * pair);
		break;
	case 4:
	case 5:
	case 6:
		if (pair < kl_net_queue_pairs(nic.net))
			receive(pair);
		break;
	case 7:
		if (pair < kl_net_queue_pairs(nic.net))
			transmit(pair);
		break;
	case 8:
		nic_serve(&nic, 2u * pair + 1);
		break;
	case 9:
	case 10:
	case 11:
		command(take8(&nic.input));
		break;
	case 12:
		nic_scribble(&nic, what / 16 % QUEUES);
		break;
	case 13:
		nic.status |= what / 128 != 0 && nic.status != 0 ? 0x40 : 0;
		(void)kl_net_recover(nic.net);
		break;
	case 14:
		nic.config[take8(&nic.input) % sizeof(nic.config)] = take8(&nic.input);
		nic.device->driver->config_changed(nic.device);
		break;
	default:
		(void)kl_net_stop(nic.net);
		start();
	}
}

static void discard_message(enum kl_log_level level, const char *message, void *context)
{
	(void)level;
	(void)message;
	(void)context;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct kl_device_options options;

	kl_log_set(KL_LOG_ERROR, discard_message, NULL);
	nic_make(&nic, bytes, size);
	if (kl__device_attach(&nic.transport, &nic.host.host, &options, &nic.device) != 0) {
		nic_free(&nic);
		return 0;
	}
	nic.net = kl_net_from_device(nic.device);
	start();
	while (nic.input.left > 0)
		step();
	kl_device_close(nic.device);
	MUST(nic.host.allocated == 0);
	MUST(rte_mempool_in_use_count(pool) == 0);
	nic_free(&nic);
	return 0;
}
