/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program's options as one table, from which they are parsed and their help is printed. Values
 * are written into a struct of the program's, at the offset that a row names.
 */
#ifndef APPS_OPTIONS_H
#define APPS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_FLAG, /* bool */
	OPTION_LAST, /* bool, and nothing behind it is parsed: --help */
	OPTION_NUMBER, /* uint64_t, from min to max */
	OPTION_SIZE, /* the same with k, M, G or T behind it */
	OPTION_SECONDS, /* double, more than 0 */
	OPTION_TEXT, /* const char * */
	OPTION_CALL, /* call writes the value, or prints what is wrong with it */
};

struct option_row {
	const char *name; /* without the dashes */
	char letter; /* the short form, or 0 */
	enum option_kind kind;
	/* Its value's name in the help; NULL when there is none, "[=NAME]" when optional. */
	const char *value;
	const char *help; /* NULL: neither the help nor a list of options has it */
	size_t offset;
	uint64_t min;
	uint64_t max;
	unsigned int verbs; /* a bit for each verb that has the option; 0: all have it */
	/* Returns 0, or -EINVAL after a message. value is NULL when there is none. */
	int (*call)(void *options, const struct option_row *row, const char *value);
};

#define OPTION_ROWS_MAX 192

/* The offset of a member, which must have the type that the row's kind writes. */
#define OPTION_AT(type, member, value_type) \
	(offsetof(type, member) + \
		0 * \
			sizeof(char[__builtin_types_compatible_p(__typeof__(((type *)0)->member), \
					    value_type) ? \
					1 : \
					-1]))

/*
 * Parses argv[1] and the following by a table that ends with a NULL name. verb is the bit of the
 * program's verb, verb_name its name for messages; 0 and NULL for a program without verbs. Words
 * that are no options are moved behind the options. Returns the index of the first of them, or
 * -EINVAL after a message.
 */
int options_apply(const struct option_row *rows, unsigned int verb, const char *verb_name,
	void *options, int argc, char **argv);

/* Prints a line for each option of the verb; of all verbs when it is 0. */
void options_print(const struct option_row *rows, unsigned int verb);

/* Prints "--NAME=VALUE: " and what is allowed. Returns -EINVAL. */
int option_refuse(const struct option_row *row, const char *value, const char *allowed);

#endif
