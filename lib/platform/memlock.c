/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/memlock.h"

#include <linux/capability.h>
#include <sys/resource.h>

#include "platform/capability.h"

uint64_t kl__memlock_limit(const struct kl_machine *machine)
{
	struct rlimit limit;

	if (kl__has_capability(machine, CAP_IPC_LOCK) || getrlimit(RLIMIT_MEMLOCK, &limit) != 0 ||
		limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur;
}
