/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/holder.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/sysfs.h"

static bool process_holds(const char *folder, const char *path)
{
	char target[PATH_MAX];
	struct dirent *entry;
	DIR *fds = opendir(folder);
	bool holds = false;

	if (fds == NULL)
		return false;
	while (!holds && (entry = readdir(fds)) != NULL) {
		ssize_t length = readlinkat(dirfd(fds), entry->d_name, target, sizeof(target) - 1);

		if (length <= 0)
			continue;
		target[length] = '\0';
		holds = strcmp(target, path) == 0;
	}
	closedir(fds);
	return holds;
}

bool kl__holder_find(const struct kl_machine *machine, const char *path, struct kl__holder *holder)
{
	struct dirent *entry;
	DIR *processes = opendir(machine->proc);
	bool found = false;

	if (processes == NULL)
		return false;
	while (!found && (entry = readdir(processes)) != NULL) {
		char folder[PATH_MAX];
		long pid = strtol(entry->d_name, NULL, 10);

		if (pid <= 0 || pid == getpid())
			continue;
		snprintf(folder, sizeof(folder), "%s/%ld/fd", machine->proc, pid);
		if (!process_holds(folder, path))
			continue;
		holder->pid = (pid_t)pid;
		kl__read_text(holder->command, sizeof(holder->command), "%s/%ld/comm",
			machine->proc, pid);
		found = true;
	}
	closedir(processes);
	return found;
}
