/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_mbuf.h>

#include "common/message.h"
#include "parse_settings.h"
#include "testpmd.h"

static void run_set_mode(struct testpmd *pmd, const struct command_words *words)
{
	if (settings_set_mode(&pmd->settings, words->word[2].text) != 0)
		return;
	pmd->settings.retry = strcmp(words->word[3].text, "retry") == 0;
	printf("Set %s packet forwarding mode%s\n", pmd->settings.engine->name,
		pmd->settings.retry ? " with retry" : "");
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

static void run_set_split(struct testpmd *pmd, const struct command_words *words)
{
	settings_set_split(&pmd->settings, words->word[2].text);
}

static void run_set_gaps(struct testpmd *pmd, const struct command_words *words)
{
	settings_set_gaps(&pmd->settings, words->word[2].text);
}

static void run_set_rx_segments(struct testpmd *pmd, const struct command_words *words)
{
	settings_set_rx_segments(&pmd->settings, words->word[2].text);
}

static void run_set_cores(struct testpmd *pmd, const struct command_words *words)
{
	const uint32_t cores = words->word[2].number;

	if (cores < 1) {
		print_reply("nb-cores must be 1 or more");
	} else if (cores > fwd_max_cores()) {
		print_reply("nb fwd cores %u > %u (max. number of configured lcores) - ignored",
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
	const uint32_t level = words->word[2].number;

	if (level > (VERBOSE_RX | VERBOSE_TX)) {
		print_reply("verbose level %u; allowed: 0 to %u", level, VERBOSE_RX | VERBOSE_TX);
		return;
	}
	printf("Change verbose level from %u to %u\n", pmd->settings.verbose, level);
	pmd->settings.verbose = level;
	fwd_apply(&pmd->fwd);
}

static void run_set_retry(struct testpmd *pmd, const struct command_words *words)
{
	pmd->settings.retry_us = words->word[4].number;
	pmd->settings.retries = words->word[6].number;
}

static void run_set_ports(struct testpmd *pmd, const struct command_words *words)
{
	const uint32_t ports = words->word[2].number;

	if (ports < 1 || ports > pmd->ports.count) {
		print_reply("nb fwd ports %u > %u (number of configured ports) - ignored", ports,
			pmd->ports.count);
		return;
	}
	pmd->settings.ports = ports;
	printf("Number of forwarding ports set to %u\n", ports);
}

/* The settings stay as they are when one of the ports is absent. */
static void run_set_members(struct testpmd *pmd, const struct command_words *words)
{
	struct fwd_settings wanted = pmd->settings;
	const char *text = words->word[2].text;
	int rc;

	if (strcmp(words->word[1].text, "portlist") == 0)
		rc = settings_set_port_list(&wanted, text);
	else if (strcmp(words->word[1].text, "portmask") == 0)
		rc = settings_set_port_mask(&wanted, text);
	else if (strcmp(words->word[1].text, "corelist") == 0)
		rc = settings_set_core_list(&wanted, text);
	else
		rc = settings_set_core_mask(&wanted, text);
	for (uint16_t i = 0; rc == 0 && i < wanted.port_list_count; i++) {
		if (wanted.port_list[i] >= pmd->ports.count) {
			print_reply("Invalid port %u", wanted.port_list[i]);
			rc = -ENODEV;
		}
	}
	if (rc == 0)
		rc = settings_check_cores(&wanted);
	if (rc == 0)
		pmd->settings = wanted;
}

/* Sets what the command line gave: that is the default. */
static void run_set_default(struct testpmd *pmd, const struct command_words *words)
{
	const struct fwd_settings *given = &pmd->options.settings;
	struct fwd_settings *settings = &pmd->settings;

	(void)words;
	settings->ports = given->ports;
	settings->port_list_count = given->port_list_count;
	memcpy(settings->port_list, given->port_list, sizeof(given->port_list));
	settings->cores = given->cores;
	settings->core_list_count = given->core_list_count;
	memcpy(settings->core_list, given->core_list, sizeof(given->core_list));
	memcpy(settings->peers, given->peers, sizeof(given->peers));
	printf("Reset to default forwarding configuration...\n");
}

static void run_set_record(struct testpmd *pmd, const struct command_words *words)
{
	const bool on = strcmp(words->word[2].text, "on") == 0;

	if (strcmp(words->word[1].text, "record-core-cycles") == 0)
		pmd->settings.record_cycles = on;
	else
		pmd->settings.record_bursts = on;
}

/* A command for hardware with a few counters for many queues. */
static void run_set_map(struct testpmd *pmd, const struct command_words *words)
{
	(void)pmd;
	(void)words;
	print_reply("Each queue has counters of its own: show port xstats displays them");
}

static const struct command commands[] = {
	{"set fwd MODE", "Set the packet forwarding mode.", run_set_mode},
	{"set fwd MODE retry", "The same, and retry packets that a full ring refused.",
		run_set_mode},
	{"set burst tx delay N retry N",
		"Set the pause before a retry, in us, and the number of retries.", run_set_retry},
	{"set burst N", "Set the number of packets per burst.", run_set_burst},
	{"set txpkts LIST", "Set the length of each segment of txonly's packets: x[,y]*.",
		run_set_segments},
	{"set txsplit LIST",
		"Set the segments of txonly's packets, and whether csum copies into such: off, on, rand.",
		run_set_split},
	{"set txtimes LIST",
		"Set the ns from one burst of txonly to the next, and what each packet in it adds: x,y.",
		run_set_gaps},
	{"set rxpkts LIST",
		"Set the length of each segment of received packets: x[,y]*. Virtio does not split them.",
		run_set_rx_segments},
	{"set nbcore N", "Set the number of forwarding cores.", run_set_cores},
	{"set nbport N", "Set the number of forwarding ports.", run_set_ports},
	{"set portlist|corelist LIST", "Choose the forwarding ports or lcores: x[,y]*.",
		run_set_members},
	{"set portmask|coremask LIST", "The same as a hexadecimal mask.", run_set_members},
	{"set default", "Forward by the ports, lcores and peers of the command line again.",
		run_set_default},
	{"set record-core-cycles|record-burst-stats on|off",
		"Record CPU cycles, or the sizes of bursts.", run_set_record},
	{"set eth-peer N MAC",
		"Set the peer's address of port N, for the modes mac, csum and txonly.",
		run_set_peer},
	{"set verbose N", "Print packets: 1 those received, 2 those sent, 3 both.",
		run_set_verbose},
	{"set stat_qmap rx|tx N N N", "No effect: each queue has counters of its own.",
		run_set_map},
	{NULL, NULL, NULL},
};

const struct command_group config_group = {
	.name = "config",
	.title = "Configuration, active from the next start; set verbose at once",
	.commands = commands,
};
