/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The prompt's commands, as tables: what a command looks like, what it does, what the help says.
 * From the look librte_cmdline gets its tokens, so parsing, completion and help have one source.
 *
 * In a look a word stands for itself, a|b for one of several, and these for a kind of value:
 *	N	a number
 *	PORT	the number of a port, or "all"
 *	MAC	an Ethernet address
 *	MODE	a forwarding mode
 *	SECTION	a group of commands, or "all"
 *	LIST	any word
 *	FILE	the rest of the line
 */
#ifndef TESTPMD_COMMAND_H
#define TESTPMD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmdline_parse.h>
#include <cmdline_parse_string.h>
#include <rte_ether.h>

struct port;
struct testpmd;

#define COMMAND_WORDS 24
#define PORT_ALL UINT32_MAX

union command_word {
	char text[STR_TOKEN_SIZE];
	uint32_t number; /* of N and PORT */
	struct rte_ether_addr mac;
};

struct command;

/* The words of the line, as typed. */
struct command_words {
	union command_word word[COMMAND_WORDS];
	char rest[STR_MULTI_TOKEN_SIZE]; /* of FILE */
	const struct command *command;
};
_Static_assert(sizeof(struct command_words) <= CMDLINE_PARSE_RESULT_BUFSIZE,
	"librte_cmdline writes the words into its own buffer");

struct command {
	const char *syntax;
	const char *help;
	void (*run)(struct testpmd *pmd, const struct command_words *words);
};

/* A command for what a virtio device does not have, see answer.h. */
struct answer {
	struct command command; /* run by answer_run */
	/*
	 * Printed once for each port that the command names. In it {N} is the N-th word of the line
	 * (the first is 0), and {N?} is 1 when that is "on" or "add", else 0. "" is testpmd's
	 * answer where a failure shows later only, or not at all.
	 */
	const char *text;
	bool needs_stop; /* a started port has to be stopped first */
};

struct command_group {
	const char *name; /* as in "help NAME" */
	const char *title;
	const struct command *commands; /* ended by a NULL syntax; may be NULL */
	const struct answer *answers; /* the same */
};

extern const struct command_group control_group;
extern const struct command_group display_group;
extern const struct command_group config_group;
extern const struct command_group ports_group;
extern const struct command_group queues_group;
extern const struct command_group vlan_group;
extern const struct command_group offload_group;
extern const struct command_group filter_group;
extern const struct command_group rss_group;
extern const struct command_group memory_group;
extern const struct command_group flow_group;
extern const struct command_group traffic_group;
extern const struct command_group hardware_group;
extern const struct command_group drivers_group;

/* All groups, ended by NULL. */
extern const struct command_group *const command_groups[];

/* True when the word at the beginning of a syntax is that kind of value, or that literal word. */
bool syntax_begins_with(const char *syntax, const char *kind);

/* The n-th command of a group; NULL behind the last one. */
const struct command *group_command(const struct command_group *group, size_t n);

/*
 * Makes librte_cmdline's context of groups that end with NULL, valid as long as pmd. Commands run
 * on the thread that parses. Returns NULL without memory.
 */
cmdline_parse_ctx_t *commands_build(struct testpmd *pmd, const struct command_group *const *groups);
void commands_free(cmdline_parse_ctx_t *context);

/*
 * Finds the next open port from *at on that number selects (PORT_ALL: each one), and sets *at
 * behind it. Start with *at = 0. Returns NULL at the end. A number without a port is reported once.
 */
struct port *select_port(struct testpmd *pmd, uint32_t number, uint16_t *at);

/* Finds the open port with a number. Returns NULL after a message, also for PORT_ALL. */
struct port *select_one_port(struct testpmd *pmd, uint32_t number);

/* The same, if the port is stopped: offloads are negotiated when it starts. */
struct port *select_stopped_port(struct testpmd *pmd, uint32_t number);

/* Returns true when the port is stopped, false after a message. */
bool require_stopped(const struct port *port);

#endif
