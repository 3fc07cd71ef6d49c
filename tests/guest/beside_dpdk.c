/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One process with two drivers, each with the file of VFIO that it opened itself: DPDK's own has
 * the function that EAL's option -a names, and ours another. They exchange frames while ours is
 * opened, closed and opened again, and while EAL takes more memory.
 *
 * Usage: beside_dpdk EAL-OPTION... -- DEVICE
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <kickless/device.h>
#include <kickless/memory.h>
#include <kickless/net.h>

#define FRAMES 2000
#define BYTES 60
#define BURST 32
#define RING 256
#define SECONDS 20
/* More than EAL has free, so that it takes more pages. */
#define LARGE ((size_t)32 << 20)

/* To all, of a type for experiments. */
static const uint8_t head[14] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};

static struct rte_mempool *pool;
static struct kl_net *net;

static uint16_t send_by_dpdk(struct rte_mbuf **packets, uint16_t count)
{
	return rte_eth_tx_burst(0, 0, packets, count);
}

static uint16_t receive_by_dpdk(struct rte_mbuf **packets, uint16_t count)
{
	return rte_eth_rx_burst(0, 0, packets, count);
}

static uint16_t send_by_us(struct rte_mbuf **packets, uint16_t count)
{
	return kl_net_tx_burst(net, 0, packets, count);
}

static uint16_t receive_by_us(struct rte_mbuf **packets, uint16_t count)
{
	return kl_net_rx_burst(net, 0, packets, count);
}

static void fill_frame(struct rte_mbuf *packet, uint32_t number)
{
	char *data = rte_pktmbuf_mtod(packet, char *);

	packet->data_len = BYTES;
	packet->pkt_len = BYTES;
	memset(data, (int)(number & 0xff), BYTES);
	memcpy(data, head, sizeof(head));
	memcpy(data + sizeof(head), &number, sizeof(number));
}

static bool is_frame(const struct rte_mbuf *packet, uint32_t number)
{
	const char *data = rte_pktmbuf_mtod(packet, const char *);

	return rte_pktmbuf_pkt_len(packet) == BYTES && memcmp(data, head, sizeof(head)) == 0 &&
		memcmp(data + sizeof(head), &number, sizeof(number)) == 0 &&
		data[BYTES - 1] == (char)(number & 0xff);
}

/* One frame after the other: each must arrive before the next one is sent. */
static bool exchange(const char *way, uint16_t (*send)(struct rte_mbuf **, uint16_t),
	uint16_t (*receive)(struct rte_mbuf **, uint16_t))
{
	const uint64_t deadline = rte_get_tsc_cycles() + SECONDS * rte_get_tsc_hz();
	struct rte_mbuf *packets[BURST];
	uint32_t sent = 0, received = 0;

	while (received < FRAMES && rte_get_tsc_cycles() < deadline) {
		if (sent == received) {
			struct rte_mbuf *packet = rte_pktmbuf_alloc(pool);

			if (packet == NULL)
				break;
			fill_frame(packet, sent);
			if (send(&packet, 1) == 1)
				sent++;
			else
				rte_pktmbuf_free(packet);
		}
		uint16_t count = receive(packets, BURST);
		for (uint16_t i = 0; i < count; i++) {
			received += is_frame(packets[i], received);
			rte_pktmbuf_free(packets[i]);
		}
	}
	printf("%s: %u of %u frames\n", way, received, FRAMES);
	return received == FRAMES;
}

static int start_dpdk(void)
{
	struct rte_eth_conf conf = {0};
	int rc;

	if (rte_eth_dev_count_avail() != 1) {
		printf("DPDK's drivers have %u ports, not 1\n", rte_eth_dev_count_avail());
		return -ENODEV;
	}
	rc = rte_eth_dev_configure(0, 1, 1, &conf);
	if (rc == 0)
		rc = rte_eth_rx_queue_setup(0, 0, RING, SOCKET_ID_ANY, NULL, pool);
	if (rc == 0)
		rc = rte_eth_tx_queue_setup(0, 0, RING, SOCKET_ID_ANY, NULL);
	if (rc == 0)
		rc = rte_eth_dev_start(0);
	if (rc != 0)
		printf("DPDK's port does not start: %d\n", rc);
	return rc;
}

/* A region of memory that EAL takes from the system while both drivers run. */
static bool takes_memory(void)
{
	void *memory = kl_memory_alloc(LARGE, 4096, -1);

	if (memory == NULL)
		puts("EAL has no more memory");
	kl_memory_free(memory);
	return memory != NULL;
}

static bool use_both(const char *name)
{
	struct kl_device *device;
	bool is_good;
	int rc = kl_device_open(name, &device);

	if (rc != 0) {
		printf("kl_device_open: %d\n", rc);
		return false;
	}
	net = kl_net_from_device(device);
	rc = kl_net_start(net, &(struct kl_net_conf){.pool = pool});
	if (rc != 0)
		printf("kl_net_start: %d\n", rc);
	is_good = rc == 0 && exchange("DPDK to us", send_by_dpdk, receive_by_us) &&
		exchange("we to DPDK", send_by_us, receive_by_dpdk) && takes_memory() &&
		exchange("DPDK to us, later", send_by_dpdk, receive_by_us);
	kl_device_close(device);
	return is_good;
}

int main(int argc, char **argv)
{
	int taken = rte_eal_init(argc, argv);
	bool is_good;

	if (taken < 0 || argc - taken != 2)
		return 2;
	pool = rte_pktmbuf_pool_create("frames", 4095, 64, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
		SOCKET_ID_ANY);
	if (pool == NULL || start_dpdk() != 0)
		return 1;
	is_good = use_both(argv[taken + 1]) && use_both(argv[taken + 1]);
	rte_eth_dev_stop(0);
	rte_eth_dev_close(0);
	rte_eal_cleanup();
	return is_good ? 0 : 1;
}
