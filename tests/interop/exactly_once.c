/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Usage: exactly_once [EAL options] -- net|blk SPEC
 *
 * Opens the device SPEC and uses it from a second thread: a NIC's packets are sent back, blocks are
 * written and read. Checks that each packet buffer is delivered once, to one owner at a time, and
 * that each request completes once. Brings the device back as an application does: by a recovery,
 * and by a stop and start when it has failed. Reads commands from stdin, each answered by one line:
 *	attack		from now on the device may overwrite the memory that it was given
 *	honest		from now on it does not, and data must be right
 *	stat		counters, as NAME=VALUE words
 *	quit		stops, checks that nothing is missing, and prints the counters
 * Ends with status 0 unless the driver has broken a rule.
 */
#include "exactly_once.h"

#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_launch.h>
#include <rte_lcore.h>

#include <kickless/eal.h>

#define CONTROL_MS 2
#define SHOWN 20

struct counters counters;
static const struct side *side;
static unsigned int phase = 1;
static uint64_t phase_began_us;
static bool stops;

uint64_t clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void count(uint64_t *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

void count_good(bool is_fresh)
{
	count(&counters.good);
	if (is_fresh && __atomic_add_fetch(&counters.fresh, 1, __ATOMIC_RELAXED) == FRESH_ENOUGH)
		__atomic_store_n(&counters.recovered_us, clock_us() - phase_began_us,
			__ATOMIC_RELAXED);
}

void report(const char *format, ...)
{
	va_list arguments;

	if (__atomic_add_fetch(&counters.violations, 1, __ATOMIC_RELAXED) > SHOWN)
		return;
	va_start(arguments, format);
	fprintf(stderr, "exactly_once: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
	va_end(arguments);
}

unsigned int phase_now(void)
{
	return __atomic_load_n(&phase, __ATOMIC_ACQUIRE);
}

bool is_stopping(void)
{
	return __atomic_load_n(&stops, __ATOMIC_ACQUIRE);
}

static void begin_phase(bool is_honest)
{
	unsigned int next = phase_now() + 1;

	phase_began_us = clock_us();
	__atomic_store_n(&counters.fresh, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&counters.recovered_us, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&phase, next + (phase_is_honest(next) != is_honest), __ATOMIC_RELEASE);
	printf("ok\n");
}

static void print_counters(void)
{
	const struct {
		const char *name;
		const uint64_t *value;
	} fields[] = {
		{"turns", &counters.turns},
		{"good", &counters.good},
		{"fresh", &counters.fresh},
		{"recovered_us", &counters.recovered_us},
		{"failed", &counters.failed},
		{"changed", &counters.changed},
		{"recoveries", &counters.recoveries},
		{"restarts", &counters.restarts},
		{"refused_starts", &counters.refused_starts},
		{"slowest_us", &counters.slowest_us},
		{"violations", &counters.violations},
	};

	for (size_t i = 0; i < RTE_DIM(fields); i++)
		printf("%s%s=%" PRIu64, i > 0 ? " " : "", fields[i].name,
			__atomic_load_n(fields[i].value, __ATOMIC_RELAXED));
	printf("\n");
}

/* False after the last one. */
static bool run_command(char *line)
{
	line[strcspn(line, "\n")] = '\0';
	if (strcmp(line, "quit") == 0)
		return false;
	if (strcmp(line, "attack") == 0 || strcmp(line, "honest") == 0)
		begin_phase(*line == 'h');
	else if (strcmp(line, "stat") == 0)
		print_counters();
	else
		printf("error: no such command\n");
	return true;
}

/* The control thread. */
static void run_commands(void)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	char line[64];

	for (;;) {
		if (poll(&input, 1, CONTROL_MS) > 0 &&
			(fgets(line, sizeof(line), stdin) == NULL || !run_command(line)))
			return;
		side->control();
	}
}

static int use_queue(void *unused)
{
	(void)unused;
	while (!is_stopping()) {
		uint64_t begun = clock_us(), took;

		side->poll();
		took = clock_us() - begun;
		if (took > counters.slowest_us)
			__atomic_store_n(&counters.slowest_us, took, __ATOMIC_RELAXED);
		count(&counters.turns);
		sched_yield();
	}
	return 0;
}

int main(int argc, char **argv)
{
	int taken = kl_eal_init(argc, argv);
	unsigned int lcore = rte_get_next_lcore(-1, 1, 0);

	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0);
	if (taken < 0 || argc - taken != 3 || lcore >= RTE_MAX_LCORE) {
		fprintf(stderr, "Usage: exactly_once -l A,B [EAL options] -- net|blk SPEC\n");
		return 2;
	}
	argv += taken + 1;
	side = strcmp(argv[0], "net") == 0 ? &net_side : &blk_side;
	phase_began_us = clock_us();
	if (!side->open(argv[1], strstr(argv[1], "isolate=1") != NULL))
		return 1;
	rte_eal_remote_launch(use_queue, NULL, lcore);
	printf("ready\n");
	run_commands();
	__atomic_store_n(&stops, true, __ATOMIC_RELEASE);
	rte_eal_wait_lcore(lcore);
	side->close();
	print_counters();
	kl_eal_cleanup();
	return counters.violations > 0 ? 1 : 0;
}
