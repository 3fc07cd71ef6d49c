/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The available buffer notification of one queue: the one place where a driver traps to the
 * hypervisor. A transport fills a notifier when it enables a queue; the queue then never needs its
 * transport again.
 */
#ifndef KICKLESS_NOTIFIER_H
#define KICKLESS_NOTIFIER_H

#include <stddef.h>
#include <stdint.h>

struct kl_notifier {
	/* A mapped doorbell register of 16 bits; NULL where a store can't reach it. */
	volatile uint16_t *doorbell;
	/* What to store: the queue's index, or what the device asked for (NOTIF_CONFIG_DATA). */
	uint32_t value;
	/* The other way, used when doorbell is NULL: a system call or a socket. */
	void (*notify)(const struct kl_notifier *notifier);
	void *context;
	uint64_t address;
};

/*
 * The caller has made its buffers visible and run the full fence of the kick decision, so the store
 * can't overtake them.
 */
static inline void kl_notify(const struct kl_notifier *notifier)
{
	if (__builtin_expect(notifier->doorbell != NULL, 1))
		*notifier->doorbell = (uint16_t)notifier->value;
	else
		notifier->notify(notifier);
}

#endif
