/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/process.h"

#include <dirent.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "platform/sysfs.h"

bool kl__process_has_capability(const struct kl_machine *machine, unsigned int capability)
{
	unsigned long long effective = 0;
	char path[PATH_MAX], line[128];
	FILE *status;

	snprintf(path, sizeof(path), "%s/self/status", machine->proc);
	status = fopen(path, "r");
	if (status == NULL)
		return false;
	while (fgets(line, sizeof(line), status) != NULL)
		if (sscanf(line, "CapEff: %llx", &effective) == 1)
			break;
	fclose(status);
	return (effective >> capability & 1) != 0;
}

uint64_t kl__process_memlock_limit(const struct kl_machine *machine)
{
	struct rlimit limit;

	if (kl__process_has_capability(machine, CAP_IPC_LOCK) ||
		getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur;
}

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

bool kl__process_find_by_file(const struct kl_machine *machine, const char *path,
	struct kl__file_user *user)
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
		user->pid = (pid_t)pid;
		kl__read_text(user->command, sizeof(user->command), "%s/%ld/comm", machine->proc,
			pid);
		found = true;
	}
	closedir(processes);
	return found;
}
