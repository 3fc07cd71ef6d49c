/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The results of a run as one JSON object in the file of --json. The file is replaced at the end,
 * by a rename that keeps owner and mode: it holds what it held before, or a whole object. What no
 * rename can replace is written in place. An object of a run that failed has the error. Main
 * thread.
 */
#ifndef APPS_RESULTS_H
#define APPS_RESULTS_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

struct results {
	const char *path; /* as given; NULL: there are none to be written */
	char *target; /* the file that is replaced; NULL: they are written to stream */
	/*
	 * What is written in place: stdout, a pipe, a device, a file in a folder that can't be
	 * changed; and the target, for a rename that is not possible at the end. NULL: a new file.
	 */
	FILE *stream;
	bool is_shared; /* stdout or stderr writes the same file: it is not emptied */
};

/*
 * Checks that results can be written to path, so that no run is in vain; NULL is allowed. A regular
 * file is not changed yet. With "-" the results get stdout for themselves: all that is printed to
 * it from here on goes to stderr. Returns 0, or -EIO after a message.
 */
int results_open(struct results *results, const char *path);

/*
 * Writes object, adding "exit_status", the program's, and unless that is 0 "error", the last
 * message of an error. NULL stands for an empty object. object is released, and so is results.
 * Returns 0, or -EIO after a message.
 */
int results_write(struct results *results, json_t *object, int exit_status);

/* A JSON string of any text: what is not valid there is escaped. NULL only without memory. */
json_t *json_text(const char *text);

#endif
