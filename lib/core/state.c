/* SPDX-License-Identifier: BSD-3-Clause */
/* The state of a device, which any thread may read, and a queue's thread may change to halted. */
#include "core/device.h"
#include "ring/queue.h"

enum kl_device_state kl_device_state(const struct kl_device *device)
{
	return (enum kl_device_state)kl__load(&device->state);
}

bool kl_device_can_reconnect(const struct kl_device *device)
{
	return device->transport->ops->reconnect != NULL;
}

bool kl_device_is_recovering(const struct kl_device *device)
{
	return device->is_recovering;
}

uint64_t kl_device_resets(const struct kl_device *device)
{
	return kl__load64(&device->resets);
}

void kl__device_set_state(struct kl_device *device, enum kl_device_state state)
{
	pthread_mutex_lock(&device->lock);
	kl__store(&device->state, (uint16_t)state);
	pthread_mutex_unlock(&device->lock);
}

void kl_device_halt(struct kl_device *device, const struct kl_queue *queue, const char *reason)
{
	pthread_mutex_lock(&device->lock);
	if (device->halt_reason == NULL) {
		device->halt_reason = reason;
		device->halt_queue = queue != NULL ? queue->index : KL__NO_QUEUE;
	}
	if (kl__load(&device->state) == KL_DEVICE_RUNNING)
		kl__store(&device->state, KL_DEVICE_HALTED);
	pthread_mutex_unlock(&device->lock);
}
