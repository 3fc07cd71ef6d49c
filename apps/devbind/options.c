/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/discover.h>

#include "common/file.h"
#include "common/message.h"
#include "common/options.h"
#include "types.h"

const char program_name[] = "kickless-devbind";

static bool is_device_name(const char *text)
{
	const char *sysfs = kl_machine_current.sysfs;
	char address[KL_ADDRESS_SIZE];

	return kl_pci_address(text, address) == 0 || strpbrk(text, "@*?[") != NULL ||
		strncmp(text, "/dev/", 5) == 0 ||
		(strchr(text, '/') == NULL &&
			(file_exists("%s/class/net/%s", sysfs, text) ||
				file_exists("%s/class/block/%s", sysfs, text)));
}

/* --json takes its file in the same word or in the next, unless that is an option or a device. */
static int set_json(void *context, const struct option_row *row, const char *value)
{
	struct options *options = context;
	char **argv = options->argv;

	(void)row;
	options->json = "-";
	if (value != NULL)
		options->json = value;
	else if (optind < options->argc &&
		(strcmp(argv[optind], "-") == 0 || argv[optind][0] != '-') &&
		!is_device_name(argv[optind]))
		options->json = argv[optind++];
	return 0;
}

static int set_action(struct options *options, enum action action)
{
	if (options->action != ACTION_STATUS && options->action != action) {
		print_error("-b and -u exclude each other; give one of them");
		return -EINVAL;
	}
	options->action = action;
	return 0;
}

static int set_status(void *context, const struct option_row *row, const char *value)
{
	struct options *options = context;

	(void)row;
	options->status = true;
	if (value == NULL || type_group_is_known(value)) {
		options->group = value;
		return 0;
	}
	print_error(
		"--status-dev=%s: allowed: the name of a virtio type, as --status shows it, such "
		"as net, blk or crypto; block; or one of DPDK's other groups: %s",
		value, type_groups_without_virtio());
	return -EINVAL;
}

static int set_bind(void *context, const struct option_row *row, const char *value)
{
	struct options *options = context;

	(void)row;
	if (strcmp(value, "none") == 0) {
		options->driver = "";
		return set_action(options, ACTION_UNBIND);
	}
	options->driver = value;
	return set_action(options, ACTION_BIND);
}

static int set_unbind(void *context, const struct option_row *row, const char *value)
{
	(void)row;
	(void)value;
	return set_action(context, ACTION_UNBIND);
}

static bool parse_id(const char *text, unsigned int *id)
{
	char *end;
	const unsigned long number = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || number >= UINT32_MAX)
		return false;
	*id = (unsigned int)number;
	return true;
}

static int set_owner(void *context, const struct option_row *row, const char *value)
{
	struct options *options = context;
	const struct passwd *user = getpwnam(value);

	if (user != NULL)
		options->owner = user->pw_uid;
	else if (!parse_id(value, &options->owner))
		return option_refuse(row, value,
			"there is no such user; allowed: a name or a number");
	return 0;
}

static int set_owner_group(void *context, const struct option_row *row, const char *value)
{
	struct options *options = context;
	const struct group *group = getgrnam(value);

	if (group != NULL)
		options->owner_group = group->gr_gid;
	else if (!parse_id(value, &options->owner_group))
		return option_refuse(row, value,
			"there is no such group; allowed: a name or a number");
	return 0;
}

#define AT(member, type) .offset = OPTION_AT(struct options, member, type)

static const struct option_row rows[] = {
	{.name = "status",
		.letter = 's',
		.kind = OPTION_CALL,
		.call = set_status,
		.help = "functions, what uses them, and what is missing; the default"},
	{.name = "status-dev",
		.kind = OPTION_CALL,
		.value = "TYPE",
		.call = set_status,
		.help = "the same for one type: net, blk (or block), crypto, ..."},
	{.name = "bind",
		.letter = 'b',
		.kind = OPTION_CALL,
		.value = "DRIVER",
		.call = set_bind,
		.help = "bind DEVs: vfio-pci for userspace, virtio-pci for the kernel, or none"},
	{.name = "unbind",
		.letter = 'u',
		.kind = OPTION_CALL,
		.call = set_unbind,
		.help = "unbind DEVs from their driver"},
	{.name = "force",
		.kind = OPTION_FLAG,
		AT(force, bool),
		.help = "even if the system uses them"},
	{.name = "noiommu-mode",
		.kind = OPTION_FLAG,
		AT(noiommu_mode, bool),
		.help = "for vfio-pci without an IOMMU: switch on VFIO's no-IOMMU mode"},
	{.name = "uid",
		.letter = 'U',
		.kind = OPTION_CALL,
		.value = "USER",
		.call = set_owner,
		.help = "give DEVs' files in /dev/vfio to USER"},
	{.name = "gid",
		.letter = 'G',
		.kind = OPTION_CALL,
		.value = "GROUP",
		.call = set_owner_group,
		.help = "give DEVs' files in /dev/vfio to GROUP"},
	{.name = "dry-run",
		.kind = OPTION_FLAG,
		AT(dry_run, bool),
		.help = "print what would be done, and do nothing"},
	{.name = "json",
		.kind = OPTION_CALL,
		.value = "[=FILE]",
		.call = set_json,
		.help = "print the same as one JSON object, to FILE or to stdout"},
	{.name = "help", .letter = 'h', .kind = OPTION_LAST, AT(help, bool), .help = "print this"},
	{.name = "usage", .kind = OPTION_LAST, AT(help, bool), .help = "the same"},
	{.name = "version", .kind = OPTION_LAST, AT(version, bool), .help = "print the version"},
	{.name = NULL},
};

void options_help(void)
{
	puts("Usage: kickless-devbind [-s] [--status-dev TYPE] [DEV...]\n"
	     "       kickless-devbind -b DRIVER DEV... [--force] [--noiommu-mode] [-s]\n"
	     "       kickless-devbind -u DEV... [--force] [-s]\n"
	     "\n"
	     "Shows the virtio functions of this machine, and binds them to drivers.\n"
	     "DEV is a PCI address, 0000:00:05.0 or 00:05.0; a pattern of addresses, '00:05.*'; an\n"
	     "interface or disk that the kernel has of it, eth1, vda or /dev/vda; or TYPE@N, the N-th\n"
	     "of a type.\n");
	options_print(rows, 0);
	puts("\nExit status: 0 done, 1 refused or failed, 2 bad usage.");
}

/* A driver's name becomes part of a path. */
static int check_driver(const char *driver)
{
	if (is_device_name(driver)) {
		print_error("-b %s: that is a device; the driver comes before it: -b vfio-pci %s",
			driver, driver);
		return -EINVAL;
	}
	if (driver[0] == '\0' || strlen(driver) > 31 || strchr(driver, '/') != NULL ||
		driver[0] == '.') {
		print_error("-b %s: not a driver's name; common ones are vfio-pci and virtio-pci",
			driver);
		return -EINVAL;
	}
	return 0;
}

static int check_options(const struct options *options)
{
	const bool is_bound = options->action == ACTION_BIND;
	const bool is_for_vfio = is_bound && strcmp(options->driver, "vfio-pci") == 0;

	if (is_bound && check_driver(options->driver) != 0)
		return -EINVAL;
	if (options->action != ACTION_STATUS && options->name_count == 0) {
		print_error("no device given; add addresses, interfaces or disks, such as "
			    "0000:00:05.0, eth1 or vda, which --status lists");
		return -EINVAL;
	}
	if (options->action == ACTION_STATUS && options->name_count != 0 && !options->status) {
		print_error("%s: no action given; use -b DRIVER, -u or -s", options->names[0]);
		return -EINVAL;
	}
	if ((options->owner != (uid_t)-1 || options->owner_group != (gid_t)-1) && !is_for_vfio) {
		print_error("--uid and --gid are about files of VFIO, and go with -b vfio-pci");
		return -EINVAL;
	}
	return 0;
}

int options_parse(int argc, char **argv, struct options *options)
{
	int first, rc;

	*options = (struct options){.driver = "",
		.owner = (uid_t)-1,
		.owner_group = (gid_t)-1,
		.argc = argc,
		.argv = argv};
	first = options_apply(rows, 0, NULL, options, argc, argv);
	rc = first < 0 ? first : 0;
	if (rc == 0 && !options->help && !options->version) {
		options->names = argv + first;
		options->name_count = (size_t)(argc - first);
		rc = check_options(options);
		if (options->action == ACTION_STATUS)
			options->status = true;
	}
	if (rc != 0)
		fputs("Try kickless-devbind --help.\n", stderr);
	return rc;
}
