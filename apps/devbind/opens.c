/* SPDX-License-Identifier: BSD-3-Clause */
#include "opens.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"

static int add_open_file(const struct kl_machine *machine, long pid, const char *file,
	struct opens *opens)
{
	struct open_file *list = realloc(opens->list, (opens->count + 1) * sizeof(*list)), *open;

	if (list == NULL)
		return -ENOMEM;
	opens->list = list;
	open = &list[opens->count++];
	open->pid = (pid_t)pid;
	snprintf(open->file, sizeof(open->file), "%s", file);
	file_text(open->command, sizeof(open->command), "%s/%ld/comm", machine->proc, pid);
	return 0;
}

/* Files that nearly every process has open, and that belong to no function. */
static bool is_common(const char *file)
{
	return strcmp(file, "null") == 0 || strncmp(file, "pts/", 4) == 0 ||
		strncmp(file, "shm/", 4) == 0 || strcmp(file, "urandom") == 0;
}

static int read_process(const struct kl_machine *machine, long pid, struct opens *opens)
{
	size_t prefix = strlen(machine->dev);
	char folder[PATH_MAX], target[PATH_MAX];
	struct dirent *entry;
	int rc = 0;
	DIR *fds;

	snprintf(folder, sizeof(folder), "%s/%ld/fd", machine->proc, pid);
	fds = opendir(folder);
	if (fds == NULL)
		return 0;
	while (rc == 0 && (entry = readdir(fds)) != NULL) {
		ssize_t length = readlinkat(dirfd(fds), entry->d_name, target, sizeof(target) - 1);

		if (length <= 0)
			continue;
		target[length] = '\0';
		if (strncmp(target, machine->dev, prefix) == 0 && target[prefix] == '/' &&
			!is_common(target + prefix + 1))
			rc = add_open_file(machine, pid, target + prefix + 1, opens);
	}
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

const struct open_file *opens_find(const struct opens *opens, const char *file)
{
	for (size_t i = 0; i < opens->count; i++)
		if (strcmp(opens->list[i].file, file) == 0)
			return &opens->list[i];
	return NULL;
}
