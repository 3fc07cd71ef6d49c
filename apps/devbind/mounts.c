/* SPDX-License-Identifier: BSD-3-Clause */
#include "mounts.h"

#include <stdlib.h>
#include <string.h>

/* A container sees its own mounts, and may be allowed to see those of the system. */
static const char *const tables[] = {"self", "1"};

void mounts_open(const struct kl_machine *machine, struct mounts *mounts)
{
	*mounts = (struct mounts){.machine = machine};
}

static FILE *next_table(struct mounts *mounts)
{
	char path[PATH_MAX];

	while (mounts->next_table < sizeof(tables) / sizeof(tables[0])) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s/mountinfo", mounts->machine->proc,
			tables[mounts->next_table++]);
		file = fopen(path, "r");
		if (file != NULL)
			return file;
	}
	return NULL;
}

/*
 * proc(5): id, parent, major:minor, root, mount point, options, any number of tags,
 * "-", type, source.
 */
static bool parse_mount(const char *line, struct mount *mount)
{
	const char *rest = strstr(line, " - ");

	return sscanf(line, "%*s %*s %15s %*s %255s", mount->number, mount->point) == 2 &&
		rest != NULL && sscanf(rest, " - %31s %255s", mount->type, mount->source) == 2;
}

bool mounts_next(struct mounts *mounts, struct mount *mount)
{
	for (;;) {
		if (mounts->file == NULL)
			mounts->file = next_table(mounts);
		if (mounts->file == NULL)
			return false;
		while (getline(&mounts->line, &mounts->size, mounts->file) > 0)
			if (parse_mount(mounts->line, mount))
				return true;
		mounts_close(mounts);
	}
}

void mounts_close(struct mounts *mounts)
{
	if (mounts->file != NULL)
		fclose(mounts->file);
	mounts->file = NULL;
	free(mounts->line);
	mounts->line = NULL;
	mounts->size = 0;
}
