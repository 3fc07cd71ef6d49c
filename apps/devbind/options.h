/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DEVBIND_OPTIONS_H
#define DEVBIND_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum action {
	ACTION_STATUS,
	ACTION_BIND,
	ACTION_UNBIND,
	ACTION_HELP,
	ACTION_VERSION,
};

struct options {
	enum action action;
	const char *driver; /* "" to unbind */
	char **names;
	size_t name_count;
	const char *json; /* a file, "-" for stdout, NULL for none */
	bool force;
	bool dry_run;
};

/* 0, or -EINVAL after a message. */
int options_parse(int argc, char **argv, struct options *options);
void options_help(void);

#endif
