/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Usage: vhost_pinger [EAL options] -- SOCKET COUNT LONGEST-GAP-US
 *
 * A vhost-user back end by DPDK's own library that sends single packets, each after the last one
 * has come back, with gaps of random length in between. Begins when it reads a line. Prints the
 * number of lost packets and the latency of the others, in microseconds, and ends.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_random.h>
#include <rte_vhost.h>

#define TO_DRIVER 0
#define FROM_DRIVER 1
#define TIMEOUT_US 5000000
#define PACKET_BYTES 64

static atomic_int device = -1;

static int on_new_device(int vid)
{
	atomic_store(&device, vid);
	return 0;
}

static void on_lost_device(int vid)
{
	(void)vid;
	atomic_store(&device, -1);
}

static const struct rte_vhost_device_ops callbacks = {
	.new_device = on_new_device,
	.destroy_device = on_lost_device,
};

static uint64_t microseconds(uint64_t cycles)
{
	return cycles * US_PER_S / rte_get_tsc_hz();
}

/* The number stands behind the Ethernet header. */
static struct rte_mbuf *make_packet(struct rte_mempool *pool, uint32_t number)
{
	struct rte_mbuf *packet = rte_pktmbuf_alloc(pool);
	char *data = rte_pktmbuf_append(packet, PACKET_BYTES);

	memset(data, 0x02, PACKET_BYTES);
	memcpy(data + RTE_ETHER_HDR_LEN, &number, sizeof(number));
	return packet;
}

static bool is_packet(const struct rte_mbuf *packet, uint32_t number)
{
	return packet->data_len == PACKET_BYTES &&
		memcmp(rte_pktmbuf_mtod_offset(packet, char *, RTE_ETHER_HDR_LEN), &number,
			sizeof(number)) == 0;
}

/* Round-trip time of one packet, UINT64_MAX when it did not come back. */
static uint64_t ping(struct rte_mempool *pool, uint32_t number)
{
	struct rte_mbuf *packet = make_packet(pool, number);
	const uint64_t begin = rte_rdtsc();
	bool came = false;

	while (rte_vhost_enqueue_burst(atomic_load(&device), TO_DRIVER, &packet, 1) == 0)
		if (microseconds(rte_rdtsc() - begin) > TIMEOUT_US)
			return UINT64_MAX;
	rte_pktmbuf_free(packet);
	while (!came) {
		if (microseconds(rte_rdtsc() - begin) > TIMEOUT_US)
			return UINT64_MAX;
		if (rte_vhost_dequeue_burst(atomic_load(&device), FROM_DRIVER, pool, &packet, 1) ==
			0)
			continue;
		came = is_packet(packet, number);
		rte_pktmbuf_free(packet);
	}
	return microseconds(rte_rdtsc() - begin);
}

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a;
	const uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int serve(const char *path)
{
	if (rte_vhost_driver_register(path, 0) != 0 ||
		rte_vhost_driver_callback_register(path, &callbacks) != 0)
		return -1;
	return rte_vhost_driver_start(path);
}

static void run(struct rte_mempool *pool, uint32_t count, uint32_t longest_gap)
{
	uint64_t *times = calloc(count, sizeof(*times));
	uint32_t lost = 0;

	for (uint32_t i = 0; i < count; i++) {
		times[i] = ping(pool, i);
		lost += times[i] == UINT64_MAX;
		rte_delay_us_block(rte_rand_max(longest_gap + 1));
	}
	qsort(times, count, sizeof(*times), compare);
	printf("sent %u lost %u p50 %" PRIu64 " p99 %" PRIu64 " max %" PRIu64 "\n", count, lost,
		times[count / 2], times[count - 1 - count / 100], times[count - 1]);
	free(times);
}

int main(int argc, char **argv)
{
	const int taken = rte_eal_init(argc, argv);
	struct rte_mempool *pool;
	char line[16];

	if (taken < 0 || argc - taken != 4)
		return 2;
	argv += taken;
	pool = rte_pktmbuf_pool_create("pings", 1023, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	if (pool == NULL || serve(argv[1]) != 0)
		return 1;
	printf("ready\n");
	fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL || atomic_load(&device) < 0)
		return 1;
	run(pool, strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
	fflush(stdout);
	rte_vhost_driver_unregister(argv[1]);
	return 0;
}
