/* SPDX-License-Identifier: BSD-3-Clause */
/* Every option with its value, its limits and its help: one table for parsing and for --help. */
#ifndef TESTPMD_OPTION_TABLE_H
#define TESTPMD_OPTION_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct options;

enum option_kind {
	OPTION_FLAG, /* bool at offset */
	OPTION_NUMBER, /* uint64_t at offset, from min to max */
	OPTION_TEXT, /* const char * at offset */
	OPTION_CALL, /* call, which says what is wrong */
};

struct option_row {
	const char *name; /* without the dashes */
	char letter; /* the short form, or 0 */
	enum option_kind kind;
	const char *value; /* how the help names it; NULL when there is none */
	const char *help;
	size_t offset;
	uint64_t min;
	uint64_t max;
	int (*call)(struct options *options, const char *value);
};

/* Ended by a NULL name. */
extern const struct option_row option_rows[];

#endif
