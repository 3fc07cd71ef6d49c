/* SPDX-License-Identifier: BSD-3-Clause */
#include "opens.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/file.h"

/* A device's kind and number; a file system that does not answer is not waited for. */
static bool find_number(int folder, const char *name, mode_t *kind, dev_t *number)
{
	struct statx found;

	*kind = 0;
	*number = 0;
	if (statx(folder, name, AT_STATX_DONT_SYNC, STATX_TYPE, &found) != 0 ||
		(!S_ISCHR(found.stx_mode) && !S_ISBLK(found.stx_mode)))
		return false;
	*kind = found.stx_mode & S_IFMT;
	*number = makedev(found.stx_rdev_major, found.stx_rdev_minor);
	return true;
}

/* Files that nearly every process has open, and that belong to no function. */
static bool is_common(const char *file)
{
	return strcmp(file, "null") == 0 || strncmp(file, "pts/", 4) == 0 ||
		strncmp(file, "shm/", 4) == 0 || strcmp(file, "urandom") == 0;
}

/* Adds a file of a process when it is a device's. Returns 0 or -ENOMEM. */
static int add_open_file(const struct kl_machine *machine, long pid, int folder, const char *name,
	struct opens *opens)
{
	size_t prefix = strlen(machine->dev);
	struct open_file open = {.pid = (pid_t)pid}, *list;
	char target[PATH_MAX];
	ssize_t length = readlinkat(folder, name, target, sizeof(target) - 1);
	bool is_below;

	/* A socket or a pipe has no path. */
	if (length <= 0 || target[0] != '/')
		return 0;
	target[length] = '\0';
	is_below = strncmp(target, machine->dev, prefix) == 0 && target[prefix] == '/';
	if (is_below && is_common(target + prefix + 1))
		return 0;
	if (!find_number(folder, name, &open.kind, &open.number) && !is_below)
		return 0;
	if (is_below)
		snprintf(open.file, sizeof(open.file), "%.63s", target + prefix + 1);
	file_text(open.command, sizeof(open.command), "%s/%ld/comm", machine->proc, pid);
	list = realloc(opens->list, (opens->count + 1) * sizeof(*list));
	if (list == NULL)
		return -ENOMEM;
	opens->list = list;
	list[opens->count++] = open;
	return 0;
}

static int read_process(const struct kl_machine *machine, long pid, struct opens *opens)
{
	char folder[PATH_MAX];
	struct dirent *entry;
	int rc = 0;
	DIR *fds;

	snprintf(folder, sizeof(folder), "%s/%ld/fd", machine->proc, pid);
	fds = opendir(folder);
	if (fds == NULL)
		return 0;
	while (rc == 0 && (entry = readdir(fds)) != NULL)
		rc = add_open_file(machine, pid, dirfd(fds), entry->d_name, opens);
	closedir(fds);
	return rc;
}

int opens_read(const struct kl_machine *machine, struct opens *opens)
{
	struct dirent *entry;
	DIR *processes;
	int rc = 0;

	memset(opens, 0, sizeof(*opens));
	processes = opendir(machine->proc);
	if (processes == NULL)
		return 0;
	while (rc == 0 && (entry = readdir(processes)) != NULL) {
		long pid = strtol(entry->d_name, NULL, 10);

		if (pid > 0 && pid != getpid())
			rc = read_process(machine, pid, opens);
	}
	closedir(processes);
	if (rc != 0)
		opens_free(opens);
	return rc;
}

void opens_free(struct opens *opens)
{
	free(opens->list);
	memset(opens, 0, sizeof(*opens));
}

const struct open_file *opens_find(const struct kl_machine *machine, const struct opens *opens,
	const char *file)
{
	char path[PATH_MAX];
	mode_t kind;
	dev_t number;

	snprintf(path, sizeof(path), "%s/%s", machine->dev, file);
	find_number(AT_FDCWD, path, &kind, &number);
	for (size_t i = 0; i < opens->count; i++) {
		const struct open_file *open = &opens->list[i];

		if (strcmp(open->file, file) == 0 ||
			(kind != 0 && open->kind == kind && open->number == number))
			return open;
	}
	return NULL;
}
