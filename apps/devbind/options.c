/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <kickless/discover.h>

#include "common/message.h"
#include "common/options.h"

const char program_name[] = "kickless-devbind";

static bool is_device_name(const char *text)
{
	char address[KL_ADDRESS_SIZE];

	return kl_pci_address(text, address) == 0 || strchr(text, '@') != NULL;
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
	(void)context;
	(void)row;
	(void)value;
	return 0;
}

static int set_bind(void *context, const struct option_row *row, const char *value)
{
	struct options *options = context;

	(void)row;
	options->driver = value;
	return set_action(options, ACTION_BIND);
}

static int set_unbind(void *context, const struct option_row *row, const char *value)
{
	(void)row;
	(void)value;
	return set_action(context, ACTION_UNBIND);
}

#define AT(member, type) .offset = OPTION_AT(struct options, member, type)

static const struct option_row rows[] = {
	{.name = "status",
		.kind = OPTION_CALL,
		.call = set_status,
		.help = "functions, what uses them, and what is missing; the default"},
	{.name = "bind",
		.letter = 'b',
		.kind = OPTION_CALL,
		.value = "DRIVER",
		.call = set_bind,
		.help = "bind DEVs: vfio-pci for programs in userspace, virtio-pci for the kernel"},
	{.name = "unbind",
		.letter = 'u',
		.kind = OPTION_CALL,
		.call = set_unbind,
		.help = "unbind DEVs from their driver"},
	{.name = "force",
		.kind = OPTION_FLAG,
		AT(force, bool),
		.help = "even if the system uses them"},
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
	{.name = "version", .kind = OPTION_LAST, AT(version, bool), .help = "print the version"},
	{.name = NULL},
};

void options_help(void)
{
	puts("Usage: kickless-devbind [--status]\n"
	     "       kickless-devbind -b DRIVER DEV... [--force]\n"
	     "       kickless-devbind -u DEV... [--force]\n"
	     "\n"
	     "Shows the virtio functions of this machine, and binds them to drivers.\n"
	     "DEV is a PCI address, 0000:00:05.0 or 00:05.0, or TYPE@N, the N-th of a type.\n");
	options_print(rows, 0);
	puts("\nExit status: 0 done, 1 refused or failed, 2 bad usage.");
}

/* A driver's name becomes part of a path. */
static int check_options(const struct options *options)
{
	bool changes = options->action == ACTION_BIND || options->action == ACTION_UNBIND;

	if (options->action == ACTION_BIND &&
		(options->driver[0] == '\0' || strlen(options->driver) > 31 ||
			strchr(options->driver, '/') != NULL || options->driver[0] == '.')) {
		print_error("-b %s: not a driver's name; common ones are vfio-pci and virtio-pci",
			options->driver);
		return -EINVAL;
	}
	if (changes && options->name_count == 0) {
		print_error(
			"no function given; add addresses such as 0000:00:05.0, which --status lists");
		return -EINVAL;
	}
	if (options->action == ACTION_STATUS && options->name_count != 0) {
		print_error(
			"%s: no action given; use -b DRIVER or -u (--status takes no functions)",
			options->names[0]);
		return -EINVAL;
	}
	return 0;
}

int options_parse(int argc, char **argv, struct options *options)
{
	int first, rc;

	*options = (struct options){.driver = "", .argc = argc, .argv = argv};
	first = options_apply(rows, 0, NULL, options, argc, argv);
	rc = first < 0 ? first : 0;
	if (rc == 0 && !options->help && !options->version) {
		options->names = argv + first;
		options->name_count = (size_t)(argc - first);
		rc = check_options(options);
	}
	if (rc != 0)
		fputs("Try kickless-devbind --help.\n", stderr);
	return rc;
}
