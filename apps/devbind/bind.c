/* SPDX-License-Identifier: BSD-3-Clause */
#include "bind.h"

#include <errno.h>
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

bool bind_load_driver(const struct kl_machine *machine, const char *driver)
{
	char *const argv[] = {(char *)"modprobe", (char *)"-q", (char *)"--",
		(char *)(uintptr_t)driver, NULL};
	int status;
	pid_t pid;

	if (machine == &kl_machine_current &&
		posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) == 0)
		waitpid(pid, &status, 0);
	return bind_has_driver(machine, driver);
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

int bind_function(const struct kl_machine *machine, const char *address, const char *driver,
	char *why, size_t size)
{
	char before[32];
	size_t length;
	int rc;

	read_driver(machine, address, before);
	if (strcmp(before, driver) == 0)
		return 0;
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
		snprintf(why + length, size - length, "; binding it to %s again failed too",
			before);
	return rc;
}
