/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"

#include <stdio.h>

#include <rte_mbuf.h>

#include "testpmd.h"

static void run_set_mode(struct testpmd *pmd, const struct command_words *words)
{
	if (settings_set_mode(&pmd->settings, words->word[2].text) == 0)
		printf("Set %s packet forwarding mode\n", pmd->settings.engine->name);
}

static void run_set_burst(struct testpmd *pmd, const struct command_words *words)
{
	if (settings_set_burst(&pmd->settings, words->word[2].number) == 0)
		printf("Number of packets per burst set to %u\n", pmd->settings.burst);
}

static void run_set_segments(struct testpmd *pmd, const struct command_words *words)
{
	settings_set_segments(&pmd->settings, words->word[2].text,
		pmd->options.mbuf_size - RTE_PKTMBUF_HEADROOM);
}

static void run_set_cores(struct testpmd *pmd, const struct command_words *words)
{
	const uint32_t cores = words->word[2].number;

	if (cores < 1) {
		say_reply("nb-cores must be 1 or more");
	} else if (cores > fwd_max_cores()) {
		say_reply("nb fwd cores %u > %u (max. number of configured lcores) - ignored",
			cores, fwd_max_cores());
	} else {
		pmd->settings.cores = cores;
		printf("Number of forwarding cores set to %u\n", cores);
	}
}

static void run_set_peer(struct testpmd *pmd, const struct command_words *words)
{
	settings_set_peer(&pmd->settings, words->word[2].number, &words->word[3].mac);
}

static void run_set_verbose(struct testpmd *pmd, const struct command_words *words)
{
	(void)pmd;
	if (words->word[2].number == 0)
		printf("Change verbose level from 0 to 0\n");
	else
		say_reply("verbose levels above 0 are not supported by this version");
}

static const struct command commands[] = {
	{"set fwd MODE", "Set the packet forwarding mode.", run_set_mode},
	{"set burst N", "Set the number of packets per burst.", run_set_burst},
	{"set txpkts LIST", "Set the length of each segment of txonly's packets: x[,y]*.",
		run_set_segments},
	{"set nbcore N", "Set the number of forwarding cores.", run_set_cores},
	{"set eth-peer N MAC", "Set the peer's address of port N, for the modes mac and txonly.",
		run_set_peer},
	{"set verbose N", "Set the level of messages about packets; only 0 so far.",
		run_set_verbose},
	{NULL, NULL, NULL},
};

const struct command_group config_group = {
	.name = "config",
	.title = "Configuration, active from the next start on",
	.commands = commands,
};
