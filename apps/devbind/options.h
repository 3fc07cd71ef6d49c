/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line. */
#ifndef DEVBIND_OPTIONS_H
#define DEVBIND_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum action {
	ACTION_STATUS,
	ACTION_BIND,
	ACTION_UNBIND,
};

struct options {
	enum action action;
	const char *driver; /* "" to unbind */
	char **names;
	size_t name_count;
	const char *json; /* a file, "-" for stdout, NULL for none */
	bool force;
	bool dry_run;
	bool help;
	bool version;
	int argc; /* as given to options_parse */
	char **argv;
};

/* Returns 0, or -EINVAL after a message. */
int options_parse(int argc, char **argv, struct options *options);
void options_help(void);

#endif
