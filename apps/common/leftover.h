/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options of other programs on our command line, as in a script that was written for one of those:
 * each is answered by what takes its place. Pure functions but for what they print.
 */
#ifndef APPS_LEFTOVER_H
#define APPS_LEFTOVER_H

#include <stdbool.h>

#include "options.h"

struct leftover_option {
	/*
	 * With its dashes: "-a", "--vdev". The value follows in the next word, behind '=', or
	 * right behind a single letter. Without any, as "filename", only behind '=', and as the
	 * first word that is no option and no value.
	 */
	const char *name;
	const char *remedy; /* ends a sentence; {} stands for the value */
	bool has_value;
	/* A start of the value without which the option is another one; NULL: any value. */
	const char *start;
};

/*
 * Returns the value of word when that is the option, "" for none; else NULL. next is the word
 * behind it, or NULL.
 */
const char *leftover_match(const struct leftover_option *option, const char *word,
	const char *next);

/*
 * Finds the first word of the argc words at argv that is an option of a list, which ends with a
 * NULL name. rows are the options of the program, whose values are skipped; NULL: they are EAL's.
 * Returns true, and writes the sentence that names word and remedy to text.
 */
bool leftover_find(const struct leftover_option *list, const struct option_row *rows, int argc,
	char *const *argv, char *text, unsigned int size);

/*
 * Answers such options: as an error when is_wrong, else as a warning that they have no effect.
 * Returns -EINVAL after an error, 0 otherwise.
 */
int leftover_answer(const struct leftover_option *list, const struct option_row *rows, int argc,
	char *const *argv, bool is_wrong);

#endif
