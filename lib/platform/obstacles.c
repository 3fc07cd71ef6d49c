/* SPDX-License-Identifier: BSD-3-Clause */
/* The reasons why a function can't be opened, each with its remedy. */
#include "platform/obstacles.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <kickless/log.h>

#include "platform/process.h"
#include "platform/iommu.h"
#include "platform/pci.h"
#include "platform/sysfs.h"
#include "platform/uio_sysfs.h"
#include "platform/vfio_files.h"
#include "pci/pci_identity.h"

struct search {
	const struct kl_machine *machine;
	const char *address;
	char driver[32];
	struct kl__vfio_files files;
	/*
	 * The group is about to be opened: that shows whether it is in use, without a
	 * search of processes.
	 */
	bool is_to_open;
	struct kl_obstacle *obstacles;
	size_t count;
};

static void __attribute__((format(printf, 4, 5)))
add_obstacle(struct search *search, enum kl_obstacle_kind kind, int error, const char *format, ...)
{
	struct kl_obstacle *obstacle;
	va_list args;

	if (search->count == KL_OBSTACLES_MAX)
		return;
	obstacle = &search->obstacles[search->count++];
	obstacle->kind = kind;
	obstacle->error = error;
	va_start(args, format);
	vsnprintf(obstacle->text, sizeof(obstacle->text), format, args);
	va_end(args);
}

/* Checks that there is a function at the address, and one of virtio. */
static bool check_identity(struct search *search)
{
	uint16_t vendor, device, subsystem;
	uint32_t type;

	if (kl__pci_read_ids(search->machine, search->address, &vendor, &device, &subsystem) != 0) {
		add_obstacle(search, KL_OBSTACLE_ABSENT, -ENODEV,
			"there is no such PCI function; kickless-devbind --status lists those of virtio");
		return false;
	}
	if (kl__pci_id(vendor, device, subsystem, &type) != KL__PCI_NOT_VIRTIO)
		return true;
	add_obstacle(search, KL_OBSTACLE_ABSENT, -ENODEV,
		"PCI id %04x:%04x is not a virtio device; those are 1af4:1000 to 1af4:107f, and "
		"kickless-devbind --status lists them",
		vendor, device);
	return false;
}

static bool is_bound_to_vfio(const struct search *search)
{
	return strcmp(search->driver, "vfio-pci") == 0;
}

static void check_driver(struct search *search)
{
	if (is_bound_to_vfio(search))
		return;
	if (search->driver[0] == '\0')
		add_obstacle(search, KL_OBSTACLE_DRIVER, -ENODEV,
			"it is bound to no driver, but has to be bound to vfio-pci (or, with no protection "
			"of memory, to " KL__UIO_DRIVER "); run: "
			"kickless-devbind -b vfio-pci %s",
			search->address);
	else
		add_obstacle(search, KL_OBSTACLE_DRIVER, -EBUSY,
			"it is bound to the kernel driver %s, but has to be bound to vfio-pci; if the system "
			"can spare it, run: kickless-devbind -b vfio-pci %s",
			search->driver, search->address);
}

static void check_module(struct search *search)
{
	const struct kl_machine *machine = search->machine;

	if (is_bound_to_vfio(search) ||
		kl__file_exists("%s/bus/pci/drivers/vfio-pci", machine->sysfs))
		return;
	if (kl__file_exists("%s/modules", machine->proc))
		add_obstacle(search, KL_OBSTACLE_MODULE, -ENODEV,
			"the kernel driver vfio-pci is not loaded; run: modprobe vfio-pci");
	else
		add_obstacle(search, KL_OBSTACLE_MODULE, -ENODEV,
			"this kernel has no driver vfio-pci and can load no modules; it takes a kernel built "
			"with CONFIG_VFIO_PCI");
}

/* A function without a group: the reason, and the remedies. */
static void check_iommu(struct search *search)
{
	const char *noiommu = "";
	char mode[8];

	if (search->files.group >= 0)
		return;
	if (kl__read_text(mode, sizeof(mode),
		    "%s/module/vfio/parameters/enable_unsafe_noiommu_mode",
		    search->machine->sysfs) == 0) {
		if (mode[0] == 'Y' && !is_bound_to_vfio(search))
			return;
		noiommu = mode[0] == 'Y' ?
			"; no-IOMMU mode was switched on after it was bound: unbind it and bind it again" :
			"; or, if this program may be trusted with all memory, switch on no-IOMMU mode: "
			"echo Y > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode";
	} else if (kl__file_exists("%s/module/vfio", search->machine->sysfs)) {
		noiommu = "; this kernel has no no-IOMMU mode (CONFIG_VFIO_NOIOMMU)";
	} else if (kl__file_exists("%s/modules", search->machine->proc)) {
		noiommu =
			"; or, if this program may be trusted with all memory, load VFIO in no-IOMMU mode: "
			"modprobe vfio enable_unsafe_noiommu_mode=1";
	}
	add_obstacle(search, KL_OBSTACLE_IOMMU, -ENODEV,
		"it has no IOMMU group, so there is no IOMMU or it is off; boot with intel_iommu=on (Intel) "
		"or switch it on in the firmware (AMD), or give the virtual machine one%s",
		noiommu);
}

static void check_group(struct search *search)
{
	char address[KL_ADDRESS_SIZE], driver[32];

	if (search->files.group >= 0 &&
		kl__iommu_group_find_blocker(search->machine, search->files.group, search->address,
			address, driver))
		add_obstacle(search, KL_OBSTACLE_GROUP, -EBUSY,
			"it shares IOMMU group %d with %s, which is bound to the kernel driver %s; a group is "
			"given as a whole, so if the system can spare that one too, run: "
			"kickless-devbind -b vfio-pci %s",
			search->files.group, address, driver, address);
}

static void check_interrupts(struct search *search)
{
	const char *sysfs = search->machine->sysfs;
	bool is_cdev = search->files.is_cdev;
	char iommu[32], allowed[8];

	if (!kl__vfio_find_unsafe_iommu(search->machine, search->address, iommu, sizeof(iommu)))
		return;
	if (kl__read_text(allowed, sizeof(allowed), "%s/%s", sysfs,
		    kl__vfio_interrupts_parameter(is_cdev)) != 0)
		add_obstacle(search, KL_OBSTACLE_INTERRUPTS, -EACCES,
			"its IOMMU (%s) does not remap interrupts, so VFIO refuses it; if it may be trusted "
			"with all interrupts, run as root: "
			"modprobe %s allow_unsafe_interrupts=1",
			iommu, is_cdev ? "iommufd" : "vfio_iommu_type1");
	else if (allowed[0] != 'Y')
		add_obstacle(search, KL_OBSTACLE_INTERRUPTS, -EACCES,
			"its IOMMU (%s) does not remap interrupts, so VFIO refuses it; if it may be trusted "
			"with all interrupts, run as root: "
			"echo Y > /sys/%s",
			iommu, kl__vfio_interrupts_parameter(is_cdev));
}

/* Whoever opens a group, or the file of a function, has it alone. */
static void check_file_user(struct search *search, const char *path, const char *what)
{
	struct kl__file_user user;

	if (kl__process_find_by_file(search->machine, path, &user))
		add_obstacle(search, KL_OBSTACLE_BUSY, -EBUSY,
			"%s is in use: process %d (%s) has %s open", what, (int)user.pid,
			user.command, path);
}

/* Whoever has memory of all the machine in reach needs more than the right to a file. */
static void check_noiommu_rights(struct search *search, const char *path)
{
	if (!kl__process_has_capability(search->machine, CAP_SYS_RAWIO))
		add_obstacle(search, KL_OBSTACLE_RIGHTS, -EACCES,
			"it is in no-IOMMU mode, and the kernel gives %s only to users with CAP_SYS_RAWIO; run "
			"as root, or give the program CAP_SYS_RAWIO and CAP_SYS_ADMIN (physical addresses)",
			path);
}

static void check_rights(struct search *search, const char *path)
{
	if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0)
		return;
	if (errno == EACCES || errno == EPERM)
		add_obstacle(search, KL_OBSTACLE_RIGHTS, -EACCES,
			"user %u may not open %s; run as root: chown %u %s",
			(unsigned int)geteuid(), path, (unsigned int)geteuid(), path);
	else
		add_obstacle(search, KL_OBSTACLE_RIGHTS, -ENODEV,
			"%s is not there although the function is bound; in a container, pass /dev/vfio into it",
			path);
}

/* The way by the function's own file. */
static void check_cdev(struct search *search)
{
	const struct kl__vfio_files *files = &search->files;

	if (files->is_noiommu)
		add_obstacle(search, KL_OBSTACLE_RIGHTS, -ENOTSUP,
			"it is in no-IOMMU mode, which has no vfio=cdev; open it with vfio=group");
	else if (files->device[0] == '\0' || !kl__file_exists("%s", files->space))
		add_obstacle(search, KL_OBSTACLE_RIGHTS, -ENOTSUP,
			"%s is not there, which vfio=cdev takes: Linux 6.6 or later with CONFIG_IOMMUFD and "
			"CONFIG_VFIO_DEVICE_CDEV; open it with vfio=group",
			files->device[0] == '\0' ? "a file of the function's own" : files->space);
	else
		check_rights(search, files->space);
}

static void check_memlock(struct search *search, uint64_t needed)
{
	uint64_t limit = kl__process_memlock_limit(search->machine);

	if (needed == 0)
		needed = UINT64_C(256) << 20;
	if (limit < needed)
		add_obstacle(search, KL_OBSTACLE_MEMLOCK, -ENOMEM,
			"this process may lock %llu KiB of memory, but about %llu KiB will be mapped for the "
			"device; run as root: prlimit --pid $$ --memlock=unlimited (for this shell), or set "
			"memlock in /etc/security/limits.conf",
			(unsigned long long)limit / 1024, (unsigned long long)needed / 1024);
}

/* An IOMMU that translates knows nothing of addresses that only we have chosen. */
static void check_translation(struct search *search)
{
	char type[16] = "";

	if (search->files.group < 0 || search->files.is_noiommu)
		return;
	kl__read_text(type, sizeof(type), "%s/kernel/iommu_groups/%d/type", search->machine->sysfs,
		search->files.group);
	if (strcmp(type, "identity") != 0)
		add_obstacle(search, KL_OBSTACLE_IOMMU, -EINVAL,
			"it is behind an IOMMU, which " KL__UIO_DRIVER " can't make it pass; run: "
			"kickless-devbind -b vfio-pci %s",
			search->address);
}

static void check_uio(struct search *search)
{
	int number = kl__uio_number(search->machine, search->address);
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/uio%d", search->machine->dev, number);
	if (number < 0)
		add_obstacle(search, KL_OBSTACLE_RIGHTS, -ENODEV,
			"it is bound to " KL__UIO_DRIVER
			", but has no folder uio in sysfs; bind it again");
	else if (!kl__process_has_capability(search->machine, CAP_SYS_ADMIN))
		add_obstacle(search, KL_OBSTACLE_RIGHTS, -EACCES,
			"through " KL__UIO_DRIVER
			" it needs physical addresses, which the kernel shows only to users with CAP_SYS_ADMIN; run "
			"as root");
	else
		check_file_user(search, path, "it");
	check_translation(search);
}

static void check_users(struct search *search)
{
	struct kl__vfio_files other;

	check_file_user(search, search->files.function,
		search->files.is_cdev ? "it" : "its IOMMU group");
	if (search->files.device[0] == '\0')
		return;
	/* A process may have gone the other way. */
	kl__vfio_files_find(search->machine, search->address,
		search->files.is_cdev ? KL__VFIO_GROUP : KL__VFIO_CDEV, &other);
	check_file_user(search, other.function, search->files.is_cdev ? "its IOMMU group" : "it");
}

static void check_vfio_files(struct search *search)
{
	size_t before = search->count;

	if (search->files.is_cdev)
		check_cdev(search);
	else if (search->files.is_noiommu)
		check_noiommu_rights(search, search->files.function);
	if (search->count == before || !search->files.is_cdev)
		check_rights(search, search->files.function);
	if (!search->is_to_open)
		check_users(search);
}

static void search_obstacles(struct search *search, enum kl__vfio_way way, uint64_t needed)
{
	const struct kl_machine *machine = search->machine;

	if (!check_identity(search))
		return;
	kl__read_link(search->driver, sizeof(search->driver), "%s/bus/pci/devices/%s/driver",
		machine->sysfs, search->address);
	kl__vfio_files_find(machine, search->address, way, &search->files);
	if (kl__uio_is_bound(machine, search->address)) {
		check_uio(search);
		return;
	}
	check_driver(search);
	check_module(search);
	check_iommu(search);
	check_group(search);
	check_interrupts(search);
	if (is_bound_to_vfio(search) && search->files.group >= 0)
		check_vfio_files(search);
	/* Without an IOMMU nothing is mapped, and nothing locked. */
	if (!search->files.is_noiommu)
		check_memlock(search, needed);
}

size_t kl_function_obstacles(const struct kl_machine *machine, const char *address, uint64_t needed,
	struct kl_obstacle obstacles[KL_OBSTACLES_MAX])
{
	struct search search = {.machine = machine, .address = address, .obstacles = obstacles};

	search_obstacles(&search, KL__VFIO_AUTO, needed);
	return search.count;
}

int kl__obstacles_log(const char *address, enum kl__vfio_way way, uint64_t needed)
{
	struct kl_obstacle obstacles[KL_OBSTACLES_MAX];
	struct search search = {
		.machine = &kl_machine_current,
		.address = address,
		.is_to_open = true,
		.obstacles = obstacles,
	};

	search_obstacles(&search, way, needed);
	for (size_t i = 0; i < search.count; i++)
		kl_error("%s: %s", address, obstacles[i].text);
	return search.count != 0 ? obstacles[0].error : 0;
}

int kl__open_explain(const char *name, const char *path, int error)
{
	const bool lacks_right = error == EACCES || error == EPERM;
	const char *remedy = "is the device still there?";

	if (error == EROFS)
		remedy = "a container has sysfs read-only; mount it writable there, or bind the "
			 "device to vfio-pci, which needs no sysfs";
	else if (error == ENOENT)
		remedy = "a container has only the files that it is given";
	else if (lacks_right)
		remedy = geteuid() != 0 ? "run as root" :
					  "root may not in a container without this device, or "
					  "where the kernel is locked down";
	kl_error("%s: %s can't be opened: %s; %s", name, path, strerror(error), remedy);
	return lacks_right || error == EROFS ? -EACCES : -ENODEV;
}
