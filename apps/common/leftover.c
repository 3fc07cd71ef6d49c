/* SPDX-License-Identifier: BSD-3-Clause */
#include "leftover.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "message.h"

const char *leftover_match(const struct leftover_option *option, const char *word, const char *next)
{
	const size_t length = strlen(option->name);
	const bool is_letter = length == 2 && option->name[0] == '-' && option->name[1] != '-';
	const char *value;

	if (strncmp(word, option->name, length) != 0)
		return NULL;
	value = word + length;
	if (*value == '\0' && word[0] != '-')
		return NULL;
	if (*value == '\0')
		value = !option->has_value || next == NULL ? "" : next;
	else if (*value == '=')
		value++;
	else if (!is_letter || !option->has_value)
		return NULL;
	if (option->start != NULL && strncmp(value, option->start, strlen(option->start)) != 0)
		return NULL;
	return value;
}

static void write_sentence(const struct leftover_option *option, const char *value, char *text,
	unsigned int size)
{
	const char *mark = strstr(option->remedy, "{}");

	if (mark == NULL)
		snprintf(text, size, "%s: not an option of this program; %s", option->name,
			option->remedy);
	else
		snprintf(text, size, "%s: not an option of this program; %.*s%s%s", option->name,
			(int)(mark - option->remedy), option->remedy,
			value[0] != '\0' ? value : "NAME", mark + 2);
}

/* True for the name, or a start of it, which getopt takes too. */
static bool is_long(const struct option_row *row, const char *word)
{
	return strncmp(word, "--", 2) == 0 && strncmp(row->name, word + 2, strlen(word + 2)) == 0;
}

/* True for an option of the program's whose value is the next word. */
static bool takes_next(const struct option_row *rows, const char *word)
{
	if (word[0] != '-' || word[1] == '\0' || strcmp(word, "--") == 0)
		return false;
	/* The options of EAL are not known here: the next word may be a value. */
	if (rows == NULL)
		return true;
	for (const struct option_row *row = rows; row->name != NULL; row++) {
		const bool is_letter = row->letter != '\0' && word[1] == row->letter &&
			word[2] == '\0';

		if (row->value != NULL && row->value[0] != '[' && (is_letter || is_long(row, word)))
			return true;
	}
	return false;
}

static const struct leftover_option *match_word(const struct leftover_option *list, bool is_text,
	const char *word, const char *next, const char **value)
{
	for (const struct leftover_option *option = list; option->name != NULL; option++) {
		if (is_text != (option->name[0] != '-'))
			continue;
		*value = leftover_match(option, word, next);
		if (*value != NULL)
			return option;
	}
	return NULL;
}

bool leftover_find(const struct leftover_option *list, const struct option_row *rows, int argc,
	char *const *argv, char *text, unsigned int size)
{
	bool is_value = false, is_behind_text = false;

	for (int i = 0; i < argc; i++) {
		const char *word = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL, *value;
		const bool is_text = word[0] != '-';
		const struct leftover_option *option = NULL;

		/* A dash behind an option that may have no value begins the next option. */
		if (!is_value || (rows == NULL && !is_text)) {
			if (!is_text || !is_behind_text)
				option = match_word(list, is_text, word, next, &value);
			is_behind_text |= is_text;
			is_value = takes_next(rows, word);
		} else {
			is_value = false;
		}
		if (option == NULL)
			continue;
		write_sentence(option, value, text, size);
		return true;
	}
	return false;
}

int leftover_answer(const struct leftover_option *list, const struct option_row *rows, int argc,
	char *const *argv, bool is_wrong)
{
	char text[1024];

	if (!leftover_find(list, rows, argc, argv, text, sizeof(text)))
		return 0;
	if (is_wrong) {
		print_error("%s", text);
		return -EINVAL;
	}
	print_warning("%s; here it has no effect", text);
	return 0;
}
