/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "prompt.h"
#include "testpmd.h"

static void run_start(struct testpmd *pmd, const struct command_words *words)
{
	(void)words;
	testpmd_start(pmd, 0);
}

static void run_start_tx_first(struct testpmd *pmd, const struct command_words *words)
{
	(void)words;
	testpmd_start(pmd, 1);
}

static void run_start_tx_first_bursts(struct testpmd *pmd, const struct command_words *words)
{
	testpmd_start(pmd, words->word[2].number);
}

static void run_stop(struct testpmd *pmd, const struct command_words *words)
{
	(void)words;
	testpmd_stop(pmd);
}

static void run_quit(struct testpmd *pmd, const struct command_words *words)
{
	(void)words;
	pmd->quit = true;
}

static void run_load(struct testpmd *pmd, const struct command_words *words)
{
	char path[STR_MULTI_TOKEN_SIZE];
	size_t length;

	snprintf(path, sizeof(path), "%s", words->rest);
	length = strlen(path);
	while (length > 0 && path[length - 1] == ' ')
		path[--length] = '\0';
	prompt_load(pmd, path);
}

static void help_group(const struct command_group *group)
{
	const struct command *command;

	printf("\n%s:\n", group->title);
	for (size_t i = strlen(group->title) + 1; i > 0; i--)
		putchar('-');
	printf("\n\n");
	for (size_t n = 0; (command = group_command(group, n)) != NULL; n++)
		printf("%s\n    %s\n\n", command->syntax, command->help);
}

static void run_help(struct testpmd *pmd, const struct command_words *words)
{
	(void)pmd;
	(void)words;
	printf("\nHelp is available for the following sections:\n\n");
	for (const struct command_group *const *group = command_groups; *group != NULL; group++)
		printf("    help %-27s: %s.\n", (*group)->name, (*group)->title);
	printf("    help %-27s: All of the above sections.\n\n", "all");
}

static void run_help_section(struct testpmd *pmd, const struct command_words *words)
{
	const char *section = words->word[1].text;

	(void)pmd;
	for (const struct command_group *const *group = command_groups; *group != NULL; group++)
		if (strcmp(section, "all") == 0 || strcmp(section, (*group)->name) == 0)
			help_group(*group);
}

static const struct command commands[] = {
	{"start", "Start packet forwarding with the current configuration.", run_start},
	{"start tx_first", "Start packet forwarding after sending one burst of packets.",
		run_start_tx_first},
	{"start tx_first N", "Start packet forwarding after sending N bursts of packets.",
		run_start_tx_first_bursts},
	{"stop", "Stop packet forwarding, and display the statistics of the run.", run_stop},
	{"quit", "Stop forwarding, close the ports and leave.", run_quit},
	{"load FILE", "Run the commands of a file.", run_load},
	{"help", "Show the sections of the help.", run_help},
	{"help SECTION", "Show the commands of a section.", run_help_section},
	{NULL, NULL, NULL},
};

const struct command_group control_group = {
	.name = "control",
	.title = "Start and stop forwarding",
	.commands = commands,
};

const struct command_group *const command_groups[] = {
	&control_group,
	&display_group,
	&config_group,
	&ports_group,
	&queues_group,
	&offload_group,
	&vlan_group,
	&filter_group,
	&rss_group,
	&memory_group,
	&flow_group,
	&traffic_group,
	&hardware_group,
	&drivers_group,
	NULL,
};
