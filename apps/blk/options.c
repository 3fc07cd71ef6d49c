/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "number.h"
#include "option_rows.h"
#include "say.h"

static const struct {
	enum verb verb;
	const char *name;
	const char *help;
} verbs[] = {
	{VERB_INFO, "info", "what the device is and offers"},
	{VERB_PERF, "perf", "how fast it is"},
	{VERB_VERIFY, "verify",
		"writes a pattern, reads it back in another order, tells what differs"},
	{VERB_COPY, "copy", "from a file to the device, or back"},
	{VERB_DISCARD, "discard", "lets the device forget its contents"},
	{VERB_ZERO, "zero", "writes zeroes"},
	{VERB_FLUSH, "flush", "makes what was written stable"},
	{VERB_ID, "id", "prints the serial number"},
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

const char *verb_name(enum verb verb)
{
	for (size_t i = 0; i < VERBS; i++)
		if (verbs[i].verb == verb)
			return verbs[i].name;
	return "";
}

static int find_verb(const char *name, enum verb *verb)
{
	for (size_t i = 0; i < VERBS; i++) {
		if (strcmp(verbs[i].name, name) == 0) {
			*verb = verbs[i].verb;
			return 0;
		}
	}
	say_error("'%s' is not one of info, perf, verify, copy, discard, zero, flush, id", name);
	return -EINVAL;
}

void options_help(const struct options *options)
{
	printf("usage: kickless-blk VERB [EAL options] -- --dev NAME[,key=value...] [options]\n\n");
	for (size_t i = 0; i < VERBS; i++)
		if (options->verb == 0 || verbs[i].verb == options->verb)
			printf("  %-8s %s\n", verbs[i].name, verbs[i].help);
	printf("\noptions%s%s:\n", options->verb != 0 ? " of " : "",
		options->verb != 0 ? verb_name(options->verb) : "");
	for (const struct option_row *row = option_rows; row->name != NULL; row++) {
		char left[64], letter[8] = "    ";

		if (options->verb != 0 && (row->verbs & options->verb) == 0)
			continue;
		if (row->letter != 0)
			snprintf(letter, sizeof(letter), "-%c, ", row->letter);
		snprintf(left, sizeof(left), "%s--%s %s", letter, row->name,
			row->value != NULL ? row->value : "");
		printf("  %-34s %s\n", left, row->help);
	}
	printf("\nsizes take k, M, G, T behind them\n");
}

/* getopt's two tables out of ours. */
static void make_tables(struct option *longs, char *shorts)
{
	size_t n = 0, at = 0;

	shorts[at++] = ':';
	for (const struct option_row *row = option_rows; row->name != NULL; row++, n++) {
		longs[n] = (struct option){row->name,
			row->value != NULL ? required_argument : no_argument, NULL, 256 + (int)n};
		if (row->letter == 0)
			continue;
		shorts[at++] = row->letter;
		if (row->value != NULL)
			shorts[at++] = ':';
	}
	longs[n] = (struct option){0};
	shorts[at] = '\0';
}

static const struct option_row *find_row(int found)
{
	if (found >= 256)
		return &option_rows[found - 256];
	for (const struct option_row *row = option_rows; row->name != NULL; row++)
		if (row->letter == found)
			return row;
	return NULL;
}

static int take_row(struct options *options, const struct option_row *row, const char *value)
{
	if ((row->verbs & options->verb) == 0) {
		say_error("--%s means nothing to %s", row->name, verb_name(options->verb));
		return -EINVAL;
	}
	return row->set(options, row, value);
}

static int parse_ours(int argc, char **argv, struct options *options)
{
	struct option longs[OPTION_ROWS_MAX + 1];
	char shorts[3 * OPTION_ROWS_MAX];
	int found, rc = 0;

	make_tables(longs, shorts);
	optind = 1;
	opterr = 0;
	while (rc == 0 && (found = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_row *row = find_row(found);

		if (row != NULL) {
			rc = take_row(options, row, optarg);
			continue;
		}
		say_error("%s %s", argv[optind - 1],
			found == ':' ? "wants a value" : "is not an option; --help shows them");
		rc = -EINVAL;
	}
	if (rc == 0 && optind < argc) {
		say_error("'%s' is one word too many", argv[optind]);
		rc = -EINVAL;
	}
	return rc;
}

bool options_write(const struct options *options)
{
	switch (options->verb) {
	case VERB_PERF:
		return options->workload != WORKLOAD_READ &&
			options->workload != WORKLOAD_RANDREAD &&
			options->workload != WORKLOAD_FLUSH;
	case VERB_VERIFY:
		return !options->read_only;
	case VERB_COPY:
		return options->from != NULL;
	case VERB_DISCARD:
	case VERB_ZERO:
		return true;
	default:
		return false;
	}
}

static int check(const struct options *options)
{
	if (options->device == NULL) {
		say_error("which device? --dev NAME, such as --dev 0000:00:10.0 or --dev blk@0");
		return -EINVAL;
	}
	if (options->verb == VERB_COPY && (options->from == NULL) == (options->to == NULL)) {
		say_error("copy wants either --from FILE or --to FILE");
		return -EINVAL;
	}
	if (options->to != NULL && strcmp(options->to, "-") == 0 && options->json != NULL &&
		strcmp(options->json, "-") == 0) {
		say_error("--to - and --json - both want stdout");
		return -EINVAL;
	}
	return 0;
}

/* A word that asks for help or the version without a verb. */
static bool is_question(const char *word, struct options *options)
{
	options->help = strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
	options->version = strcmp(word, "--version") == 0;
	return options->help || options->version;
}

int options_parse(int argc, char **argv, struct options *options, int *eal_count)
{
	int end = 2, rc;

	*options = (struct options){.depth = 32,
		.queues = 0,
		.read_percent = 50,
		.workload = WORKLOAD_RANDREAD,
		.seed = 1};
	if (argc < 2) {
		say_error("what shall I do? --help shows it");
		return -EINVAL;
	}
	if (is_question(argv[1], options))
		return 0;
	rc = find_verb(argv[1], &options->verb);
	if (rc != 0)
		return rc;
	while (end < argc && strcmp(argv[end], "--") != 0)
		end++;
	/* Without "--" there is nothing for EAL. */
	*eal_count = end < argc ? end - 1 : 1;
	rc = parse_ours(argc - *eal_count - (end < argc ? 1 : 0),
		argv + *eal_count + (end < argc ? 1 : 0), options);
	if (rc != 0 || options->help || options->version)
		return rc;
	return check(options);
}
