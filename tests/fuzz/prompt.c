/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * F9 of the fault catalogue, for the text that kickless-testpmd reads from people: lines of its
 * prompt, its command line, lists of numbers, the address of its metrics. The first byte chooses
 * the kind. Commands are parsed and not run.
 *
 * Invariants: invalid text is refused; accepted text stays within its buffer.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <cmdline.h>

#include "cli/command.h"
#include "input.h"
#include "cli/lists.h"
#include "cli/testpmd.h"

#define LONGEST 512
#define MOST_WORDS 32

static struct testpmd pmd;
static struct cmdline *prompt;

int LLVMFuzzerInitialize(int *argc, char ***argv);

static void check_parsed(void *parsed, struct cmdline *cmdline, void *data)
{
	const struct command_words *words = parsed;

	(void)cmdline;
	(void)data;
	MUST(memchr(words->rest, 0, sizeof(words->rest)) != NULL);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	cmdline_parse_ctx_t *commands = commands_build(&pmd, command_groups);

	(void)argc;
	(void)argv;
	MUST(commands != NULL);
	for (size_t i = 0; commands[i] != NULL; i++)
		((cmdline_parse_inst_t *)commands[i])->f = check_parsed;
	prompt = cmdline_new(commands, "", open("/dev/null", O_RDONLY),
		open("/dev/null", O_WRONLY));
	MUST(prompt != NULL);
	return 0;
}

static void parse_line(char *line)
{
	char completed[256];
	int state = 0;

	line[strcspn(line, "\n")] = '\0';
	MUST(strlen(line) < LONGEST);
	(void)cmdline_complete(prompt, line, &state, completed, sizeof(completed));
	strcat(line, "\n");
	(void)cmdline_parse(prompt, line);
}

/* Words are separated by newlines, so that spaces can be part of one. */
static void parse_options(char *text)
{
	char *words[MOST_WORDS + 3] = {(char[]){"testpmd"}, (char[]){"--"}};
	struct options options;
	FILE *saved_stderr = stderr;
	int count = 2;

	for (char *word = strtok(text, "\n"); word != NULL && count < MOST_WORDS;
		word = strtok(NULL, "\n"))
		words[count++] = word;
	stderr = fopen("/dev/null", "w");
	MUST(stderr != NULL);
	memset(&options, 0, sizeof(options));
	if (options_parse(&options, count, words) == 0 && !options.help && !options.version)
		MUST(options.device_count > 0);
	fclose(stderr);
	stderr = saved_stderr;
}

static void parse_lists(const char *text)
{
	struct list_pair pairs[4];
	uint16_t items[8];
	int count;

	count = list_parse(text, items, 8);
	MUST(count <= 8);
	for (int i = 0; i < count; i++)
		for (int j = 0; j < i; j++)
			MUST(items[i] != items[j]);
	MUST(mask_parse(text, items, 8) <= 8);
	MUST(pairs_parse(text, pairs, 4) <= 4);
	(void)mask_list_has(text, 63);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[LONGEST + 2];

	if (size == 0 || size > LONGEST)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (data[0] % 3 == 0)
		parse_line(text);
	else if (data[0] % 3 == 1)
		parse_options(text);
	else
		parse_lists(text);
	return 0;
}
