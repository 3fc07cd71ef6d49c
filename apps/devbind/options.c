/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <kickless/discover.h>

#include "say.h"

enum {
	OPTION_STATUS = 256,
	OPTION_FORCE,
	OPTION_DRY_RUN,
	OPTION_JSON,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{"status", no_argument, NULL, OPTION_STATUS},
	{"bind", required_argument, NULL, 'b'},
	{"unbind", no_argument, NULL, 'u'},
	{"force", no_argument, NULL, OPTION_FORCE},
	{"dry-run", no_argument, NULL, OPTION_DRY_RUN},
	{"json", optional_argument, NULL, OPTION_JSON},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, OPTION_VERSION},
	{NULL, 0, NULL, 0},
};

void options_help(void)
{
	puts("Usage: kickless-devbind [--status]\n"
	     "       kickless-devbind -b DRIVER DEV... [--force]\n"
	     "       kickless-devbind -u DEV... [--force]\n"
	     "\n"
	     "Shows the virtio functions of this machine, and binds them to drivers.\n"
	     "DEV is a PCI address, 0000:00:05.0 or 00:05.0, or TYPE@N, the N-th of a type.\n"
	     "\n"
	     "  --status          what there is, what it is used for, and what is missing\n"
	     "  -b, --bind DRIVER give DEVs to DRIVER: vfio-pci for programs in userspace,\n"
	     "                    virtio-pci back to the kernel\n"
	     "  -u, --unbind      take DEVs from their driver\n"
	     "  --force           even if the system uses them\n"
	     "  --dry-run         only say what would be done\n"
	     "  --json[=FILE]     the same as one JSON object, to FILE or to stdout\n"
	     "  -h, --help        this text\n"
	     "  --version         the version\n"
	     "\n"
	     "Exit status: 0 done, 1 refused or failed, 2 bad usage.");
}

static bool is_device_name(const char *text)
{
	char address[KL_ADDRESS_SIZE];

	return kl_pci_address(text, address) == 0 || strchr(text, '@') != NULL;
}

/* --json takes its file in the same word or in the next, unless that is an option or a device. */
static const char *json_file(int argc, char **argv)
{
	if (optarg != NULL)
		return optarg;
	if (optind < argc && (strcmp(argv[optind], "-") == 0 || argv[optind][0] != '-') &&
		!is_device_name(argv[optind]))
		return argv[optind++];
	return "-";
}

static int set_action(struct options *options, enum action action)
{
	if (options->action == ACTION_HELP)
		return 0;
	if (options->action != ACTION_STATUS && options->action != action &&
		action != ACTION_HELP) {
		say("-b and -u can't both be meant; give one of them");
		return -EINVAL;
	}
	options->action = action;
	return 0;
}

static int parse_one(int option, int argc, char **argv, struct options *options)
{
	switch (option) {
	case OPTION_STATUS:
		return 0;
	case 'b':
		options->driver = optarg;
		return set_action(options, ACTION_BIND);
	case 'u':
		return set_action(options, ACTION_UNBIND);
	case 'h':
		return set_action(options, ACTION_HELP);
	case OPTION_VERSION:
		return set_action(options, ACTION_VERSION);
	case OPTION_FORCE:
		options->force = true;
		return 0;
	case OPTION_DRY_RUN:
		options->dry_run = true;
		return 0;
	case OPTION_JSON:
		options->json = json_file(argc, argv);
		return 0;
	default:
		return -EINVAL;
	}
}

/* A driver's name becomes part of a path. */
static int check(const struct options *options)
{
	bool changes = options->action == ACTION_BIND || options->action == ACTION_UNBIND;

	if (options->action == ACTION_BIND &&
		(options->driver[0] == '\0' || strlen(options->driver) > 31 ||
			strchr(options->driver, '/') != NULL || options->driver[0] == '.')) {
		say("-b %s: that is not the name of a driver; common ones are vfio-pci and virtio-pci",
			options->driver);
		return -EINVAL;
	}
	if (changes && options->name_count == 0) {
		say("no function is named; add addresses such as 0000:00:05.0, which --status lists");
		return -EINVAL;
	}
	if (options->action == ACTION_STATUS && options->name_count != 0) {
		say("%s: what is to be done with it? give -b DRIVER or -u; --status takes no functions",
			options->names[0]);
		return -EINVAL;
	}
	return 0;
}

int options_parse(int argc, char **argv, struct options *options)
{
	int option, rc = 0;

	*options = (struct options){.driver = ""};
	while (rc == 0 && (option = getopt_long(argc, argv, "b:uh", long_options, NULL)) != -1)
		rc = parse_one(option, argc, argv, options);
	options->names = argv + optind;
	options->name_count = (size_t)(argc - optind);
	if (rc == 0)
		rc = check(options);
	if (rc != 0)
		fputs("Try kickless-devbind --help.\n", stderr);
	return rc;
}
