/* SPDX-License-Identifier: BSD-3-Clause */
#include "option_rows.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "number.h"
#include "say.h"

static void *field(struct options *options, const struct option_row *row)
{
	return (char *)options + row->offset;
}

static int set_switch(struct options *options, const struct option_row *row, const char *value)
{
	(void)value;
	*(bool *)field(options, row) = true;
	return 0;
}

static int set_text(struct options *options, const struct option_row *row, const char *value)
{
	*(const char **)field(options, row) = value;
	return 0;
}

static int refuse(const struct option_row *row, const char *value, const char *wanted)
{
	say_error("--%s=%s: %s", row->name, value, wanted);
	return -EINVAL;
}

static int set_number(struct options *options, const struct option_row *row, const char *value)
{
	uint64_t number;

	if (size_parse(value, &number) != 0 || number < row->least || number > row->most) {
		say_error("--%s=%s: a number from %" PRIu64 " to %" PRIu64 " is wanted", row->name,
			value, row->least, row->most);
		return -EINVAL;
	}
	*(uint32_t *)field(options, row) = (uint32_t)number;
	return 0;
}

static int set_large(struct options *options, const struct option_row *row, const char *value)
{
	uint64_t *number = field(options, row);

	if (size_parse(value, number) != 0 || *number < row->least)
		return refuse(row, value, "a number is wanted, such as 4096, 64k or 1G");
	return 0;
}

static int set_seconds(struct options *options, const struct option_row *row, const char *value)
{
	if (seconds_parse(value, field(options, row)) != 0)
		return refuse(row, value, "a number of seconds is wanted, such as 10 or 0.5");
	return 0;
}

static int set_device(struct options *options, const struct option_row *row, const char *value)
{
	if (options->device != NULL)
		return refuse(row, value, "one device at a time");
	options->device = value;
	return 0;
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

static int set_workload(struct options *options, const struct option_row *row, const char *value)
{
	for (size_t i = 0; i < sizeof(workloads) / sizeof(workloads[0]); i++) {
		if (strcmp(workloads[i], value) == 0) {
			options->workload = (enum workload)i;
			return 0;
		}
	}
	return refuse(row, value,
		"one of read, write, randread, randwrite, rw, randrw, flush, discard, "
		"write_zeroes");
}

#define AT(member) offsetof(struct options, member)
#define ALL (VERB_PERF | VERB_VERIFY | VERB_COPY | VERB_DISCARD | VERB_ZERO)
#define ANY (ALL | VERB_INFO | VERB_FLUSH | VERB_ID)

const struct option_row option_rows[] = {
	{"dev", 0, "NAME[,key=value...]", ANY, set_device, 0, 0, 0,
		"0000:00:10.0, blk@0 or blk:serial=S"},
	{"depth", 'q', "N", VERB_PERF | VERB_VERIFY | VERB_COPY, set_number, AT(depth), 1, 32768,
		"requests in flight, per queue; 32"},
	{"io-size", 'o', "BYTES", ALL, set_number, AT(io_bytes), 512, 1u << 30,
		"bytes of one request; perf 4096"},
	{"workload", 'w', "NAME", VERB_PERF, set_workload, 0, 0, 0,
		"read|write|randread|randwrite|rw|randrw|flush|discard|write_zeroes; randread"},
	{"read-percent", 'M', "N", VERB_PERF, set_number, AT(read_percent), 0, 100,
		"share of reads in rw and randrw; 50"},
	{"time", 't', "SECONDS", VERB_PERF | VERB_VERIFY, set_seconds, AT(seconds), 0, 0,
		"perf 10; verify repeats until then"},
	{"queues", 'P', "N", VERB_PERF, set_number, AT(queues), 1, 32768,
		"queues of the device; the name's queues=, or 1"},
	{"cores", 'c', "LIST", VERB_PERF, set_text, AT(cores), 0, 0,
		"lcores that drive them, such as 0,2-3; all that EAL has"},
	{"batch", 0, "N", VERB_PERF, set_number, AT(batch), 1, 32768,
		"submit when so many are ready; 1"},
	{"rate", 0, "IOPS", VERB_PERF, set_large, AT(rate), 1, 0, "requests per second in all"},
	{"fua", 0, NULL, VERB_PERF, set_switch, AT(fua), 0, 0, "writes that complete stable"},
	{"offset", 0, "BYTES", ALL, set_large, AT(offset), 0, 0, "where on the device; 0"},
	{"size", 0, "BYTES", ALL, set_large, AT(size), 1, 0, "how much of it; to its end"},
	{"seed", 0, "N", VERB_PERF | VERB_VERIFY, set_large, AT(seed), 0, 0,
		"of the pattern and of random offsets; 1"},
	{"read-only", 0, NULL, VERB_VERIFY, set_switch, AT(read_only), 0, 0,
		"check what an earlier run wrote"},
	{"from", 0, "FILE", VERB_COPY, set_text, AT(from), 0, 0, "to the device; - is stdin"},
	{"to", 0, "FILE", VERB_COPY, set_text, AT(to), 0, 0, "from the device; - is stdout"},
	{"unmap", 0, NULL, VERB_ZERO, set_switch, AT(unmap), 0, 0, "the device may free the space"},
	{"timeout", 0, "MS", ANY, set_number, AT(timeout_ms), 1, 3600000,
		"deadline of a request: the device is reset after it; none"},
	{"force", 0, NULL, ALL, set_switch, AT(force), 0, 0,
		"write even where a partition table or a file system is"},
	{"json", 0, "FILE", ANY, set_text, AT(json), 0, 0,
		"results as JSON; - is stdout, and all else goes to stderr"},
	{"dry-run", 0, NULL, ANY, set_switch, AT(dry_run), 0, 0,
		"print what would be used, and touch nothing"},
	{"help", 'h', NULL, ANY, set_switch, AT(help), 0, 0, "print this"},
	{"version", 0, NULL, ANY, set_switch, AT(version), 0, 0, "print the version"},
	{NULL, 0, NULL, 0, NULL, 0, 0, 0, NULL},
};
_Static_assert(sizeof(option_rows) / sizeof(option_rows[0]) <= OPTION_ROWS_MAX, "the tables fit");
