/* SPDX-License-Identifier: BSD-3-Clause */
/* The options, one row each: what they are called, whom they are for, what they do. */
#ifndef BLK_APP_OPTION_ROWS_H
#define BLK_APP_OPTION_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "options.h"

struct option_row {
	const char *name;
	char letter; /* 0 for none */
	const char *value; /* how the help calls it; NULL for a switch */
	unsigned int verbs;
	/* 0 or -EINVAL after a message; value is NULL for a switch. */
	int (*set)(struct options *options, const struct option_row *row, const char *value);
	size_t offset; /* in struct options, of what set writes */
	uint64_t least;
	uint64_t most;
	const char *help;
};

#define OPTION_ROWS_MAX 32

/* Ended by a NULL name. */
extern const struct option_row option_rows[];

#endif
