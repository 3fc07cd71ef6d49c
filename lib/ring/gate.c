/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring/gate.h"

#include <time.h>
#include <unistd.h>

#include <sys/syscall.h>

#include "ring/clock.h"

/* membarrier(2); libc has neither the call nor its commands. */
#define MEMBARRIER_CMD_PRIVATE_EXPEDITED (1 << 3)
#define MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED (1 << 4)

static long call_membarrier(int command)
{
	return syscall(SYS_membarrier, command, 0, 0);
}

bool kl__gates_prepare(void)
{
	return call_membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
}

bool kl__gates_fence(void)
{
	/* Ours, and with membarrier one in every other thread of the process. */
	kl__full_fence();
	return call_membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0;
}

void kl__gates_fence_slowly(void)
{
	struct timespec left = {.tv_nsec = 20000000};

	kl__full_fence();
	while (nanosleep(&left, &left) != 0)
		;
	kl__full_fence();
}

bool kl__gate_wait(const struct kl__gate *gate, uint64_t deadline)
{
	const struct timespec pause = {.tv_nsec = 50000};

	while (kl__load_acquire(&gate->inside) != 0) {
		if (kl__clock() >= deadline)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}
