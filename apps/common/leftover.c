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

bool leftover_find(const struct leftover_option *list, int argc, char *const *argv, char *text,
	unsigned int size)
{
	for (int i = 0; i < argc; i++) {
		for (const struct leftover_option *option = list; option->name != NULL; option++) {
			const char *value = leftover_match(option, argv[i],
				i + 1 < argc ? argv[i + 1] : NULL);

			if (value == NULL)
				continue;
			write_sentence(option, value, text, size);
			return true;
		}
	}
	return false;
}

int leftover_answer(const struct leftover_option *list, int argc, char *const *argv, bool is_wrong)
{
	char text[1024];

	if (!leftover_find(list, argc, argv, text, sizeof(text)))
		return 0;
	if (is_wrong) {
		print_error("%s", text);
		return -EINVAL;
	}
	print_warning("%s; here it has no effect", text);
	return 0;
}
