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

/* The number behind a word in the status of this process, 0 when it is not there. */
static unsigned long long read_status(const struct kl_machine *machine, const char *word, int base)
{
	char path[PATH_MAX], line[128];
	unsigned long long value = 0;
	size_t length = strlen(word);
	FILE *status;

	snprintf(path, sizeof(path), "%s/self/status", machine->proc);
	status = fopen(path, "re");
	if (status == NULL)
		return 0;
	while (value == 0 && fgets(line, sizeof(line), status) != NULL)
		if (strncmp(line, word, length) == 0)
			value = strtoull(line + length, NULL, base);
	fclose(status);
	return value;
}

bool kl__process_has_capability(const struct kl_machine *machine, unsigned int capability)
{
	return (read_status(machine, "CapEff:", 16) >> capability & 1) != 0;
}

uint64_t kl__process_locked(const struct kl_machine *machine)
{
	return 1024 * read_status(machine, "VmLck:", 10);
}

uint64_t kl__process_pinned(const struct kl_machine *machine)
{
	return 1024 * read_status(machine, "VmPin:", 10);
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

bool kl__process_has_open(const struct kl_machine *machine, const char *path)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s/self/fd", machine->proc);
	return process_holds(folder, path);
}
