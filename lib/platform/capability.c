/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/capability.h"

#include <limits.h>
#include <stdio.h>

bool kl__has_capability(const struct kl_machine *machine, unsigned int capability)
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
