/* SPDX-License-Identifier: BSD-3-Clause */
#include "prompt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmdline.h>

#include "command.h"
#include "common/message.h"
#include "common/signals.h"
#include "testpmd.h"

#define PROMPT "testpmd> "
#define MAX_NESTED_FILES 8

static cmdline_parse_ctx_t *context;
static struct cmdline *screen; /* on standard input and output */
static struct cmdline *batch; /* parses lines of files, without output */
static struct termios saved_terminal;
static bool terminal_changed;
static bool line_begun; /* the last input had no end of line */

int prompt_init(struct testpmd *pmd, const struct command_group *const *groups)
{
	context = commands_build(pmd, groups);
	if (context == NULL)
		return -ENOMEM;
	batch = cmdline_new(context, "", -1, -1);
	return batch != NULL ? 0 : -ENOMEM;
}

/*
 * The line editor needs keys one by one and unechoed, with Ctrl-C as a signal. A stop by Ctrl-Z
 * would leave the devices running without polling.
 */
static void change_terminal(void)
{
	struct termios terminal;

	if (tcgetattr(STDIN_FILENO, &saved_terminal) != 0)
		return;
	terminal = saved_terminal;
	terminal.c_lflag &= ~(ICANON | ECHO);
	terminal.c_cc[VSUSP] = _POSIX_VDISABLE;
	terminal.c_cc[VMIN] = 1;
	terminal.c_cc[VTIME] = 0;
	terminal_changed = tcsetattr(STDIN_FILENO, TCSANOW, &terminal) == 0;
}

int prompt_open(void)
{
	change_terminal();
	fflush(stdout);
	screen = cmdline_new(context, PROMPT, STDIN_FILENO, STDOUT_FILENO);
	return screen != NULL ? 0 : -ENOMEM;
}

static void take_text(struct testpmd *pmd, const char *text, ssize_t length)
{
	/* Commands print through stdio; the line editor's echo does not. */
	fflush(stdout);
	line_begun = text[length - 1] != '\n';
	for (ssize_t i = 0; i < length && !pmd->quit && !signals_stop_requested(); i++)
		if (cmdline_in(screen, text + i, 1) < 0)
			pmd->quit = true;
}

void prompt_read(struct testpmd *pmd)
{
	char text[256];
	const ssize_t length = read(STDIN_FILENO, text, sizeof(text));

	if (length > 0) {
		take_text(pmd, text, length);
	} else if (length == 0) {
		if (line_begun)
			take_text(pmd, "\n", 1);
		pmd->quit = true;
	} else if (errno != EINTR && errno != EAGAIN) {
		pmd->quit = true;
	}
}

void prompt_close(void)
{
	if (terminal_changed)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved_terminal);
	terminal_changed = false;
	cmdline_free(screen);
	cmdline_free(batch);
	commands_free(context);
	screen = NULL;
	batch = NULL;
	context = NULL;
}

static void run_line(const char *path, unsigned int number, const char *line)
{
	switch (cmdline_parse(batch, line)) {
	case CMDLINE_PARSE_AMBIGUOUS:
		print_reply("%s:%u: Ambiguous command", path, number);
		break;
	case CMDLINE_PARSE_NOMATCH:
		print_reply("%s:%u: Command not found", path, number);
		break;
	case CMDLINE_PARSE_BAD_ARGS:
		print_reply("%s:%u: Bad arguments", path, number);
		break;
	}
}

static void run_lines(struct testpmd *pmd, FILE *file, const char *path)
{
	char line[STR_MULTI_TOKEN_SIZE];

	for (unsigned int number = 1; fgets(line, sizeof(line) - 1, file) != NULL; number++) {
		if (strchr(line, '\n') == NULL)
			strcat(line, "\n");
		run_line(path, number, line);
		if (pmd->quit || signals_stop_requested())
			return;
	}
}

int prompt_load(struct testpmd *pmd, const char *path)
{
	static unsigned int nested;
	FILE *file;

	if (nested == MAX_NESTED_FILES) {
		print_reply("%s: more than %u nested files of commands", path, MAX_NESTED_FILES);
		return -ELOOP;
	}
	file = fopen(path, "r");
	if (file == NULL) {
		const int rc = -errno;

		print_error("can't read commands from %s: %s", path, strerror(-rc));
		return rc;
	}
	nested++;
	run_lines(pmd, file, path);
	nested--;
	fclose(file);
	printf("Read CLI commands from %s\n", path);
	return 0;
}
