/* SPDX-License-Identifier: BSD-3-Clause */
#include "bind.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"

/* The driver that takes virtio functions by default. */
#define KERNEL_DRIVER "virtio-pci"

unsigned int bind_timeout_ms = 2000;

bool bind_has_driver(const struct kl_machine *machine, const char *driver)
{
	return file_exists("%s/bus/pci/drivers/%s", machine->sysfs, driver);
}

static bool run_modprobe(const char *option, const char *driver)
{
	char *const argv[] = {(char *)"modprobe", (char *)"-q", (char *)(uintptr_t)option,
		(char *)"--", (char *)(uintptr_t)driver, NULL};
	int status;
	pid_t pid;

	return posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) == 0 &&
		waitpid(pid, &status, 0) == pid && status == 0;
}

bool bind_load_driver(const struct kl_machine *machine, const char *driver)
{
	if (machine == &kl_machine_current)
		run_modprobe("-q", driver);
	return bind_has_driver(machine, driver);
}

bool bind_can_load_driver(const char *driver)
{
	return run_modprobe("-n", driver);
}

#define NOIOMMU_MODE "module/vfio/parameters/enable_unsafe_noiommu_mode"

int bind_enable_noiommu(const struct kl_machine *machine, char *why, size_t size)
{
	char mode[8];
	int rc;

	if (file_text(mode, sizeof(mode), "%s/" NOIOMMU_MODE, machine->sysfs) != 0) {
		snprintf(why, size,
			"this kernel's VFIO has no no-IOMMU mode (CONFIG_VFIO_NOIOMMU); give the virtual "
			"machine an IOMMU, or bind it to uio_pci_generic");
		return -ENOTSUP;
	}
	if (mode[0] == 'Y' || mode[0] == '1')
		return 0;
	rc = file_write("Y", "%s/" NOIOMMU_MODE, machine->sysfs);
	if (rc != 0)
		snprintf(why, size, "no-IOMMU mode can't be switched on: %s", strerror(-rc));
	return rc;
}

/* Returns 1, or 0 when there is no such file, or -errno. */
static int give_file(uid_t user, gid_t group, const char *path, char *why, size_t size)
{
	int rc;

	if (chown(path, user, group) == 0)
		return 1;
	if (errno == ENOENT)
		return 0;
	rc = -errno;
	snprintf(why, size, "it is bound, but %s can't be given away: %s", path, strerror(-rc));
	return rc;
}

/* Gives the files of the function's group. Returns how many there are, or -errno. */
static int give_group_files(const struct kl_machine *machine, const char *address, uid_t user,
	gid_t group, char *why, size_t size)
{
	static const char *const prefixes[] = {"", "noiommu-"};
	char path[2 * PATH_MAX], number[32];
	int rc = 0, count = 0;

	file_link(number, sizeof(number), "%s/bus/pci/devices/%s/iommu_group", machine->sysfs,
		address);
	for (size_t i = 0; i < 2 && number[0] != '\0' && rc >= 0; i++) {
		snprintf(path, sizeof(path), "%s/vfio/%s%s", machine->dev, prefixes[i], number);
		rc = give_file(user, group, path, why, size);
		count += rc;
	}
	return rc < 0 ? rc : count;
}

/* The same for the function's own files, which newer kernels have. */
static int give_own_files(const struct kl_machine *machine, const char *address, uid_t user,
	gid_t group, char *why, size_t size)
{
	char folder[PATH_MAX], path[2 * PATH_MAX];
	struct dirent *entry;
	int rc = 0, count = 0;
	DIR *devices;

	snprintf(folder, sizeof(folder), "%s/bus/pci/devices/%s/vfio-dev", machine->sysfs, address);
	devices = opendir(folder);
	if (devices == NULL)
		return 0;
	while (rc >= 0 && (entry = readdir(devices)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/vfio/devices/%s", machine->dev, entry->d_name);
		rc = give_file(user, group, path, why, size);
		count += rc;
	}
	closedir(devices);
	return rc < 0 ? rc : count;
}

int bind_give_files(const struct kl_machine *machine, const char *address, uid_t user, gid_t group,
	char *why, size_t size)
{
	int group_count, own_count;

	if (user == (uid_t)-1 && group == (gid_t)-1)
		return 0;
	group_count = give_group_files(machine, address, user, group, why, size);
	if (group_count < 0)
		return group_count;
	own_count = give_own_files(machine, address, user, group, why, size);
	if (own_count < 0)
		return own_count;
	if (group_count + own_count != 0)
		return 0;
	snprintf(why, size,
		"it is bound, but has no file in %s/vfio that --uid and --gid could give away; a "
		"container needs the host's /dev, and a machine without an IOMMU --noiommu-mode",
		machine->dev);
	return -ENOENT;
}

static void read_driver(const struct kl_machine *machine, const char *address, char driver[32])
{
	file_link(driver, 32, "%s/bus/pci/devices/%s/driver", machine->sysfs, address);
}

/* Waits until the function has the driver. Returns false at the deadline. */
static bool wait_for_driver(const struct kl_machine *machine, const char *address,
	const char *driver)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	char now[32];

	for (unsigned int ms = 0;; ms += 10) {
		read_driver(machine, address, now);
		if (strcmp(now, driver) == 0)
			return true;
		if (ms >= bind_timeout_ms)
			return false;
		nanosleep(&pause, NULL);
	}
}

/*
 * With an override only that driver takes the function; without one, any driver that knows its ids.
 */
static int set_override(const struct kl_machine *machine, const char *address, const char *driver)
{
	bool is_default = driver[0] == '\0' || strcmp(driver, KERNEL_DRIVER) == 0;

	return file_write(is_default ? "\n" : driver, "%s/bus/pci/devices/%s/driver_override",
		machine->sysfs, address);
}

static int take_from_driver(const struct kl_machine *machine, const char *address)
{
	int rc;

	if (!file_exists("%s/bus/pci/devices/%s/driver", machine->sysfs, address))
		return 0;
	rc = file_write(address, "%s/bus/pci/devices/%s/driver/unbind", machine->sysfs, address);
	if (rc != 0)
		return rc;
	return wait_for_driver(machine, address, "") ? 0 : -ETIMEDOUT;
}

static int give_to_driver(const struct kl_machine *machine, const char *address, const char *driver)
{
	int rc;

	rc = set_override(machine, address, driver);
	if (rc != 0 || driver[0] == '\0')
		return rc;
	rc = file_write(address, "%s/bus/pci/drivers_probe", machine->sysfs);
	if (rc != 0)
		return rc;
	return wait_for_driver(machine, address, driver) ? 0 : -ETIMEDOUT;
}

static void explain_failure(const char *step, const char *driver, int error, char *why, size_t size)
{
	const char *reason = strerror(-error);

	if (error == -EACCES || error == -EPERM)
		reason = "permission denied; run as root";
	else if (error == -ETIMEDOUT)
		reason = "the kernel did not do it in time; dmesg may show the reason";
	snprintf(why, size, "%s %s failed: %s", step, driver, reason);
}

/* Takes the function from the driver before, and gives it to another, or to the same again. */
static int change_driver(const struct kl_machine *machine, const char *address, const char *before,
	const char *driver, char *why, size_t size)
{
	size_t length;
	int rc;

	rc = take_from_driver(machine, address);
	if (rc != 0) {
		explain_failure("unbinding it from", before, rc, why, size);
		return rc;
	}
	rc = give_to_driver(machine, address, driver);
	if (rc == 0)
		return 0;
	explain_failure("binding it to", driver[0] != '\0' ? driver : "nothing", rc, why, size);
	length = strlen(why);
	if (give_to_driver(machine, address, before) == 0)
		snprintf(why + length, size - length, "; it is bound to %s as before",
			before[0] != '\0' ? before : "nothing");
	else
		snprintf(why + length, size - length,
			"; binding it to %s again failed too, so it has no driver",
			before[0] != '\0' ? before : "nothing");
	return rc;
}

int bind_function(const struct kl_machine *machine, const char *address, const char *driver,
	char *why, size_t size)
{
	char before[32];

	read_driver(machine, address, before);
	if (strcmp(before, driver) == 0)
		return 0;
	return change_driver(machine, address, before, driver, why, size);
}

int bind_again(const struct kl_machine *machine, const char *address, char *why, size_t size)
{
	char before[32];

	read_driver(machine, address, before);
	return change_driver(machine, address, before, before, why, size);
}
