/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/memlock.h"

#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/resource.h>

static bool has_capability(const struct kl_machine *machine, unsigned int capability)
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

uint64_t kl__memlock_limit(const struct kl_machine *machine)
{
	struct rlimit limit;

	if (has_capability(machine, CAP_IPC_LOCK) || getrlimit(RLIMIT_MEMLOCK, &limit) != 0 ||
		limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur;
}
