/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "platform/devmem.h"

/* "  feb00000-feb001ff : LNRO0005:00": the deeper the indent, the further inside. */
static void look_at(const char *line, uint64_t address, struct kl__iomem *found)
{
	uint64_t first, last;
	int at = 0;

	if (sscanf(line, " %" SCNx64 "-%" SCNx64 " : %n", &first, &last, &at) < 2 || at == 0)
		return;
	if (address < first || address > last)
		return;
	found->first = first;
	found->last = last;
	snprintf(found->name, sizeof(found->name), "%.*s", (int)strcspn(line + at, "\n"),
		line + at);
}

int kl__iomem_find(const struct kl_machine *machine, uint64_t address, struct kl__iomem *found)
{
	char path[PATH_MAX], line[256];
	bool has_addresses = false;
	FILE *file;

	*found = (struct kl__iomem){0};
	snprintf(path, sizeof(path), "%s/iomem", machine->proc);
	file = fopen(path, "re");
	if (file == NULL)
		return -errno;
	while (fgets(line, sizeof(line), file) != NULL) {
		/* Who may not see them is shown zeros. */
		if (strcspn(line, "123456789abcdef") < strcspn(line, ":"))
			has_addresses = true;
		look_at(line, address, found);
	}
	fclose(file);
	return has_addresses ? 0 : -EACCES;
}
