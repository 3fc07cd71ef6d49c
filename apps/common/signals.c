/* SPDX-License-Identifier: BSD-3-Clause */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include <sys/eventfd.h>

#include "clock.h"

#define SECOND_SIGNAL_NS (10 * SECOND_NS)

static atomic_bool is_requested;
static _Atomic uint64_t first_ns;
static int wake_fd = -1;

static void handle_signal(int number)
{
	static const uint64_t one = 1;
	const int saved = errno;

	(void)number;
	if (!atomic_exchange(&is_requested, true)) {
		atomic_store(&first_ns, clock_ns());
		if (write(wake_fd, &one, sizeof(one)) < 0)
			_exit(1);
	} else if (clock_ns() - atomic_load(&first_ns) > SECOND_SIGNAL_NS) {
		_exit(1);
	}
	errno = saved;
}

int signals_catch(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
	struct sigaction action = {.sa_handler = handle_signal};

	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd < 0)
		return -errno;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
	return 0;
}

bool signals_stop_requested(void)
{
	return atomic_load_explicit(&is_requested, memory_order_relaxed);
}

int signals_wake_fd(void)
{
	return wake_fd;
}
