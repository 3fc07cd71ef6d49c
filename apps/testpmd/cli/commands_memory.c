/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's memory, printed by DPDK. */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_mempool.h>
#include <rte_memory.h>
#include <rte_memzone.h>

static void run_dump(struct testpmd *pmd, const struct command_words *words)
{
	const char *what = words->word[0].text;

	(void)pmd;
	if (strcmp(what, "dump_physmem") == 0)
		rte_dump_physmem_layout(stdout);
	else if (strcmp(what, "dump_memzone") == 0)
		rte_memzone_dump(stdout);
	else
		rte_mempool_list_dump(stdout);
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

static const struct command commands[] = {
	{"dump_physmem|dump_memzone|dump_mempool", "Display DPDK's memory, zones or pools.",
		run_dump},
	{"dump_mempool LIST", "Display the pool of that name.", run_dump_pool},
	{NULL, NULL, NULL},
};

const struct command_group memory_group = {
	.name = "memory",
	.title = "DPDK's memory",
	.commands = commands,
};
