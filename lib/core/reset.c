/* SPDX-License-Identifier: BSD-3-Clause */
/* The reset of a device, and of the connection to one that has gone. virtio 1.x, 2.4, 3.1. */
#include <errno.h>

#include "core/device.h"
#include "spec/status.h"

/* 3.1.1, steps 2 and 3. */
void kl__device_acknowledge(struct kl_device *device)
{
	kl__status_add(device, VIRTIO_STATUS_ACKNOWLEDGE);
	kl__status_add(device, VIRTIO_STATUS_DRIVER);
	device->transport->ops->get_features(device->transport, &device->info.offered);
	device->info.accepted = (struct kl_features){0};
	device->is_acknowledged = true;
}

/* A device that can't answer, or may not write to memory, would not do so after a reset either. */
static int restore_command(struct kl_device *device)
{
	struct kl__transport *transport = device->transport;

	if (transport->ops->restore_command == NULL ||
		transport->ops->restore_command(transport) == 0)
		return 0;
	return kl__device_gone(device);
}

/* As reconnect of the transport, but an unanswered handshake is one to be repeated. */
static int reconnect_back_end(struct kl_device *device)
{
	int rc = device->transport->ops->reconnect(device->transport);

	device->has_reconnected = rc == 0;
	if (rc == 0)
		device->is_unchecked = true;
	/* No memory is shared on a connection that is not complete: it may be tried again. */
	return rc == -ETIMEDOUT ? -EAGAIN : rc;
}

bool kl_device_has_reconnected(const struct kl_device *device)
{
	return device->is_unchecked;
}

int kl__device_reset(struct kl_device *device, void (*drain)(void *context), void *context)
{
	int rc;

	if (kl_device_state(device) == KL_DEVICE_LOST)
		return -ETIMEDOUT;
	device->is_acknowledged = false;
	device->has_reconnected = false;
	rc = restore_command(device);
	if (rc == 0)
		rc = kl__status_reset(device);
	if (rc == -ETIMEDOUT)
		return rc;
	/* Reset, or gone from the bus: either way it writes nothing any more. */
	if (drain != NULL)
		drain(context);
	kl__device_free_queues(device);
	if (rc == -EIO && kl_device_can_reconnect(device))
		rc = reconnect_back_end(device);
	if (rc == 0)
		kl__device_acknowledge(device);
	return rc;
}
