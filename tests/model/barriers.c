/* SPDX-License-Identifier: BSD-3-Clause */
/* The rings' verbs, one to a function, so that their machine code can be read; see run. */
#include "ring/kick.h"
#include "ring/used.h"

#define VERBS(format, kind) \
	void format##_publish(struct kl_queue *queue, void *buffer); \
	void format##_publish(struct kl_queue *queue, void *buffer) \
	{ \
		kl__ring_add(queue, buffer, 4096, 1, 0, 0, kind); \
		kl__ring_publish(queue, kind); \
	} \
	uint16_t format##_take(struct kl_queue *queue, void **buffers, uint32_t *lengths); \
	uint16_t format##_take(struct kl_queue *queue, void **buffers, uint32_t *lengths) \
	{ \
		return kl__ring_harvest(queue, buffers, lengths, NULL, 1, kind); \
	} \
	bool format##_arm(struct kl_queue *queue); \
	bool format##_arm(struct kl_queue *queue) \
	{ \
		return kl__ring_arm(queue, kind); \
	}

VERBS(split, 0u)
VERBS(packed, KL__RING_PACKED)

void either_kick(struct kl_queue *queue);
void either_kick(struct kl_queue *queue)
{
	kl__kick_check(queue);
}
