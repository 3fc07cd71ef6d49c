/* SPDX-License-Identifier: BSD-3-Clause */
#include "answer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/message.h"
#include "testpmd.h"

#define LONGEST_TEXT 512

/* True when the word at that place of a syntax is that kind of value, see command.h. */
static bool is_kind(const char *syntax, unsigned int at, const char *kind)
{
	for (; at > 0 && *syntax != '\0'; at--) {
		syntax += strcspn(syntax, " ");
		syntax += strspn(syntax, " ");
	}
	return syntax_begins_with(syntax, kind);
}

/* Writes the word that was typed at a place. Returns its length, as snprintf does. */
static size_t write_word(const struct command_words *words, unsigned int at, char *text,
	size_t size)
{
	const char *syntax = words->command->syntax;
	const union command_word *word = &words->word[at];

	if (is_kind(syntax, at, "N") || is_kind(syntax, at, "PORT"))
		return snprintf(text, size, "%u", word->number);
	if (is_kind(syntax, at, "MAC"))
		return snprintf(text, size, "%02X:%02X:%02X:%02X:%02X:%02X",
			word->mac.addr_bytes[0], word->mac.addr_bytes[1], word->mac.addr_bytes[2],
			word->mac.addr_bytes[3], word->mac.addr_bytes[4], word->mac.addr_bytes[5]);
	return snprintf(text, size, "%s", word->text);
}

static size_t write_place(const struct command_words *words, const char *place, const char **end,
	char *text, size_t size)
{
	const unsigned int at = strtoul(place + 1, (char **)(uintptr_t)end, 10);
	const char *word = words->word[at].text;

	if (**end == '?') {
		*end += 2;
		return snprintf(text, size, "%d",
			strcmp(word, "on") == 0 || strcmp(word, "add") == 0);
	}
	*end += 1;
	return write_word(words, at, text, size);
}

size_t answer_text(const struct answer *answer, const struct command_words *words, char *text,
	size_t size)
{
	const char *at = answer->text;
	size_t length = 0;

	while (*at != '\0' && length < size) {
		if (at[0] == '{' && isdigit((unsigned char)at[1]))
			length += write_place(words, at, &at, text + length, size - length);
		else
			text[length++] = *at++;
	}
	length = RTE_MIN(length, size - 1);
	text[length] = '\0';
	return length;
}

/* Each line is a reply of its own. */
static void print_answer(const struct answer *answer, const struct command_words *words)
{
	char text[LONGEST_TEXT];
	char *rest = text;
	const char *line;

	answer_text(answer, words, text, sizeof(text));
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			print_reply("%s", line);
}

/* The place of PORT in the syntax, or -1. */
static int find_port(const char *syntax)
{
	for (int at = 0; at < COMMAND_WORDS; at++)
		if (is_kind(syntax, at, "PORT"))
			return at;
	return -1;
}

void answer_run(struct testpmd *pmd, const struct command_words *words)
{
	const struct answer *answer = container_of(words->command, struct answer, command);
	const int place = find_port(words->command->syntax);
	struct command_words one = *words;
	struct port *port;
	uint16_t at = 0;

	if (place < 0) {
		print_answer(answer, words);
		return;
	}
	while ((port = select_port(pmd, words->word[place].number, &at)) != NULL) {
		one.word[place].number = port->number;
		if (!answer->needs_stop || require_stopped(port))
			print_answer(answer, &one);
	}
}
