/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "message.h"
#include "number.h"

#define HELP_COLUMN 34
#define FIRST_LONG 256 /* getopt's number of the first row; below are letters */

int option_refuse(const struct option_row *row, const char *value, const char *allowed)
{
	print_error("--%s=%s: %s", row->name, value, allowed);
	return -EINVAL;
}

static int set_number(const struct option_row *row, uint64_t *field, const char *value)
{
	uint64_t number;
	const int rc = row->kind == OPTION_SIZE ? size_parse(value, &number) :
						  number_parse(value, '\0', &number, NULL);

	if (rc == 0 && number >= row->min && number <= row->max) {
		*field = number;
		return 0;
	}
	if (row->max == UINT64_MAX)
		return option_refuse(row, value, "allowed: a size, such as 4096, 64k or 1G");
	print_error("--%s=%s: allowed: a number from %" PRIu64 " to %" PRIu64, row->name, value,
		row->min, row->max);
	return -EINVAL;
}

static int set_row(const struct option_row *row, void *options, const char *value)
{
	void *field = (char *)options + row->offset;

	switch (row->kind) {
	case OPTION_FLAG:
	case OPTION_LAST:
		*(bool *)field = true;
		return 0;
	case OPTION_NUMBER:
	case OPTION_SIZE:
		return set_number(row, field, value);
	case OPTION_SECONDS:
		if (seconds_parse(value, field) == 0)
			return 0;
		return option_refuse(row, value, "allowed: a number of seconds, such as 10 or 0.5");
	case OPTION_TEXT:
		*(const char **)field = value;
		return 0;
	case OPTION_CALL:
		return row->call(options, row, value);
	}
	return -EINVAL;
}

static bool has_verb(const struct option_row *row, unsigned int verb)
{
	return verb == 0 || row->verbs == 0 || (row->verbs & verb) != 0;
}

static bool is_optional(const struct option_row *row)
{
	return row->value != NULL && row->value[0] == '[' && row->value[1] == '=';
}

/* Fills getopt's two tables from ours. */
static void fill_tables(const struct option_row *rows, struct option *longs, char *shorts)
{
	int n = 0;

	*shorts++ = ':';
	for (const struct option_row *row = rows; row->name != NULL; row++, n++) {
		longs[n] = (struct option){row->name,
			is_optional(row)           ? optional_argument :
				row->value != NULL ? required_argument :
						     no_argument,
			NULL, FIRST_LONG + n};
		if (row->letter == '\0')
			continue;
		*shorts++ = row->letter;
		if (row->value != NULL)
			*shorts++ = ':';
	}
	longs[n] = (struct option){0};
	*shorts = '\0';
}

static const struct option_row *find_row(const struct option_row *rows, int number)
{
	if (number >= FIRST_LONG)
		return &rows[number - FIRST_LONG];
	for (const struct option_row *row = rows; row->name != NULL; row++)
		if (number != 0 && row->letter == number)
			return row;
	return NULL;
}

/* getopt's answer to an option that it can't take: ':' for a missing value, '?' for all else. */
static int refuse_word(const struct option_row *rows, unsigned int verb, int answer,
	const char *word)
{
	const struct option_row *known = find_row(rows, optopt);
	const char letter[] = {'-', (char)optopt, '\0'};

	if (known != NULL && answer == ':') {
		print_error("--%s needs a value: %s", known->name, known->value);
		return -EINVAL;
	}
	if (known != NULL) {
		print_error("--%s takes no value", known->name);
		return -EINVAL;
	}
	fflush(stdout);
	fprintf(stderr, "%s: unknown option '%s'; allowed are", program_name,
		optopt != 0 ? letter : word);
	for (const struct option_row *row = rows; row->name != NULL; row++)
		if (has_verb(row, verb) && row->help != NULL)
			fprintf(stderr, " --%s", row->name);
	fputs(" (--help explains them)\n", stderr);
	return -EINVAL;
}

int options_apply(const struct option_row *rows, unsigned int verb, const char *verb_name,
	void *options, int argc, char **argv)
{
	struct option longs[OPTION_ROWS_MAX + 1];
	char shorts[2 * OPTION_ROWS_MAX + 2];
	int number;

	fill_tables(rows, longs, shorts);
	/* 0 also clears what glibc's getopt remembers of an earlier call. */
	optind = 0;
	opterr = 0;
	while ((number = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_row *row = number == '?' || number == ':' ?
			NULL :
			find_row(rows, number);

		if (row == NULL)
			return refuse_word(rows, verb, number, argv[optind - 1]);
		if (!has_verb(row, verb)) {
			print_error("--%s is not an option of %s", row->name, verb_name);
			return -EINVAL;
		}
		if (set_row(row, options, optarg) != 0)
			return -EINVAL;
		if (row->kind == OPTION_LAST)
			return argc;
	}
	return optind;
}

static void print_row(const struct option_row *row)
{
	int used;

	if (row->letter != '\0')
		used = printf("  -%c, --%s", row->letter, row->name);
	else
		used = printf("  --%s", row->name);
	if (row->value != NULL)
		used += printf("%s%s", is_optional(row) ? "" : "=", row->value);
	printf("%*s%s\n", used < HELP_COLUMN ? HELP_COLUMN - used : 1, "", row->help);
}

void options_print(const struct option_row *rows, unsigned int verb)
{
	for (const struct option_row *row = rows; row->name != NULL; row++)
		if (has_verb(row, verb) && row->help != NULL)
			print_row(row);
}
