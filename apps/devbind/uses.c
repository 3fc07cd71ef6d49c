/* SPDX-License-Identifier: BSD-3-Clause */
#include "uses.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kickless/text.h>

#include "common/file.h"
#include "mounts.h"

/* Adds a use. Uses beyond the limit are left out: the first one is enough to refuse. */
static void __attribute__((format(printf, 2, 3)))
add_use(struct uses *uses, const char *format, ...)
{
	char raw[sizeof(uses->text[0])];
	va_list args;

	if (uses->count == USES_MAX)
		return;
	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	/* Interfaces, mounts and processes have the names that anyone gives them. */
	kl_text_escape(raw, strlen(raw), "", uses->text[uses->count++], sizeof(uses->text[0]));
}

/* True when a word of a line of the file is the name; column 0 is the first, -1 the last. */
static bool has_line(const struct kl_machine *machine, const char *file, int column,
	const char *name)
{
	char path[PATH_MAX], *line = NULL;
	bool found = false;
	size_t size = 0;
	FILE *lines;

	snprintf(path, sizeof(path), "%s/%s", machine->proc, file);
	lines = fopen(path, "re");
	if (lines == NULL)
		return false;
	while (!found && getline(&line, &size, lines) > 0) {
		char *rest, *word = strtok_r(line, " \t\n", &rest), *next;

		while (column < 0 && word != NULL &&
			(next = strtok_r(NULL, " \t\n", &rest)) != NULL)
			word = next;
		found = word != NULL && strcmp(word, name) == 0;
	}
	free(line);
	fclose(lines);
	return found;
}

/*
 * Mounts are found by number, and by name for file systems with a number of their own (btrfs). A
 * disk may be mounted many times; one is enough.
 */
static void check_mounts(const struct kl_machine *machine, const struct node *node,
	struct uses *uses)
{
	struct mounts mounts;
	struct mount mount;
	bool found = false;

	mounts_open(machine, &mounts);
	while (!found && mounts_next(&mounts, &mount)) {
		found = strcmp(mount.number, node->number) == 0 ||
			(strncmp(mount.source, "/dev/", 5) == 0 &&
				strcmp(mount.source + 5, node->file) == 0);
		if (found)
			add_use(uses, "disk %s is mounted on %s", node->name, mount.point);
	}
	mounts_close(&mounts);
}

static void check_swap(const struct kl_machine *machine, const struct node *node, struct uses *uses)
{
	char name[80];

	snprintf(name, sizeof(name), "/dev/%s", node->file);
	if (has_line(machine, "swaps", 0, name))
		add_use(uses, "disk %s is swap space", node->name);
}

/* The kernel holds the disk below a loop device open without a claim, and lists no holder. */
static void check_loops(const struct kl_machine *machine, const struct node *node,
	struct uses *uses)
{
	char folder[PATH_MAX], file[PATH_MAX], name[80];
	struct dirent *entry;
	DIR *disks;

	snprintf(name, sizeof(name), "/dev/%s", node->file);
	snprintf(folder, sizeof(folder), "%s/block", machine->sysfs);
	disks = opendir(folder);
	if (disks == NULL)
		return;
	while ((entry = readdir(disks)) != NULL)
		if (strncmp(entry->d_name, "loop", 4) == 0 &&
			file_text(file, sizeof(file), "%s/%s/loop/backing_file", folder,
				entry->d_name) == 0 &&
			strcmp(file, name) == 0)
			add_use(uses, "disk %s is behind %s", node->name, entry->d_name);
	closedir(disks);
}

/* Device mapper (LVM, crypt), RAID and the like. */
static void check_holders(const struct node *node, struct uses *uses)
{
	char folder[PATH_MAX + 16], name[128];
	struct dirent *entry;
	DIR *holders;

	snprintf(folder, sizeof(folder), "%s/holders", node->path);
	holders = opendir(folder);
	if (holders == NULL)
		return;
	while ((entry = readdir(holders)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (file_text(name, sizeof(name), "%s/%s/dm/name", folder, entry->d_name) != 0)
			snprintf(name, sizeof(name), "%.100s", entry->d_name);
		add_use(uses, "disk %s is part of %s (%s)", node->name, name, entry->d_name);
	}
	closedir(holders);
}

static void check_disk(const struct kl_machine *machine, const struct node *node, struct uses *uses)
{
	check_mounts(machine, node, uses);
	check_swap(machine, node, uses);
	check_holders(node, uses);
	check_loops(machine, node, uses);
}

/* A disk without a medium has no mount, and without root nothing is bound. */
static bool may_hide_claim(int error)
{
	return error != ENOMEDIUM && error != EROFS && (error != EACCES || geteuid() == 0);
}

/*
 * The kernel refuses to open a claimed disk exclusively, also when the claim comes from a mount
 * namespace that is invisible here. A disk is claimed through its partitions too, so this is for
 * disks whose other uses have all been checked. What keeps it from being opened, such as a
 * container's lack of the file, may hide a claim.
 */
static void check_claimed_disk(const struct kl_machine *machine, const struct node *node,
	struct uses *uses)
{
	char path[PATH_MAX];
	int fd;

	if (node->file[0] == '\0') {
		add_use(uses, "disk %s can't be checked: its file in /dev is unknown", node->name);
		return;
	}
	snprintf(path, sizeof(path), "%s/%s", machine->dev, node->file);
	fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		close(fd);
	else if (errno == EBUSY)
		add_use(uses,
			"disk %s is claimed by the kernel, such as by a mount that is not visible here",
			node->name);
	else if (may_hide_claim(errno))
		add_use(uses, "disk %s can't be checked: /dev/%s: %s", node->name, node->file,
			strerror(errno));
}

static bool is_up(const struct node *node)
{
	char text[32];

	return file_text(text, sizeof(text), "%s/flags", node->path) == 0 &&
		(strtoul(text, NULL, 16) & IFF_UP) != 0;
}

static bool has_name(const struct ifaddrs *address, const char *name)
{
	return address->ifa_addr != NULL && strcmp(address->ifa_name, name) == 0;
}

static bool print_address(const struct sockaddr *address, char *text, size_t size)
{
	const void *bytes;

	if (address->sa_family == AF_INET)
		bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
	else if (address->sa_family == AF_INET6)
		bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	else
		return false;
	return inet_ntop(address->sa_family, bytes, text, (socklen_t)size) != NULL;
}

/* The system call sees our own network namespace only, as /sys/class/net does. */
static bool find_address(const char *name, char *text, size_t size)
{
	struct ifaddrs *addresses;
	bool found = false;

	if (getifaddrs(&addresses) != 0)
		return false;
	for (const struct ifaddrs *at = addresses; at != NULL && !found; at = at->ifa_next)
		found = has_name(at, name) && print_address(at->ifa_addr, text, size);
	freeifaddrs(addresses);
	return found;
}

/* proc(5): an IPv4 route begins with its interface, and an IPv6 route ends with it. */
static bool has_route(const struct kl_machine *machine, const char *name)
{
	return has_line(machine, "net/route", 0, name) ||
		has_line(machine, "net/ipv6_route", -1, name);
}

/* A bridge or bond above it is its master; VLANs and the like are links named upper_NAME. */
static bool find_upper(const struct node *node, char *text, size_t size)
{
	struct dirent *entry;
	bool found = false;
	DIR *links;

	if (file_link(text, size, "%s/master", node->path) == 0)
		return true;
	links = opendir(node->path);
	if (links == NULL)
		return false;
	while (!found && (entry = readdir(links)) != NULL) {
		found = strncmp(entry->d_name, "upper_", 6) == 0;
		if (found)
			snprintf(text, size, "%s", entry->d_name + 6);
	}
	closedir(links);
	return found;
}

static void append_part(char *text, size_t size, const char *what, const char *name)
{
	size_t length = strlen(text);

	snprintf(text + length, size - length, "%s%s%s", length != 0 ? ", " : "", what, name);
}

static void check_interface(const struct kl_machine *machine, const struct node *node,
	struct uses *uses)
{
	char name[64], text[192] = "";

	if (is_up(node))
		append_part(text, sizeof(text), "up", "");
	if (machine == &kl_machine_current && find_address(node->name, name, sizeof(name)))
		append_part(text, sizeof(text), "address ", name);
	if (has_route(machine, node->name))
		append_part(text, sizeof(text), "route", "");
	if (find_upper(node, name, sizeof(name)))
		append_part(text, sizeof(text), "part of ", name);
	if (text[0] != '\0')
		add_use(uses, "interface %s: %s", node->name, text);
}

/*
 * True when the mount may be the share with the tag. sysfs has the tag of a 9p device; that of a
 * virtiofs device only since Linux 6.9, and elsewhere.
 */
static bool may_mount_tag(const struct mount *mount, const char *tag)
{
	bool is_share = strcmp(mount->type, "9p") == 0 || strcmp(mount->type, "virtiofs") == 0;

	return is_share && (tag[0] == '\0' || strcmp(mount->source, tag) == 0);
}

/*
 * Adds a mount of a file system without a disk (9p, virtiofs), under the name that its device has.
 */
static void check_share(const struct kl_machine *machine, const struct node *node,
	struct uses *uses)
{
	struct mounts mounts;
	struct mount mount;
	bool found = false;
	char tag[256];

	file_text(tag, sizeof(tag), "%s/mount_tag", node->path);
	mounts_open(machine, &mounts);
	while (!found && mounts_next(&mounts, &mount)) {
		found = may_mount_tag(&mount, tag);
		if (found)
			add_use(uses, "share %s is mounted on %s", mount.source, mount.point);
	}
	mounts_close(&mounts);
}

static bool has_subsystem(const struct nodes *nodes, const char *subsystem)
{
	for (size_t i = 0; i < nodes->count; i++)
		if (strcmp(nodes->list[i].subsystem, subsystem) == 0)
			return true;
	return false;
}

/* True for drivers whose uses are found elsewhere, so that the binding alone is no use. */
static bool shows_its_uses(const char *driver)
{
	static const char *const drivers[] = {"virtio_blk", "virtio_scsi", "virtio_net",
		"9pnet_virtio", "virtiofs", "virtio_rng"};

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (strcmp(driver, drivers[i]) == 0)
			return true;
	return false;
}

/* The kernel keeps one source of random numbers, "virtio_rng.0", and feeds its pool from it. */
static void check_random(const struct kl_machine *machine, struct uses *uses)
{
	char current[64];

	file_text(current, sizeof(current), "%s/class/misc/hw_random/rng_current", machine->sysfs);
	if (strncmp(current, "virtio_rng", 10) == 0)
		add_use(uses, "the kernel takes its random numbers from %s", current);
}

static void check_driver(const struct kl_machine *machine, const struct node *node,
	const struct nodes *nodes, struct uses *uses)
{
	char driver[64];

	if (file_link(driver, sizeof(driver), "%s/driver", node->path) != 0)
		return;
	if (strcmp(driver, "9pnet_virtio") == 0 || strcmp(driver, "virtiofs") == 0)
		check_share(machine, node, uses);
	if (strcmp(driver, "virtio_rng") == 0)
		check_random(machine, uses);
	if (strcmp(driver, "virtio_net") == 0 && !has_subsystem(nodes, "net"))
		add_use(uses, "its interface is in another network namespace");
	/*
	 * A balloon, a console, a socket to the host: the programs that rely on it
	 * are unknown here.
	 */
	if (!shows_its_uses(driver))
		add_use(uses, "the kernel driver %s serves the system with it", driver);
}

static void check_node(const struct kl_machine *machine, const struct node *node,
	const struct nodes *nodes, struct uses *uses)
{
	if (strcmp(node->subsystem, "virtio") == 0)
		check_driver(machine, node, nodes, uses);
	else if (strcmp(node->subsystem, "block") == 0)
		check_disk(machine, node, uses);
	else if (strcmp(node->subsystem, "net") == 0)
		check_interface(machine, node, uses);
}

static void check_claims(const struct kl_machine *machine, const struct nodes *nodes,
	struct uses *uses)
{
	for (size_t i = 0; i < nodes->count && uses->count == 0; i++)
		if (strcmp(nodes->list[i].subsystem, "block") == 0 &&
			!node_is_partition(&nodes->list[i]))
			check_claimed_disk(machine, &nodes->list[i], uses);
}

static void check_opens(const struct kl_machine *machine, const struct opens *opens,
	const struct nodes *nodes, struct uses *uses)
{
	for (size_t i = 0; i < nodes->count; i++) {
		const struct node *node = &nodes->list[i];
		const struct open_file *open = NULL;

		if (node->file[0] != '\0')
			open = opens_find(machine, opens, node->file);
		if (open == NULL)
			continue;
		add_use(uses, "process %d (%s) has /dev/%s open", (int)open->pid, open->command,
			node->file);
		/*
		 * Drivers that give a whole function to a process wait for it when
		 * they are unbound.
		 */
		if (strncmp(node->subsystem, "vfio", 4) == 0 || strcmp(node->subsystem, "uio") == 0)
			uses->is_held = true;
	}
}

static void check_group(const struct kl_machine *machine, const struct opens *opens,
	const struct kl_function *function, struct uses *uses)
{
	static const char *const prefixes[] = {"", "noiommu-"};
	const struct open_file *open = NULL;
	char file[64];

	if (strcmp(function->driver, "vfio-pci") != 0 || function->iommu_group < 0)
		return;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]) && open == NULL; i++) {
		snprintf(file, sizeof(file), "vfio/%s%d", prefixes[i], function->iommu_group);
		open = opens_find(machine, opens, file);
	}
	if (open == NULL)
		return;
	add_use(uses, "process %d (%s) has /dev/%s open", (int)open->pid, open->command, file);
	uses->is_held = true;
}

/*
 * Adds a use for a driver that is neither the kernel's for virtio nor one that gives
 * functions to programs.
 */
static void check_other_driver(const struct kl_function *function, struct uses *uses)
{
	static const char *const known[] = {"", "virtio-pci", "vfio-pci", "uio_pci_generic",
		"igb_uio", "pci-stub"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(function->driver, known[i]) == 0)
			return;
	add_use(uses, "the kernel driver %s serves the system with it", function->driver);
}

void uses_find(const struct kl_machine *machine, const struct kl_function *function,
	const struct nodes *nodes, const struct opens *opens, struct uses *uses)
{
	memset(uses, 0, sizeof(*uses));
	for (size_t i = 0; i < nodes->count; i++)
		check_node(machine, &nodes->list[i], nodes, uses);
	check_claims(machine, nodes, uses);
	check_opens(machine, opens, nodes, uses);
	check_group(machine, opens, function, uses);
	check_other_driver(function, uses);
}
