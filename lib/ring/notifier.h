/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The available buffer notification of one queue: the one place where a driver traps to the
 * hypervisor. A transport fills a notifier when it enables a queue. From then on the queue does not
 * need its transport.
 */
#ifndef KL_RING_NOTIFIER_H
#define KL_RING_NOTIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kl_notifier {
	/* A mapped doorbell register; NULL where a store can't reach it. */
	volatile void *doorbell;
	/* The value to store: the queue's index, or the device's choice (NOTIF_CONFIG_DATA). */
	uint16_t value;
	/* Of the register, in bytes: 2 or 4. */
	uint8_t width;
	/* NOTIFICATION_DATA: the upper half is the driver's position. 4.1.5.2, 4.2.3.3. */
	bool has_data;
	/* Called when doorbell is NULL: a system call or a socket. */
	void (*notify)(const struct kl_notifier *notifier, uint32_t what);
	void *context;
	uint64_t address;
};

/*
 * Writes the doorbell. next is the driver's position: the available index of a split ring, or
 * offset and wrap counter (bit 15) of a packed one. The caller has made its buffers visible and run
 * the full fence of the kick decision, so the store can't overtake them. virtio 1.x, 2.9.
 */
static inline void kl_notify(const struct kl_notifier *notifier, uint16_t next)
{
	uint32_t what = notifier->value;

	if (__builtin_expect(notifier->has_data, 0))
		what |= (uint32_t)next << 16;
	if (__builtin_expect(notifier->doorbell == NULL, 0))
		notifier->notify(notifier, what);
	else if (__builtin_expect(notifier->width == 2, 1))
		*(volatile uint16_t *)notifier->doorbell = (uint16_t)what;
	else
		*(volatile uint32_t *)notifier->doorbell = what;
}

/*
 * Reads an eventfd without sleeping. Another process that has it can clear O_NONBLOCK, since that
 * belongs to the open file. True when the counter was not 0; else errno is EAGAIN, or the reason.
 */
bool kl__eventfd_read(int fd, uint64_t *count);

#endif
