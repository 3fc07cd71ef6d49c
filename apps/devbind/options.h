/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line. */
#ifndef DEVBIND_OPTIONS_H
#define DEVBIND_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum action {
	ACTION_STATUS,
	ACTION_BIND,
	ACTION_UNBIND,
};

struct options {
	enum action action;
	bool status; /* the table, after an action too */
	const char *group; /* the devices of the table, a name of groups.h; NULL for all */
	const char *driver; /* "" to unbind */
	char **names; /* functions; of the table too, where there is no other action */
	size_t name_count;
	bool noiommu_mode;
	uid_t owner; /* of the files in /dev/vfio; -1 to leave them as they are */
	gid_t owner_group;
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
