/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmdline_parse_etheraddr.h>
#include <cmdline_parse_num.h>

#include "common/message.h"
#include "common/number.h"
#include "modes/modes.h"
#include "testpmd.h"

/* A list of alternatives may be longer than the longest word. */
#define CHOICES_BYTES 512

struct port_token {
	struct cmdline_token_hdr hdr;
	const struct testpmd *pmd;
};

union command_token {
	struct cmdline_token_hdr hdr;
	struct cmdline_token_string string;
	struct cmdline_token_num number;
	struct cmdline_token_etheraddr mac;
	struct port_token port;
};

/* One command in the form of librte_cmdline, with all that its tokens point to. */
struct command_instance {
	const struct command *command;
	const struct command_group *const *groups;
	struct testpmd *pmd;
	union command_token tokens[COMMAND_WORDS];
	char choices[COMMAND_WORDS][CHOICES_BYTES];
	struct cmdline_inst inst; /* followed by its array of pointers to tokens */
};

static int parse_port(cmdline_parse_token_hdr_t *token, const char *text, void *result,
	unsigned int size)
{
	unsigned int length = 0;
	char word[16];
	uint64_t number = PORT_ALL;

	(void)token;
	while (length < sizeof(word) - 1 && !cmdline_isendoftoken(text[length]))
		length++;
	snprintf(word, sizeof(word), "%.*s", (int)length, text);
	if (!cmdline_isendoftoken(text[length]))
		return -1;
	if (strcmp(word, "all") != 0 &&
		(number_parse(word, '\0', &number, NULL) != 0 || number >= PORT_ALL))
		return -1;
	if (result != NULL && size >= sizeof(uint32_t))
		*(uint32_t *)result = number;
	return length;
}

static int count_ports(cmdline_parse_token_hdr_t *token)
{
	return ((const struct port_token *)token)->pmd->ports.count + 1;
}

static int name_port(cmdline_parse_token_hdr_t *token, int index, char *text, unsigned int size)
{
	const struct testpmd *pmd = ((const struct port_token *)token)->pmd;

	if (index == pmd->ports.count)
		snprintf(text, size, "all");
	else if (port_is_open(&pmd->ports.at[index]))
		snprintf(text, size, "%d", index);
	else
		return -1;
	return 0;
}

static int help_port(cmdline_parse_token_hdr_t *token, char *text, unsigned int size)
{
	(void)token;
	snprintf(text, size, "PORT");
	return 0;
}

static struct cmdline_token_ops port_token_ops = {
	.parse = parse_port,
	.complete_get_nb = count_ports,
	.complete_get_elt = name_port,
	.get_help = help_port,
};

static void run_command(void *parsed, struct cmdline *cmdline, void *data)
{
	const struct command_instance *instance = data;
	struct command_words *words = parsed;

	(void)cmdline;
	words->command = instance->command;
	instance->command->run(instance->pmd, words);
	fflush(stdout);
}

bool syntax_begins_with(const char *syntax, const char *kind)
{
	const size_t length = strcspn(syntax, " ");

	return strlen(kind) == length && strncmp(syntax, kind, length) == 0;
}

static void group_names(const struct command_group *const *groups, char *choices)
{
	size_t length = 0;

	for (const struct command_group *const *group = groups; *group != NULL; group++)
		length += snprintf(choices + length, CHOICES_BYTES - length, "%s#", (*group)->name);
	snprintf(choices + length, CHOICES_BYTES - length, "all");
}

/* A literal word, or one of several: librte_cmdline separates those by '#'. */
static void make_choices(struct command_instance *instance, unsigned int at, const char *word,
	size_t length)
{
	char *choices = instance->choices[at];

	if (syntax_begins_with(word, "MODE"))
		engine_names('#', choices, CHOICES_BYTES);
	else if (syntax_begins_with(word, "SECTION"))
		group_names(instance->groups, choices);
	else
		snprintf(choices, CHOICES_BYTES, "%.*s", (int)length, word);
	for (char *bar = strchr(choices, '|'); bar != NULL; bar = strchr(bar, '|'))
		*bar = '#';
	instance->tokens[at].string.string_data.str = choices;
}

static void make_token(struct command_instance *instance, unsigned int at, const char *word,
	size_t length)
{
	union command_token *token = &instance->tokens[at];

	token->hdr.ops = &cmdline_token_string_ops;
	token->hdr.offset = offsetof(struct command_words, word) + at * sizeof(union command_word);
	if (syntax_begins_with(word, "N")) {
		token->hdr.ops = &cmdline_token_num_ops;
		token->number.num_data.type = RTE_UINT32;
	} else if (syntax_begins_with(word, "PORT")) {
		token->hdr.ops = &port_token_ops;
		token->port.pmd = instance->pmd;
	} else if (syntax_begins_with(word, "MAC")) {
		token->hdr.ops = &cmdline_token_etheraddr_ops;
	} else if (syntax_begins_with(word, "FILE")) {
		token->hdr.offset = offsetof(struct command_words, rest);
		token->string.string_data.str = TOKEN_STRING_MULTI;
	} else if (!syntax_begins_with(word, "LIST")) {
		make_choices(instance, at, word, length);
	}
	instance->inst.tokens[at] = &token->hdr;
}

static struct cmdline_inst *make_instance(struct testpmd *pmd,
	const struct command_group *const *groups, const struct command *command)
{
	struct command_instance *instance;
	unsigned int at = 0;

	instance = calloc(1,
		sizeof(*instance) + (COMMAND_WORDS + 1) * sizeof(instance->inst.tokens[0]));
	if (instance == NULL)
		return NULL;
	instance->command = command;
	instance->groups = groups;
	instance->pmd = pmd;
	instance->inst.f = run_command;
	instance->inst.data = instance;
	instance->inst.help_str = command->help;
	for (const char *word = command->syntax; *word != '\0' && at < COMMAND_WORDS; at++) {
		const size_t length = strcspn(word, " ");

		make_token(instance, at, word, length);
		word += length + strspn(word + length, " ");
	}
	return &instance->inst;
}

const struct command *group_command(const struct command_group *group, size_t n)
{
	const struct command *command = group->commands;
	const struct answer *answer = group->answers;

	for (; command != NULL && command->syntax != NULL; command++)
		if (n-- == 0)
			return command;
	for (; answer != NULL && answer->command.syntax != NULL; answer++)
		if (n-- == 0)
			return &answer->command;
	return NULL;
}

static size_t count_commands(const struct command_group *const *groups)
{
	size_t count = 0;

	for (const struct command_group *const *group = groups; *group != NULL; group++)
		for (size_t n = 0; group_command(*group, n) != NULL; n++)
			count++;
	return count;
}

cmdline_parse_ctx_t *commands_build(struct testpmd *pmd, const struct command_group *const *groups)
{
	cmdline_parse_ctx_t *context = calloc(count_commands(groups) + 1, sizeof(*context));
	const struct command *command;
	size_t count = 0;

	if (context == NULL)
		return NULL;
	for (const struct command_group *const *group = groups; *group != NULL; group++) {
		for (size_t n = 0; (command = group_command(*group, n)) != NULL; n++) {
			context[count] = make_instance(pmd, groups, command);
			if (context[count++] == NULL) {
				commands_free(context);
				return NULL;
			}
		}
	}
	return context;
}

void commands_free(cmdline_parse_ctx_t *context)
{
	if (context == NULL)
		return;
	for (size_t i = 0; context[i] != NULL; i++)
		free(context[i]->data);
	free(context);
}

static void print_invalid_port(const struct testpmd *pmd, uint32_t number)
{
	print_reply("Invalid port %u", number);
	printf("The valid ports array is [");
	for (uint16_t i = 0; i < pmd->ports.count; i++)
		if (port_is_open(&pmd->ports.at[i]))
			printf(" %u", i);
	printf(" ]\n");
}

static struct port *find_port(struct testpmd *pmd, uint32_t number)
{
	if (number < pmd->ports.count && port_is_open(&pmd->ports.at[number]))
		return &pmd->ports.at[number];
	print_invalid_port(pmd, number);
	return NULL;
}

struct port *select_port(struct testpmd *pmd, uint32_t number, uint16_t *at)
{
	if (number != PORT_ALL)
		return (*at)++ == 0 ? find_port(pmd, number) : NULL;
	while (*at < pmd->ports.count) {
		struct port *port = &pmd->ports.at[(*at)++];

		if (port_is_open(port))
			return port;
	}
	return NULL;
}

struct port *select_one_port(struct testpmd *pmd, uint32_t number)
{
	if (number != PORT_ALL)
		return find_port(pmd, number);
	print_reply("port all; allowed for this command: the number of one port");
	return NULL;
}

bool require_stopped(const struct port *port)
{
	if (!port_is_started(port))
		return true;
	print_reply("Please stop port %u first", port->number);
	return false;
}

struct port *select_stopped_port(struct testpmd *pmd, uint32_t number)
{
	struct port *port = select_one_port(pmd, number);

	return port != NULL && require_stopped(port) ? port : NULL;
}
