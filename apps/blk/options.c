/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/leftover.h"
#include "common/message.h"
#include "common/options.h"

const char program_name[] = "kickless-blk";

static const struct {
	enum verb verb;
	const char *name;
	const char *help;
} verbs[] = {
	{VERB_INFO, "info", "print the device's properties and features"},
	{VERB_PERF, "perf", "measure its performance"},
	{VERB_VERIFY, "verify",
		"write a pattern, read it back in another order, report differences"},
	{VERB_COPY, "copy", "copy a file to the device, or back"},
	{VERB_DISCARD, "discard", "discard the device's contents"},
	{VERB_ZERO, "zero", "write zeroes"},
	{VERB_FLUSH, "flush", "make earlier writes stable"},
	{VERB_ID, "id", "print the serial number"},
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
	print_error(
		"unknown verb '%s'; allowed are info, perf, verify, copy, discard, zero, flush, id",
		name);
	return -EINVAL;
}

static const char *const workloads[] = {
	[WORKLOAD_READ] = "read",
	[WORKLOAD_WRITE] = "write",
	[WORKLOAD_RANDREAD] = "randread",
	[WORKLOAD_RANDWRITE] = "randwrite",
	[WORKLOAD_RW] = "rw",
	[WORKLOAD_RANDRW] = "randrw",
	[WORKLOAD_FLUSH] = "flush",
	[WORKLOAD_DISCARD] = "discard",
	[WORKLOAD_WRITE_ZEROES] = "write_zeroes",
};

const char *workload_name(enum workload workload)
{
	return workloads[workload];
}

static int set_workload(void *context, const struct option_row *row, const char *value)
{
	struct options *options = context;

	for (size_t i = 0; i < sizeof(workloads) / sizeof(workloads[0]); i++) {
		if (strcmp(workloads[i], value) == 0) {
			options->workload = (enum workload)i;
			return 0;
		}
	}
	return option_refuse(row, value,
		"allowed: read, write, randread, randwrite, rw, randrw, flush, discard, "
		"write_zeroes");
}

static const struct {
	const char *name;
	const char *value;
} isolations[] = {
	[ISOLATION_AUTO] = {"auto", "auto"},
	[ISOLATION_ON] = {"on", "1"},
	[ISOLATION_OFF] = {"off", "0"},
};

const char *isolation_value(enum isolation isolation)
{
	return isolations[isolation].value;
}

static int set_isolation(void *context, const struct option_row *row, const char *value)
{
	struct options *options = context;

	for (size_t i = 0; i < sizeof(isolations) / sizeof(isolations[0]); i++) {
		if (strcmp(isolations[i].name, value) == 0) {
			options->isolation = (enum isolation)i;
			return 0;
		}
	}
	return option_refuse(row, value, "allowed: auto, on, off");
}

static int set_device(void *context, const struct option_row *row, const char *value)
{
	struct options *options = context;

	if (options->device != NULL)
		return option_refuse(row, value, "one device at a time");
	options->device = value;
	return 0;
}

#define ALL (VERB_PERF | VERB_VERIFY | VERB_COPY | VERB_DISCARD | VERB_ZERO)
#define AT(member, type) .offset = OPTION_AT(struct options, member, type)
#define FLAG(n, v, member, text) \
	{ \
		.name = n, .verbs = v, .kind = OPTION_FLAG, .help = text, AT(member, bool) \
	}
#define SIZE(n, l, val, v, low, high, member, text) \
	{ \
		.name = n, .letter = l, .value = val, .verbs = v, .kind = OPTION_SIZE, \
		.help = text, AT(member, uint64_t), .min = low, .max = high \
	}
#define TEXT(n, l, val, v, member, text) \
	{ \
		.name = n, .letter = l, .value = val, .verbs = v, .kind = OPTION_TEXT, \
		.help = text, AT(member, const char *) \
	}
#define CALL(n, l, val, v, function, text) \
	{ \
		.name = n, .letter = l, .value = val, .verbs = v, .kind = OPTION_CALL, \
		.help = text, .call = function \
	}

static const struct option_row rows[] = {
	CALL("dev", 0, "NAME[,key=value...]", 0, set_device, "0000:00:10.0, blk@0 or blk:serial=S"),
	CALL("isolate", 0, "auto|on|off", 0, set_isolation,
		"the device reaches only its rings and the requests' data; auto: where possible"),
	SIZE("depth", 'q', "N", VERB_PERF | VERB_VERIFY | VERB_COPY, 1, 32768, depth,
		"requests in flight per queue; 32"),
	SIZE("io-size", 'o', "BYTES", ALL, 512, 1u << 30, io_bytes,
		"bytes of one request; perf 4096"),
	CALL("workload", 'w', "NAME", VERB_PERF, set_workload,
		"read|write|randread|randwrite|rw|randrw|flush|discard|write_zeroes; randread"),
	SIZE("read-percent", 'M', "N", VERB_PERF, 0, 100, read_percent,
		"share of reads in rw and randrw; 50"),
	{.name = "time",
		.letter = 't',
		.value = "SECONDS",
		.verbs = VERB_PERF | VERB_VERIFY,
		.kind = OPTION_SECONDS,
		AT(seconds, double),
		.help = "duration; perf 10, verify one pass"},
	SIZE("queues", 'P', "N", VERB_PERF, 1, 32768, queues,
		"queues of the device; its key queues=, or 1"),
	TEXT("cores", 'c', "LIST", VERB_PERF, cores,
		"lcores that serve the queues, such as 0,2-3; all of EAL's"),
	SIZE("batch", 0, "N", VERB_PERF, 1, 32768, batch, "requests per submission; 1"),
	SIZE("rate", 0, "IOPS", VERB_PERF, 1, UINT64_MAX, rate, "requests per second in all"),
	FLAG("fua", VERB_PERF, fua, "writes that complete when they are on stable storage"),
	SIZE("offset", 0, "BYTES", ALL, 0, UINT64_MAX, offset, "first byte on the device; 0"),
	SIZE("size", 0, "BYTES", ALL, 1, UINT64_MAX, size, "bytes from there; to the device's end"),
	SIZE("seed", 0, "N", VERB_PERF | VERB_VERIFY, 0, UINT64_MAX, seed,
		"of the pattern and of random offsets; 1"),
	FLAG("read-only", VERB_VERIFY, read_only, "verify what an earlier run wrote"),
	TEXT("from", 0, "FILE", VERB_COPY, from, "copy to the device; - is stdin"),
	TEXT("to", 0, "FILE", VERB_COPY, to, "copy from the device; - is stdout"),
	FLAG("unmap", VERB_ZERO, unmap, "let the device free the space"),
	SIZE("timeout", 0, "MS", 0, 1, 3600000, timeout_ms,
		"deadline of a request, after which the device is reset; none"),
	FLAG("force", ALL, force, "write even over a partition table or a file system"),
	TEXT("json", 0, "FILE", 0, json,
		"write the results as JSON; - is stdout, and all else goes to stderr"),
	FLAG("dry-run", 0, dry_run, "print what would be used, and touch nothing"),
	{.name = "help", .letter = 'h', .kind = OPTION_LAST, AT(help, bool), .help = "print this"},
	{.name = "version", .kind = OPTION_LAST, AT(version, bool), .help = "print the version"},
	{.name = NULL},
};
_Static_assert(sizeof(rows) / sizeof(rows[0]) <= OPTION_ROWS_MAX, "getopt's tables hold all rows");

void options_help(const struct options *options)
{
	printf("usage: kickless-blk VERB [EAL options] -- --dev NAME[,key=value...] [options]\n\n");
	for (size_t i = 0; i < VERBS; i++)
		if (options->verb == 0 || verbs[i].verb == options->verb)
			printf("  %-8s %s\n", verbs[i].name, verbs[i].help);
	printf("\noptions%s%s:\n", options->verb != 0 ? " of " : "",
		options->verb != 0 ? verb_name(options->verb) : "");
	options_print(rows, options->verb);
	printf("\nsizes may end in k, M, G or T\n");
}

static int parse_rows(int argc, char **argv, struct options *options)
{
	const int first = options_apply(rows, options->verb, verb_name(options->verb), options,
		argc, argv);

	if (first < 0)
		return first;
	if (first < argc && !options->help && !options->version) {
		print_error("'%s' is not an option; --help lists them", argv[first]);
		return -EINVAL;
	}
	return 0;
}

bool options_change_device(const struct options *options)
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

#define NAME_IT "name the device by --dev"
#define NAME_BACK_END NAME_IT ": a PCI address, blk@0, or vhost-user:PATH for a socket"
#define EALS "EAL's options stand in front of a --"

/* Of DPDK's and SPDK's programs, fio, and QEMU. */
static const struct leftover_option leftover[] = {
	{"-a", NAME_IT " {}", true, NULL},
	{"--allow", NAME_IT " {}", true, NULL},
	{"-w", NAME_IT " {}", true, "0000:"},
	{"-b", "a device that is not named is not touched; leave it out", true, NULL},
	{"--block", "a device that is not named is not touched; leave it out", true, NULL},
	{"--vdev", NAME_BACK_END, true, NULL},
	{"-r", NAME_BACK_END, true, "trtype"},
	{"-r", NAME_BACK_END, true, "traddr"},
	{"--filename", NAME_IT "; see kickless-devbind --status for its address", true, NULL},
	{"filename", NAME_IT "; see kickless-devbind --status for its address", true, NULL},
	{"--ioengine", "leave it out; this program is the engine", true, NULL},
	{"--rw", "use --workload {}", true, NULL},
	{"--readwrite", "use --workload {}", true, NULL},
	{"--bs", "use --io-size {}", true, NULL},
	{"--blocksize", "use --io-size {}", true, NULL},
	{"--iodepth", "use --depth {}", true, NULL},
	{"--runtime", "use --time {}", true, NULL},
	{"--numjobs", "use --queues {}", true, NULL},
	{"--rwmixread", "use --read-percent {}", true, NULL},
	{"--rate_iops", "use --rate {}", true, NULL},
	{"--direct", "leave it out; no page cache is in between", true, NULL},
	{"-drive", NAME_IT ", inside the virtual machine", true, NULL},
	{"-device", NAME_IT ", inside the virtual machine", true, NULL},
	{"-blockdev", NAME_IT ", inside the virtual machine", true, NULL},
	{.name = NULL},
};

/* Of EAL, where the program's are. */
static const struct leftover_option misplaced[] = {
	{"-l", EALS, true, NULL},
	{"--lcores", EALS, true, NULL},
	{"-m", EALS, true, NULL},
	{"--no-huge", EALS, false, NULL},
	{"--in-memory", EALS, false, NULL},
	{"--iova-mode", EALS, true, NULL},
	{"--file-prefix", EALS, true, NULL},
	{"--socket-mem", EALS, true, NULL},
	{"--log-level", EALS, true, NULL},
	{.name = NULL},
};

static int check_options(const struct options *options)
{
	if (options->device == NULL) {
		print_error(
			"no device given; use --dev NAME, such as --dev 0000:00:10.0 or --dev blk@0");
		return -EINVAL;
	}
	if (options->verb == VERB_COPY && (options->from == NULL) == (options->to == NULL)) {
		print_error("copy needs either --from FILE or --to FILE");
		return -EINVAL;
	}
	if (options->to != NULL && strcmp(options->to, "-") == 0 && options->json != NULL &&
		strcmp(options->json, "-") == 0) {
		print_error("--to - and --json - can't both write to stdout");
		return -EINVAL;
	}
	return 0;
}

/* A word that requests help or the version without a verb. */
static bool is_question(const char *word, struct options *options)
{
	options->help = strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
	options->version = strcmp(word, "--version") == 0;
	return options->help || options->version;
}

int options_parse(int argc, char **argv, struct options *options, int *eal_count)
{
	int end = 2, own_count, rc = 0;
	char **own;

	*options = (struct options){.depth = 32,
		.queues = 0,
		.read_percent = 50,
		.workload = WORKLOAD_RANDREAD,
		.seed = 1};
	if (argc < 2) {
		print_error(
			"no verb given; allowed are info, perf, verify, copy, discard, zero, flush, id (--help explains them)");
		return -EINVAL;
	}
	if (is_question(argv[1], options))
		return 0;
	if (argv[1][0] == '-')
		rc = leftover_answer(leftover, rows, argc - 1, argv + 1, true);
	if (rc == 0)
		rc = find_verb(argv[1], &options->verb);
	if (rc != 0)
		return rc;
	while (end < argc && strcmp(argv[end], "--") != 0)
		end++;
	/* Without "--" there is nothing for EAL. */
	*eal_count = end < argc ? end - 1 : 1;
	own = argv + *eal_count + (end < argc ? 1 : 0);
	own_count = argc - (int)(own - argv);
	rc = leftover_answer(leftover, rows, own_count - 1, own + 1, true);
	if (rc == 0)
		rc = leftover_answer(misplaced, rows, own_count - 1, own + 1, true);
	if (rc == 0)
		rc = parse_rows(own_count, own, options);
	if (rc != 0 || options->help || options->version)
		return rc;
	/* EAL takes some of them, and we have no use for those. */
	rc = leftover_answer(leftover, NULL, *eal_count - 1, argv + 2, options->device == NULL);
	return rc != 0 ? rc : check_options(options);
}
