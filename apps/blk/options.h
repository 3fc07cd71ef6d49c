/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line behind "--". */
#ifndef BLK_APP_OPTIONS_H
#define BLK_APP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum workload {
	WORKLOAD_READ,
	WORKLOAD_WRITE,
	WORKLOAD_RANDREAD,
	WORKLOAD_RANDWRITE,
	WORKLOAD_RW,
	WORKLOAD_RANDRW,
	WORKLOAD_FLUSH,
	WORKLOAD_DISCARD,
	WORKLOAD_WRITE_ZEROES,
};

/* Verbs, as bits: an option names those that have it. */
enum verb {
	VERB_INFO = 1 << 0,
	VERB_PERF = 1 << 1,
	VERB_VERIFY = 1 << 2,
	VERB_COPY = 1 << 3,
	VERB_DISCARD = 1 << 4,
	VERB_ZERO = 1 << 5,
	VERB_FLUSH = 1 << 6,
	VERB_ID = 1 << 7,
};

/* The reach of the device: its rings and the requests' data alone, or all that EAL has. */
enum isolation {
	ISOLATION_AUTO, /* the first where it is possible */
	ISOLATION_ON,
	ISOLATION_OFF,
};

struct options {
	enum verb verb;
	const char *device;
	enum isolation isolation;
	const char *json;
	const char *from;
	const char *to;
	const char *cores;

	uint64_t depth;
	uint64_t io_bytes; /* 0: the verb's own default */
	enum workload workload;
	uint64_t read_percent;
	double seconds; /* 0: the verb's own default */
	uint64_t queues;
	uint64_t batch;
	uint64_t rate;
	uint64_t offset;
	uint64_t size; /* 0: to the end */
	uint64_t seed;
	uint64_t timeout_ms;
	bool fua;
	bool unmap;
	bool force;
	bool read_only;
	bool dry_run;
	bool help;
	bool version;
};

/*
 * Reads argv: VERB, EAL's options, "--", the program's. Without "--" all are the program's.
 * *eal_count is how many elements of argv are EAL's, from argv[1] on, which stands for the
 * program's name then. Returns 0, or -EINVAL after a message.
 */
int options_parse(int argc, char **argv, struct options *options, int *eal_count);

void options_help(const struct options *options);
const char *workload_name(enum workload workload);
const char *verb_name(enum verb verb);
/* The value of the key isolate= in a device's name. */
const char *isolation_value(enum isolation isolation);
/* True when the verb changes the device's contents. */
bool options_change_device(const struct options *options);

#endif
