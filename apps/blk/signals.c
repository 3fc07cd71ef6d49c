/* SPDX-License-Identifier: BSD-3-Clause */
#include "signals.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

/* Ending waits for the device with deadlines; a person who asks again after this long wants out. */
#define PATIENCE_SECONDS 10

static atomic_bool wanted;
static atomic_long first_second;

static long now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void on_signal(int number)
{
	(void)number;
	if (!atomic_exchange(&wanted, true))
		atomic_store(&first_second, now_seconds());
	else if (now_seconds() - atomic_load(&first_second) > PATIENCE_SECONDS)
		_exit(1);
}

void signals_catch(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
	struct sigaction action = {.sa_handler = on_signal};

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}

bool signals_stop_wanted(void)
{
	return atomic_load_explicit(&wanted, memory_order_relaxed);
}
