/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/eal.h>
#include <kickless/net.h>

#include "side.h"

#define MAX_ARGUMENTS 64

int bench_eal(int argc, char **argv, const char *lcores)
{
	char *arguments[MAX_ARGUMENTS] = {argv[0], "-l", (char *)lcores, "-m", "512",
		"--iova-mode=va", "--no-telemetry", "--log-level=error"};
	int count = 8, last = argc - 1;

	while (last > 0 && strcmp(argv[last], "--") != 0)
		last--;
	for (int i = 1; i < last && count < MAX_ARGUMENTS - 1; i++)
		arguments[count++] = argv[i];
	return kl_eal_init(count, arguments) < 0 ? -1 : last;
}

static struct rte_mempool *expect_pool(struct rte_mempool *pool, unsigned int packets)
{
	if (pool == NULL) {
		fprintf(stderr, "bench: no memory for %u packets; give EAL more with -m\n",
			packets);
		exit(1);
	}
	return pool;
}

struct rte_mempool *bench_pool(const char *name, unsigned int packets, uint16_t data_room)
{
	return expect_pool(rte_pktmbuf_pool_create(name, packets, 256, 0, data_room, SOCKET_ID_ANY),
		packets);
}

struct rte_mempool *bench_isolated_pool(const char *name, unsigned int packets, uint16_t data_room)
{
	return expect_pool(kl_net_pool_create(name, packets, 256, 0, data_room, SOCKET_ID_ANY),
		packets);
}
