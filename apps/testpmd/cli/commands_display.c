/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/message.h"
#include "show.h"
#include "testpmd.h"

static void run_show_port(struct testpmd *pmd, const struct command_words *words)
{
	const char *what = words->word[2].text;
	struct port *port;
	uint16_t at = 0;

	while ((port = select_port(pmd, words->word[3].number, &at)) != NULL) {
		if (strcmp(what, "info") == 0)
			show_port_info(port);
		else if (strcmp(what, "stats") == 0)
			show_port_stats(port);
		else
			show_port_xstats(port, pmd->hides_zero);
	}
}

static void run_show_summary(struct testpmd *pmd, const struct command_words *words)
{
	struct port *port;
	uint16_t at = 0;
	bool headed = false;

	while ((port = select_port(pmd, words->word[3].number, &at)) != NULL) {
		if (!headed)
			show_port_summary_head(pmd);
		headed = true;
		show_port_summary(port);
	}
}

static void run_show_types(struct testpmd *pmd, const struct command_words *words)
{
	const struct port *port = select_one_port(pmd, words->word[2].number);

	if (port != NULL)
		show_packet_types(port);
}

static void run_show_capabilities(struct testpmd *pmd, const struct command_words *words)
{
	struct port *port;
	uint16_t at = 0;

	while ((port = select_port(pmd, words->word[3].number, &at)) != NULL)
		show_offloads(pmd, port);
}

static void run_clear_port(struct testpmd *pmd, const struct command_words *words)
{
	struct port *port;
	uint16_t at = 0;

	while ((port = select_port(pmd, words->word[3].number, &at)) != NULL) {
		counters_read(port->net, port->conf.queue_pairs, &port->cleared);
		memset(&port->shown, 0, sizeof(port->shown));
		printf("\n  NIC statistics for port %u cleared\n", port->number);
	}
}

/* The run's numbers so far go into a report of their own; that of the last run that ended stays. */
static void run_show_fwd(struct testpmd *pmd, const struct command_words *words)
{
	struct report *report;

	(void)words;
	if (pmd->fwd.stream_count == 0) {
		print_reply("Packet forwarding was not started yet");
		return;
	}
	report = malloc(sizeof(*report));
	if (report == NULL)
		return;
	report_collect(report, &pmd->fwd);
	report_print(report, &pmd->fwd);
	free(report);
}

static void run_clear_fwd(struct testpmd *pmd, const struct command_words *words)
{
	(void)words;
	fwd_clear(&pmd->fwd);
}

/* Plans a run, unless one is on: a new plan would free the streams that its lcores use. */
static bool plan_to_show(struct testpmd *pmd)
{
	if (pmd->fwd.running || fwd_plan(&pmd->fwd) == 0)
		return true;
	print_reply("No port is left to forward with");
	return false;
}

static void run_show_config(struct testpmd *pmd, const struct command_words *words)
{
	const char *what = words->word[2].text;

	if (!plan_to_show(pmd))
		return;
	if (strcmp(what, "fwd") == 0)
		show_forwarding(pmd);
	else if (strcmp(what, "rxtx") == 0)
		show_queues(pmd);
	else if (strcmp(what, "cores") == 0)
		show_lcores(pmd);
	else if (strcmp(what, "txpkts") == 0)
		show_packets(pmd);
	else if (strcmp(what, "txtimes") == 0)
		show_gaps(pmd);
	else
		show_rx_segments(pmd);
}

static void run_show_devices(struct testpmd *pmd, const struct command_words *words)
{
	const char *name = words->word[3].text;
	struct port *port;
	uint16_t at = 0;
	bool found = false;

	while ((port = select_port(pmd, PORT_ALL, &at)) != NULL) {
		if (strcmp(name, "all") != 0 && strcmp(name, port_name(port)) != 0)
			continue;
		show_device(port);
		found = true;
	}
	if (!found && strcmp(name, "all") != 0)
		print_reply("no port has the device %s; show device info all displays them", name);
}

static void run_hide_zero(struct testpmd *pmd, const struct command_words *words)
{
	pmd->hides_zero = strcmp(words->word[2].text, "on") == 0;
}

static const struct command commands[] = {
	{"show port info|stats|xstats PORT", "Display information or counters of a port, or all.",
		run_show_port},
	{"show port summary PORT", "Display one line for a port, or all.", run_show_summary},
	{"show port PORT ptypes", "Display the packet types that a device recognises.",
		run_show_types},
	{"show port cap PORT", "Display the offloads of a port, or all, and which are on.",
		run_show_capabilities},
	{"clear port stats|xstats PORT", "Set the counters of a port, or all, to 0.",
		run_clear_port},
	{"show fwd stats all", "Display the statistics of forwarding so far.", run_show_fwd},
	{"clear fwd stats all", "Set the statistics of forwarding to 0.", run_clear_fwd},
	{"show config fwd|rxtx|cores|txpkts|txtimes|rxpkts",
		"Display that part of the configuration.", run_show_config},
	{"show device info LIST", "Display the device of that name, or all.", run_show_devices},
	{"set xstats-hide-zero on|off", "Leave counters that are 0 out of show port xstats.",
		run_hide_zero},
	{NULL, NULL, NULL},
};

const struct command_group display_group = {
	.name = "display",
	.title = "Displaying port, stats and config information",
	.commands = commands,
};
