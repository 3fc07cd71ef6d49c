/* SPDX-License-Identifier: BSD-3-Clause */
#include "folders.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

struct kl_machine folders;

static char top[64], paths[3][96];

static void place(const char *path, char full[PATH_MAX])
{
	snprintf(full, PATH_MAX, "%s/%s", top, path);
	for (char *slash = full + strlen(top) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
}

void folders_make(void)
{
	strcpy(top, "/tmp/kickless-machine.XXXXXX");
	cr_assert_neq(mkdtemp(top), NULL);
	for (int i = 0; i < 3; i++)
		snprintf(paths[i], sizeof(paths[i]), "%s/%s", top,
			(const char *const[]){"sys", "proc", "dev"}[i]);
	folders = (struct kl_machine){.sysfs = paths[0], .proc = paths[1], .dev = paths[2]};
	folders_file("proc/modules", "");
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *walk)
{
	(void)stat;
	(void)kind;
	(void)walk;
	return remove(path);
}

void folders_remove(void)
{
	nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void folders_file(const char *path, const char *line)
{
	char full[PATH_MAX];
	FILE *file;

	place(path, full);
	file = fopen(full, "w");
	cr_assert_neq(file, NULL, "%s", full);
	fprintf(file, "%s\n", line);
	fclose(file);
}

void folders_link(const char *path, const char *target)
{
	char full[PATH_MAX];

	place(path, full);
	unlink(full);
	cr_assert_eq(symlink(target, full), 0, "%s", full);
}

#define DEVICE "sys/bus/pci/devices/" FUNCTION

void folders_function(const char *driver)
{
	char target[64];

	folders_file(DEVICE "/vendor", "0x1af4");
	folders_file(DEVICE "/device", "0x1041");
	folders_file(DEVICE "/subsystem_device", "0x1100");
	snprintf(target, sizeof(target), "../../drivers/%s", driver);
	if (driver[0] != '\0')
		folders_link(DEVICE "/driver", target);
	folders_file("sys/bus/pci/drivers/vfio-pci/bind", "");
}

void folders_group(int number, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "../../../kernel/iommu_groups/%d", number);
	folders_link(DEVICE "/iommu_group", path);
	snprintf(path, sizeof(path), "sys/kernel/iommu_groups/%d/devices/" FUNCTION, number);
	folders_link(path, "../../../../bus/pci/devices/" FUNCTION);
	if (name[0] != '\0') {
		snprintf(path, sizeof(path), "sys/kernel/iommu_groups/%d/name", number);
		folders_file(path, name);
	}
	snprintf(path, sizeof(path), "dev/vfio/%s%d", name[0] != '\0' ? "noiommu-" : "", number);
	folders_file(path, "");
}

void folders_capabilities(const char *mask)
{
	char line[64];

	snprintf(line, sizeof(line), "CapEff:\t%s", mask);
	folders_file("proc/self/status", line);
}
