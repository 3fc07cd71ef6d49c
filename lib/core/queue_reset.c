/* SPDX-License-Identifier: BSD-3-Clause */
/* One queue stopped and started while the others run: virtio 1.x, 2.6.1. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <kickless/log.h>

#include "core/device_queue.h"
#include "spec/features.h"

int kl_device_queue_stop(struct kl_device *device, struct kl_queue *queue)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	struct kl__transport *transport = device->transport;
	uint64_t deadline = kl_clock_ms() + kl_device_timeout_ms(device);
	int rc;

	if (!kl_device_has(device, VIRTIO_F_RING_RESET) || transport->ops->queue_reset == NULL) {
		kl_error(
			"%s: queue %u can't be stopped alone: RING_RESET is not among the accepted features; "
			"stop the whole device",
			device->info.name, queue->index);
		return -ENOTSUP;
	}
	while ((rc = transport->ops->queue_reset(transport, queue->index)) == -EAGAIN &&
		kl_clock_ms() < deadline)
		nanosleep(&pause, NULL);
	if (rc == 0)
		return 0;
	if (rc == -EAGAIN) {
		kl_error(
			"%s: queue %u: its reset did not end within %u ms (option timeout_ms); only a "
			"reset of the whole device helps",
			device->info.name, queue->index, kl_device_timeout_ms(device));
		rc = -ETIMEDOUT;
	}
	kl_device_halt(device, queue, "its reset failed");
	return rc;
}

int kl_device_queue_start(struct kl_device *device, struct kl_queue *queue)
{
	/* The record is the first member of its entry. */
	struct kl__device_queue *entry = (struct kl__device_queue *)queue;

	memset(entry->shared.memory, 0, entry->shared.size);
	memset(entry->own, 0, kl__queue_private_bytes(&entry->shape));
	kl__queue_init(queue, entry->own, entry->shared.memory, entry->shared.iova, &entry->shape);
	return kl__device_enable_queue(device, entry);
}
