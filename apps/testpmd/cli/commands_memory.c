/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's own memory, objects, lcores and log, printed by DPDK. */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_devargs.h>
#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_memory.h>
#include <rte_mempool.h>
#include <rte_memzone.h>
#include <rte_ring.h>

#include "common/message.h"
#include "testpmd.h"

#define MIB (1024.0 * 1024)

static void print_socket(const char *label, const struct rte_malloc_socket_stats *stats)
{
	const double total = stats->heap_totalsz_bytes;

	printf("%s: size(M) total: %.6f alloc: %.6f(%.3f%%) free: %.6f \tcount alloc: %-4u free: %u\n",
		label, total / MIB, stats->heap_allocsz_bytes / MIB,
		total > 0 ? 100 * stats->heap_allocsz_bytes / total : 0,
		stats->heap_freesz_bytes / MIB, stats->alloc_count, stats->free_count);
}

static void dump_sockets(void)
{
	static struct rte_malloc_socket_stats last;
	struct rte_malloc_socket_stats all = {0};

	for (int socket = 0; socket < RTE_MAX_NUMA_NODES; socket++) {
		struct rte_malloc_socket_stats stats;
		char label[16];

		if (rte_malloc_get_socket_stats(socket, &stats) != 0 ||
			stats.heap_totalsz_bytes == 0)
			continue;
		snprintf(label, sizeof(label), "Socket %d", socket);
		print_socket(label, &stats);
		all.heap_totalsz_bytes += stats.heap_totalsz_bytes;
		all.heap_allocsz_bytes += stats.heap_allocsz_bytes;
		all.heap_freesz_bytes += stats.heap_freesz_bytes;
		all.alloc_count += stats.alloc_count;
		all.free_count += stats.free_count;
	}
	print_socket("Total   ", &all);
	if (last.heap_allocsz_bytes != 0)
		printf("Memory total change: %.6f(M), allocation change: %.6f(M)\n",
			((double)all.heap_totalsz_bytes - last.heap_totalsz_bytes) / MIB,
			((double)all.heap_allocsz_bytes - last.heap_allocsz_bytes) / MIB);
	last = all;
}

static void dump_sizes(void)
{
	printf("sizeof(struct rte_mbuf) = %zu\n", sizeof(struct rte_mbuf));
	printf("sizeof(struct rte_mempool) = %zu\n", sizeof(struct rte_mempool));
	printf("sizeof(struct rte_ring) = %zu\n", sizeof(struct rte_ring));
}

static void dump_physmem(void)
{
	rte_dump_physmem_layout(stdout);
}

static void dump_zones(void)
{
	rte_memzone_dump(stdout);
}

static void dump_pools(void)
{
	rte_mempool_list_dump(stdout);
}

static void dump_rings(void)
{
	rte_ring_list_dump(stdout);
}

static void dump_devargs(void)
{
	rte_devargs_dump(stdout);
}

static void dump_log_types(void)
{
	rte_log_dump(stdout);
}

static void dump_lcores(void)
{
	rte_lcore_dump(stdout);
}

static void run_dump(struct testpmd *pmd, const struct command_words *words)
{
	static const struct {
		const char *name;
		void (*dump)(void);
	} dumps[] = {
		{"dump_physmem", dump_physmem},
		{"dump_memzone", dump_zones},
		{"dump_socket_mem", dump_sockets},
		{"dump_struct_sizes", dump_sizes},
		{"dump_ring", dump_rings},
		{"dump_mempool", dump_pools},
		{"dump_devargs", dump_devargs},
		{"dump_lcores", dump_lcores},
		{"dump_log_types", dump_log_types},
	};

	(void)pmd;
	for (size_t i = 0; i < RTE_DIM(dumps); i++)
		if (strcmp(dumps[i].name, words->word[0].text) == 0)
			dumps[i].dump();
}

static void run_dump_pool(struct testpmd *pmd, const struct command_words *words)
{
	struct rte_mempool *pool = rte_mempool_lookup(words->word[1].text);

	(void)pmd;
	if (pool != NULL)
		rte_mempool_dump(stdout, pool);
	else
		printf("Cannot find mempool\n");
}

static void run_dump_ring(struct testpmd *pmd, const struct command_words *words)
{
	const struct rte_ring *ring = rte_ring_lookup(words->word[1].text);

	(void)pmd;
	if (ring != NULL)
		rte_ring_dump(stdout, ring);
	else
		printf("Cannot find ring\n");
}

static void run_set_log(struct testpmd *pmd, const struct command_words *words)
{
	const char *type = words->word[2].text;
	const uint32_t level = words->word[3].number;

	(void)pmd;
	if (level > RTE_LOG_MAX)
		print_reply("Unable to set log level: %u; allowed: 0 to %u", level, RTE_LOG_MAX);
	else if (strcmp(type, "global") == 0)
		rte_log_set_global_level(level);
	else if (rte_log_set_level_regexp(type, level) < 0)
		print_reply("Unable to set log level: '%s' is not a regular expression", type);
}

static const struct command commands[] = {
	{"dump_physmem|dump_memzone|dump_socket_mem|dump_struct_sizes|dump_ring|dump_mempool|dump_devargs|dump_lcores|dump_log_types",
		"Display DPDK's memory, objects, device arguments, lcores or log types.", run_dump},
	{"dump_mempool LIST", "Display the pool of that name.", run_dump_pool},
	{"dump_ring LIST", "Display the ring of that name.", run_dump_ring},
	{"set log LIST N",
		"Set the level of DPDK's log: of all (global), or of the types that match.",
		run_set_log},
	{NULL, NULL, NULL},
};

const struct command_group memory_group = {
	.name = "memory",
	.title = "DPDK's memory, objects and log",
	.commands = commands,
};
