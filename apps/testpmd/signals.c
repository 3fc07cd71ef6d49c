/* SPDX-License-Identifier: BSD-3-Clause */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/eventfd.h>

/* Closing waits for devices with deadlines; a person who asks again after this long wants out. */
#define PATIENCE_SECONDS 10

static atomic_bool wanted;
static atomic_long first_second;
static int wake_fd = -1;

static long now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void on_signal(int number)
{
	static const uint64_t one = 1;
	const int saved = errno;

	(void)number;
	if (!atomic_exchange(&wanted, true)) {
		atomic_store(&first_second, now_seconds());
		if (write(wake_fd, &one, sizeof(one)) < 0)
			_exit(1);
	} else if (now_seconds() - atomic_load(&first_second) > PATIENCE_SECONDS) {
		_exit(1);
	}
	errno = saved;
}

int signals_catch(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
	struct sigaction action = {.sa_handler = on_signal};

	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd < 0)
		return -errno;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
	return 0;
}

bool signals_stop_wanted(void)
{
	return atomic_load_explicit(&wanted, memory_order_relaxed);
}

int signals_wake_fd(void)
{
	return wake_fd;
}
