/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"

#include <stdio.h>

#include "select.h"
#include "testpmd.h"

static bool is_forwarding(const struct testpmd *pmd, const struct port *port)
{
	if (!pmd->fwd.running || !fwd_has_port(&pmd->fwd, port->number))
		return false;
	say_reply("Please remove port %u from forwarding configuration.", port->number);
	return true;
}

static void run_start(struct testpmd *pmd, const struct command_words *words)
{
	struct port *port;
	uint16_t at = 0;

	while ((port = select_port(pmd, words->word[2].number, &at)) != NULL) {
		if (port_is_started(port))
			say_reply("Port %u is now not stopped", port->number);
		else
			port_start(port);
	}
	printf("Done\n");
}

static void run_stop(struct testpmd *pmd, const struct command_words *words)
{
	struct port *port;
	uint16_t at = 0;

	printf("Stopping ports...\n");
	fflush(stdout);
	while ((port = select_port(pmd, words->word[2].number, &at)) != NULL)
		if (!is_forwarding(pmd, port) && port_is_started(port) && port_stop(port) != 0)
			pmd->failed = true;
	printf("Done\n");
}

/* The streams of the last run point to the port's device. */
static void close_stopped(struct testpmd *pmd, struct port *port)
{
	if (!pmd->fwd.running)
		fwd_free(&pmd->fwd);
	port_close(port);
	printf("Port %u is closed\n", port->number);
}

static void run_close(struct testpmd *pmd, const struct command_words *words)
{
	struct port *port;
	uint16_t at = 0;

	printf("Closing ports...\n");
	fflush(stdout);
	while ((port = select_port(pmd, words->word[2].number, &at)) != NULL) {
		if (is_forwarding(pmd, port))
			continue;
		if (port_is_started(port))
			say_reply("Cannot close started device (port %u)", port->number);
		else
			close_stopped(pmd, port);
	}
	printf("Done\n");
}

static const struct command commands[] = {
	{"port start PORT", "Start a port, or all.", run_start},
	{"port stop PORT", "Stop a port, or all, by a reset of the device.", run_stop},
	{"port close PORT", "Give the device of a stopped port, or of all, back.", run_close},
	{NULL, NULL, NULL},
};

const struct command_group ports_group = {
	.name = "ports",
	.title = "Configuring ports",
	.commands = commands,
};
