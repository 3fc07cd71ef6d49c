/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changes of a device's configuration, and requests to be reset: by an interrupt or a message where
 * there is one, else by reading the registers about once a second. virtio 1.x, 2.5, 4.1.5.3.
 */
#include <errno.h>
#include <poll.h>

#include <kickless/log.h>

#include "core/device.h"
#include "ring/queue.h"

/* Registers are read so often when nothing reports a change. */
#define POLL_MS 1000
/* A recovery, which may be called all the time, looks for an event so often. */
#define LOOK_MS 250

int kl_device_event_fd(const struct kl_device *device)
{
	if (device->transport->ops->event_fd != NULL)
		return device->transport->ops->event_fd(device->transport);
	return device->vector_count > 0 ? kl__interrupts_config_fd(device) : device->line;
}

static bool reports_changes(const struct kl_device *device)
{
	struct kl__transport *transport = device->transport;

	if (transport->ops->reports_changes != NULL)
		return transport->ops->reports_changes(transport);
	return kl_device_event_fd(device) >= 0;
}

bool kl_device_event_is_due(const struct kl_device *device)
{
	struct pollfd event = {.fd = kl_device_event_fd(device), .events = POLLIN};

	if (kl_device_state(device) != KL_DEVICE_RUNNING)
		return false;
	if (event.fd >= 0 && poll(&event, 1, 0) > 0)
		return true;
	return !reports_changes(device) && kl_clock_ms() - device->handled_ms >= POLL_MS;
}

void kl_device_event_handle(struct kl_device *device)
{
	const struct kl__transport_ops *ops = device->transport->ops;
	uint64_t count;

	device->handled_ms = kl_clock_ms();
	if (ops->event_take != NULL && !ops->event_take(device->transport))
		return;
	if (device->vector_count > 0 &&
		!kl__eventfd_read(kl__interrupts_config_fd(device), &count) && errno != EAGAIN)
		kl_warning("%s: its eventfd can't be read", device->info.name);
	/* A queue raises the line too, if only by a race: nobody waits for it. */
	if (device->vector_count == 0 && device->line >= 0 &&
		(ops->intx_acknowledge(device->transport) & KL__INTX_CONFIG) == 0)
		return;
	if (device->driver->config_changed != NULL)
		device->driver->config_changed(device);
}

void kl__device_look_for_event(struct kl_device *device)
{
	uint64_t now;

	if (kl_device_state(device) != KL_DEVICE_RUNNING)
		return;
	now = kl_clock_ms();
	if (now - device->looked_ms < LOOK_MS)
		return;
	device->looked_ms = now;
	if (kl_device_event_is_due(device))
		kl_device_event_handle(device);
}
