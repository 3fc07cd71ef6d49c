/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes: planned as a whole, checked once more right before each, and refused for a use. */
#include "changes.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "bind.h"
#include "machine.h"

#define FUNCTION_FOLDER "sys/bus/pci/devices/" NIC
#define UP "0x1003"
#define NOIOMMU "sys/module/vfio/parameters/enable_unsafe_noiommu_mode"

static struct changes changes;
static struct options options;

/* Plans what the command line requests. */
static int plan(int argc, const char *const *words)
{
	static char *argv[16];

	for (int i = 0; i < argc; i++)
		argv[i] = (char *)(uintptr_t)words[i];
	cr_assert_eq(options_parse(argc, argv, &options), 0);
	machine_read();
	changes_free(&changes);
	return changes_plan(&inventory, &options, &changes);
}

#define PLAN(...) \
	plan(sizeof((const char *[]){"devbind", __VA_ARGS__}) / sizeof(char *), \
		(const char *const[]){"devbind", __VA_ARGS__})

static void expect(size_t i, const char *address, enum outcome outcome, const char *word)
{
	cr_assert_lt(i, changes.count);
	cr_expect_str_eq(changes.list[i].address, address);
	cr_expect_str_eq(outcome_name(changes.list[i].outcome), outcome_name(outcome), "%s",
		changes.list[i].why);
	cr_expect_neq(strstr(changes.list[i].why, word), NULL, "%s", changes.list[i].why);
}

static void remove_all(void)
{
	changes_free(&changes);
	machine_remove();
}

TestSuite(changes, .init = machine_make, .fini = remove_all);

Test(changes, several_names_of_all_kinds)
{
	cr_expect_eq(PLAN("-b", "vfio-pci", "eth5", "00:06.0", "vdq", "0001:*"), 0);
	cr_assert_eq(changes.count, 4);
	expect(0, NIC, CHANGE_PLANNED, "");
	expect(1, OTHER_NIC, CHANGE_PLANNED, "");
	expect(2, DISK, CHANGE_PLANNED, "");
	expect(3, FAR_NIC, CHANGE_PLANNED, "");
}

Test(changes, one_function_by_two_names)
{
	cr_expect_eq(PLAN("-u", "eth5", "00:05.0", "net@0"), 0);
	cr_expect_eq(changes.count, 1);
}

Test(changes, one_use_refuses_all)
{
	machine_file(UP, "%s", FUNCTION_FOLDER "/virtio5/net/eth5/flags");
	cr_expect_eq(PLAN("--bind=vfio-pci", "eth5", "eth6"), -EBUSY);
	expect(0, NIC, CHANGE_REFUSED, "eth5: up; --force overrides this");
	expect(1, OTHER_NIC, CHANGE_PLANNED, "");
	cr_expect_eq(PLAN("--bind=vfio-pci", "--force", "eth5", "eth6"), 0);
}

Test(changes, what_is_bound_already)
{
	cr_expect_eq(PLAN("-b", "virtio-pci", "eth5"), 0);
	expect(0, NIC, CHANGE_NEEDLESS, "");
}

/* It began after the plan was made. */
Test(changes, a_use_since_then)
{
	cr_expect_eq(PLAN("-b", "vfio-pci", "eth5"), 0);
	machine_file(UP, "%s", FUNCTION_FOLDER "/virtio5/net/eth5/flags");
	cr_expect_eq(changes_apply(&folders, &options, &changes), -EBUSY);
	expect(0, NIC, CHANGE_REFUSED, "eth5: up");
	cr_expect_str_eq(machine_text("sys/bus/pci/drivers/virtio-pci/unbind"), "");
}

Test(changes, a_process_since_then_even_with_force)
{
	char target[128];

	machine_link("../../drivers/vfio-pci", FUNCTION_FOLDER "/driver");
	cr_expect_eq(PLAN("-b", "virtio-pci", "--force", "00:05.0"), 0);
	snprintf(target, sizeof(target), "%s/vfio/7", folders.dev);
	machine_link(target, "proc/4711/fd/3");
	cr_expect_eq(changes_apply(&folders, &options, &changes), -EBUSY);
	expect(0, NIC, CHANGE_REFUSED, "--force does not help");
	cr_expect_str_eq(machine_text("sys/bus/pci/drivers/vfio-pci/unbind"), "");
}

Test(changes, another_driver_since_then)
{
	cr_expect_eq(PLAN("-b", "vfio-pci", "eth5"), 0);
	machine_link("../../drivers/uio_pci_generic", FUNCTION_FOLDER "/driver");
	cr_expect_eq(changes_apply(&folders, &options, &changes), -EBUSY);
	expect(0, NIC, CHANGE_REFUSED, "it was virtio-pci, and is uio_pci_generic");
}

Test(changes, unplugged_since_then)
{
	char path[256];

	cr_expect_eq(PLAN("-b", "vfio-pci", "eth5"), 0);
	snprintf(path, sizeof(path), "%s/bus/pci/devices/" NIC "/vendor", folders.sysfs);
	cr_assert_eq(unlink(path), 0);
	machine_file("0x8086", "%s", FUNCTION_FOLDER "/vendor");
	cr_expect_eq(changes_apply(&folders, &options, &changes), -EBUSY);
	expect(0, NIC, CHANGE_REFUSED, "unplugged");
}

/* The kernel of these folders does nothing. */
Test(changes, the_kernel_gets_the_address)
{
	cr_expect_eq(PLAN("-u", "eth5"), 0);
	cr_expect_eq(changes_apply(&folders, &options, &changes), -ETIMEDOUT);
	expect(0, NIC, CHANGE_FAILED, "unbinding it from virtio-pci failed");
	cr_expect_str_eq(machine_text("sys/bus/pci/drivers/virtio-pci/unbind"), NIC);
}

static void without_iommu(const char *mode)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/bus/pci/devices/" NIC "/iommu_group", folders.sysfs);
	cr_assert_eq(unlink(path), 0);
	if (mode != NULL)
		machine_file(mode, NOIOMMU);
}

Test(changes, no_iommu)
{
	without_iommu("N");
	cr_expect_eq(PLAN("-b", "vfio-pci", "eth5"), -EBUSY);
	expect(0, NIC, CHANGE_REFUSED, "--noiommu-mode does that");
	cr_expect_eq(PLAN("-b", "uio_pci_generic", "eth5"), 0);
	cr_expect_eq(PLAN("-b", "vfio-pci", "--noiommu-mode", "eth5", "eth6"), 0);
	cr_expect(changes.list[0].needs_noiommu);
	cr_expect_not(changes.list[1].needs_noiommu, "it has a group");
	changes_apply(&folders, &options, &changes);
	cr_expect_str_eq(machine_text(NOIOMMU), "Y");
	cr_expect_str_eq(machine_text("sys/bus/pci/drivers/virtio-pci/unbind"), NIC);
}

Test(changes, no_iommu_and_a_use)
{
	without_iommu("N");
	machine_file(UP, "%s", FUNCTION_FOLDER "/virtio5/net/eth5/flags");
	cr_expect_eq(PLAN("-b", "vfio-pci", "--noiommu-mode", "eth5"), -EBUSY);
	expect(0, NIC, CHANGE_REFUSED, "up");
	cr_expect_eq(PLAN("-b", "vfio-pci", "eth5"), -EBUSY);
	expect(0, NIC, CHANGE_REFUSED, "up");
}

Test(changes, a_kernel_without_no_iommu_mode)
{
	without_iommu(NULL);
	cr_expect_eq(PLAN("-b", "vfio-pci", "--noiommu-mode", "eth5"), 0);
	cr_expect_eq(changes_apply(&folders, &options, &changes), -ENOTSUP);
	expect(0, NIC, CHANGE_FAILED, "CONFIG_VFIO_NOIOMMU");
	cr_expect_str_eq(machine_text("sys/bus/pci/drivers/virtio-pci/unbind"), "");
}

/* Bound before the mode was switched on, it has no group: it is bound once more. */
Test(changes, bound_before_no_iommu_mode)
{
	without_iommu("Y");
	machine_link("../../drivers/vfio-pci", FUNCTION_FOLDER "/driver");
	cr_expect_eq(PLAN("-b", "vfio-pci", "eth5"), 0);
	expect(0, NIC, CHANGE_NEEDLESS, "");
	cr_expect_eq(PLAN("-b", "vfio-pci", "--noiommu-mode", "eth5"), 0);
	expect(0, NIC, CHANGE_PLANNED, "");
	cr_expect_eq(changes_apply(&folders, &options, &changes), -ETIMEDOUT);
	cr_expect_str_eq(machine_text("sys/bus/pci/drivers/vfio-pci/unbind"), NIC);
}

/* An obstacle to UIO is none to VFIO. */
Test(changes, from_uio_behind_an_iommu)
{
	machine_link("../../drivers/uio_pci_generic", FUNCTION_FOLDER "/driver");
	cr_expect_eq(PLAN("-b", "vfio-pci", "00:05.0"), 0);
	expect(0, NIC, CHANGE_PLANNED, "");
}

Test(changes, files_for_a_user)
{
	struct stat stat_of_it;
	char path[256];

	if (geteuid() != 0)
		return;
	machine_link("../../drivers/vfio-pci", FUNCTION_FOLDER "/driver");
	machine_file("", "dev/vfio/7");
	cr_expect_eq(PLAN("-b", "vfio-pci", "--uid=12", "--gid", "34", "00:05.0"), 0);
	cr_expect_eq(changes_apply(&folders, &options, &changes), 0);
	snprintf(path, sizeof(path), "%s/vfio/7", folders.dev);
	cr_assert_eq(stat(path, &stat_of_it), 0);
	cr_expect_eq(stat_of_it.st_uid, 12);
	cr_expect_eq(stat_of_it.st_gid, 34);
}

/* A container's /dev without them, or a function that vfio-pci took before no-IOMMU mode was on. */
Test(changes, no_files_for_a_user)
{
	machine_link("../../drivers/vfio-pci", FUNCTION_FOLDER "/driver");
	cr_expect_eq(PLAN("-b", "vfio-pci", "--uid=12", "00:05.0"), 0);
	cr_expect_eq(changes_apply(&folders, &options, &changes), -ENOENT);
	expect(0, NIC, CHANGE_FAILED, "it is bound, but has no file in ");
}

/* The function's own file alone is enough. */
Test(changes, its_own_file_for_a_user)
{
	struct stat stat_of_it;
	char path[256];

	if (geteuid() != 0)
		return;
	machine_link("../../drivers/vfio-pci", FUNCTION_FOLDER "/driver");
	machine_file("", FUNCTION_FOLDER "/vfio-dev/vfio3/dev");
	machine_file("", "dev/vfio/devices/vfio3");
	cr_expect_eq(PLAN("-b", "vfio-pci", "--gid=34", "00:05.0"), 0);
	cr_expect_eq(changes_apply(&folders, &options, &changes), 0);
	snprintf(path, sizeof(path), "%s/vfio/devices/vfio3", folders.dev);
	cr_assert_eq(stat(path, &stat_of_it), 0);
	cr_expect_eq(stat_of_it.st_gid, 34);
}

/* The kernel's part of an unbinding: what is written to the file ends the binding. */
static void *unbind_once(void *context)
{
	char address[16] = "", path[256];
	FILE *unbind = fopen(context, "r");

	if (unbind == NULL || fgets(address, sizeof(address), unbind) == NULL)
		return NULL;
	fclose(unbind);
	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/driver", folders.sysfs, address);
	unlink(path);
	return NULL;
}

/* Its driver is the one before, not the none in between. */
Test(changes, binding_again_fails)
{
	char unbind[256], probe[256];
	pthread_t kernel;

	without_iommu("N");
	machine_link("../../drivers/vfio-pci", FUNCTION_FOLDER "/driver");
	cr_expect_eq(PLAN("-b", "vfio-pci", "--noiommu-mode", "eth5"), 0);
	snprintf(unbind, sizeof(unbind), "%s/bus/pci/drivers/vfio-pci/unbind", folders.sysfs);
	snprintf(probe, sizeof(probe), "%s/bus/pci/drivers_probe", folders.sysfs);
	cr_assert_eq(unlink(unbind) | unlink(probe) | mkfifo(unbind, 0600), 0);
	bind_timeout_ms = 5000;
	cr_assert_eq(pthread_create(&kernel, NULL, unbind_once, unbind), 0);
	cr_expect_eq(changes_apply(&folders, &options, &changes), -ENOENT);
	pthread_join(kernel, NULL);
	expect(0, NIC, CHANGE_FAILED,
		"binding it to vfio-pci failed: No such file or directory; binding it to vfio-pci again "
		"failed too, so it has no driver; VFIO's no-IOMMU mode stays on");
}

static int discover_error;
int __real_kl_function_discover_on(const struct kl_machine *machine, struct kl_function **list,
	size_t *count);
int __wrap_kl_function_discover_on(const struct kl_machine *machine, struct kl_function **list,
	size_t *count);

int __wrap_kl_function_discover_on(const struct kl_machine *machine, struct kl_function **list,
	size_t *count)
{
	return discover_error != 0 ? discover_error :
				     __real_kl_function_discover_on(machine, list, count);
}

Test(changes, the_machine_cannot_be_read_again)
{
	cr_expect_eq(PLAN("-b", "vfio-pci", "eth5", "eth6"), 0);
	discover_error = -ENOMEM;
	cr_expect_eq(changes_apply(&folders, &options, &changes), -ENOMEM);
	expect(0, NIC, CHANGE_REFUSED, "its uses can't be checked again: Cannot allocate memory");
}

/* After the first that is refused or fails, no other one is made. */
Test(changes, not_attempted)
{
	cr_expect_eq(PLAN("-b", "vfio-pci", "eth5", "eth6"), 0);
	machine_file(UP, "%s", FUNCTION_FOLDER "/virtio5/net/eth5/flags");
	cr_expect_eq(changes_apply(&folders, &options, &changes), -EBUSY);
	changes_cancel(&changes);
	expect(0, NIC, CHANGE_REFUSED, "up");
	expect(1, OTHER_NIC, CHANGE_NOT_ATTEMPTED, "");
}
