/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include <sys/syscall.h>

#include "ring/clock.h"

#define PATIENCE_SECONDS 5

/* membarrier(2); libc has neither the call nor its commands. */
#define MEMBARRIER_CMD_PRIVATE_EXPEDITED (1 << 3)
#define MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED (1 << 4)

static long membarrier(int command)
{
	return syscall(SYS_membarrier, command, 0, 0);
}

bool blk_gates_prepare(void)
{
	return membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
}

/* A thread may be asleep on its queue's eventfd. */
static void wake(const struct kl_blk *blk, uint16_t index)
{
	const uint64_t one = 1;
	int fd = kl_blk_queue_event_fd(blk, index);

	/* A counter that is full wakes as well. */
	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		return;
}

static bool becomes_empty(const struct blk_queue *queue, uint64_t deadline)
{
	const struct timespec pause = {.tv_nsec = 50000};

	while (kl__load_acquire(&queue->inside) != 0) {
		if (kl__clock() >= deadline)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

int blk_gates_close(struct kl_blk *blk)
{
	uint64_t deadline = kl__clock() + PATIENCE_SECONDS * blk->ticks_per_second;

	for (uint16_t i = 0; i < blk->queue_count; i++)
		kl__store_release(&blk->queues[i]->gate, BLK_GATE_CLOSED);
	/*
	 * Ours, and with membarrier one in every other thread of the process: who did not see the
	 * gate shut has made it known that he is inside.
	 */
	kl__full_fence();
	membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
	for (uint16_t i = 0; i < blk->queue_count; i++) {
		wake(blk, i);
		if (!becomes_empty(blk->queues[i], deadline))
			return -EAGAIN;
	}
	return 0;
}

void blk_gates_set(struct kl_blk *blk, enum blk_gate gate)
{
	for (uint16_t i = 0; i < blk->queue_count; i++)
		kl__store_release(&blk->queues[i]->gate, (uint16_t)gate);
}
