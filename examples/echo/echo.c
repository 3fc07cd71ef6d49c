/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kickless-echo: answers ARP for an address and sends UDP datagrams to its port 7 back (RFC 862). A
 * whole application on the public API; the Makefile in the folder above builds it anywhere.
 *
 *	kickless-echo [EAL options] -- DEVICE ADDRESS
 *	kickless-echo -- net@0 10.0.0.1
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#include <rte_arp.h>
#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include <kickless/eal.h>
#include <kickless/net.h>

#define CACHE 64
#define BURST 32
#define ECHO_PORT 7

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static bool answer_arp(struct rte_mbuf *packet, const struct rte_ether_addr *mac, in_addr_t ip)
{
	struct rte_ether_hdr *ether = rte_pktmbuf_mtod(packet, struct rte_ether_hdr *);
	struct rte_arp_hdr *arp = (struct rte_arp_hdr *)(ether + 1);

	if (packet->data_len < sizeof(*ether) + sizeof(*arp) ||
		arp->arp_opcode != RTE_BE16(RTE_ARP_OP_REQUEST) || arp->arp_data.arp_tip != ip)
		return false;
	arp->arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY);
	arp->arp_data.arp_tha = arp->arp_data.arp_sha;
	arp->arp_data.arp_tip = arp->arp_data.arp_sip;
	arp->arp_data.arp_sha = *mac;
	arp->arp_data.arp_sip = ip;
	return true;
}

/* Exchanging addresses and ports leaves both checksums right. */
static bool answer_udp(struct rte_mbuf *packet, in_addr_t ip)
{
	struct rte_ether_hdr *ether = rte_pktmbuf_mtod(packet, struct rte_ether_hdr *);
	struct rte_ipv4_hdr *ipv4 = (struct rte_ipv4_hdr *)(ether + 1);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ipv4 + 1);

	if (packet->data_len < sizeof(*ether) + sizeof(*ipv4) + sizeof(*udp) ||
		ipv4->version_ihl != RTE_IPV4_VHL_DEF || ipv4->next_proto_id != IPPROTO_UDP ||
		ipv4->dst_addr != ip || udp->dst_port != RTE_BE16(ECHO_PORT))
		return false;
	ipv4->dst_addr = ipv4->src_addr;
	ipv4->src_addr = ip;
	udp->dst_port = udp->src_port;
	udp->src_port = RTE_BE16(ECHO_PORT);
	return true;
}

/* Turns a packet into its answer; false when there is none. */
static bool answer(struct rte_mbuf *packet, const struct rte_ether_addr *mac, in_addr_t ip)
{
	struct rte_ether_hdr *ether = rte_pktmbuf_mtod(packet, struct rte_ether_hdr *);
	bool answered = false;

	if (packet->data_len >= sizeof(*ether)) {
		if (ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP))
			answered = answer_arp(packet, mac, ip);
		else if (ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4))
			answered = answer_udp(packet, ip);
	}
	if (answered) {
		ether->dst_addr = ether->src_addr;
		ether->src_addr = *mac;
	}
	return answered;
}

/* A burst of no packets lets the queue decide a kick that it put off. */
static void echo_burst(struct kl_net *net, const struct rte_ether_addr *mac, in_addr_t ip)
{
	struct rte_mbuf *packets[BURST];
	const uint16_t received = kl_net_rx_burst(net, 0, packets, BURST);
	uint16_t answers = 0;
	uint16_t sent;

	for (uint16_t i = 0; i < received; i++) {
		if (answer(packets[i], mac, ip))
			packets[answers++] = packets[i];
		else
			rte_pktmbuf_free(packets[i]);
	}
	sent = kl_net_tx_burst(net, 0, packets, answers);
	rte_pktmbuf_free_bulk(packets + sent, answers - sent);
}

static void print_queue(const struct kl_net *net, enum kl_net_direction direction, const char *name)
{
	struct kl_net_queue_stats stats;

	if (kl_net_queue_stats_get(net, direction, 0, &stats) == 0)
		printf("%s: %" PRIu64 " packets, %" PRIu64 " kicks\n", name, stats.packets,
			stats.queue.kicks_sent);
}

static int serve(struct kl_device *device, in_addr_t ip)
{
	struct kl_net *net = kl_net_from_device(device);
	const struct kl_kick_policy kick = {.mode = KL_KICK_AUTO};
	struct kl_net_conf conf = {.queue_pairs = 1, .tx_kick = kick};
	struct rte_ether_addr mac;
	unsigned int buffers;

	if (net == NULL) {
		fprintf(stderr, "%s is not a network device\n", kl_device_info(device)->name);
		return 1;
	}
	/* Full rings, a burst in hand and the core's cache. */
	buffers = kl_net_ring_size(net, KL_NET_RX, 0, 0) + kl_net_ring_size(net, KL_NET_TX, 0, 0) +
		BURST + 2 * CACHE;
	conf.pool = rte_pktmbuf_pool_create("packets", buffers, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
		SOCKET_ID_ANY);
	if (kl_net_start(net, &conf) != 0)
		return 1;
	memcpy(&mac, kl_net_info(net)->mac, sizeof(mac));
	printf("%s is ready; Ctrl-C ends it\n", kl_device_info(device)->name);
	fflush(stdout);
	while (!stop)
		echo_burst(net, &mac, ip);
	print_queue(net, KL_NET_RX, "received");
	print_queue(net, KL_NET_TX, "sent");
	return kl_net_stop(net) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct kl_device *device;
	struct in_addr ip;
	int status = 1;
	int eal;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	eal = kl_eal_init(argc, argv);
	if (eal < 0)
		return 1;
	if (argc - eal != 3 || inet_pton(AF_INET, argv[eal + 2], &ip) != 1) {
		fprintf(stderr, "usage: kickless-echo [EAL options] -- DEVICE ADDRESS\n");
		return 2;
	}
	if (kl_device_open_typed(argv[eal + 1], "net", &device) == 0) {
		status = serve(device, ip.s_addr);
		kl_device_close(device);
	}
	kl_eal_cleanup();
	return status;
}
