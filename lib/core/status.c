/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device status field: each write a superset of the last, or a reset that is waited
 * for. 2.1, 3.1.
 */
#include <errno.h>
#include <time.h>

#include <kickless/log.h>

#include "core/device.h"
#include "ring/barrier.h"
#include "spec/status.h"

unsigned int kl__default_timeout_ms = KL__TIMEOUT_MS;

unsigned int kl_device_timeout_ms(const struct kl_device *device)
{
	return device->options.timeout_ms != 0 ? device->options.timeout_ms :
						 kl__default_timeout_ms;
}

void kl__status_add(struct kl_device *device, uint8_t bit)
{
	struct kl__transport *transport = device->transport;
	uint8_t status = transport->ops->get_status(transport);

	/*
	 * 2.1.1: all ones would mean that every step is done; the next reader sees that it is gone.
	 */
	if (status != VIRTIO_STATUS_GONE)
		transport->ops->set_status(transport, status | bit);
}

int kl__device_check_lost(const struct kl_device *device)
{
	if (kl_device_state(device) != KL_DEVICE_LOST)
		return 0;
	kl_error("%s: can't be used any more, because an earlier reset did not end",
		device->info.name);
	return -ETIMEDOUT;
}

int kl__device_gone(const struct kl_device *device)
{
	/* Where it may come back, the transport has logged that it went. */
	if (!kl_device_can_reconnect(device))
		kl_error("%s: the device has left the bus: nobody answers there any more",
			device->info.name);
	return -EIO;
}

/* A device that can't be reset sets FAILED instead, as Firecracker's did. More time is in vain. */
static void log_endless_reset(const struct kl_device *device, uint8_t status)
{
	bool has_failed = (status & VIRTIO_STATUS_FAILED) != 0;

	kl_error(
		"%s: reset did not end within %u ms%s: device_status is 0x%02x%s, should be 0; the "
		"memory it may still write is kept",
		device->info.name, kl_device_timeout_ms(device),
		has_failed ? "" : " (option timeout_ms)", status,
		has_failed ?
			" (FAILED: a device that can't be reset; start the guest again, without "
			"a kernel driver on this device)" :
			"");
}

/* 2.4.2: the reset has ended when the status reads 0. */
int kl__status_reset(struct kl_device *device)
{
	struct kl__transport *transport = device->transport;
	const struct timespec pause = {.tv_nsec = 100000};
	uint64_t deadline = kl_clock_ms() + kl_device_timeout_ms(device);
	uint8_t status;

	device->is_driver_ok = false;
	transport->ops->set_status(transport, VIRTIO_STATUS_RESET);
	while ((status = transport->ops->get_status(transport)) != VIRTIO_STATUS_RESET) {
		if (status == VIRTIO_STATUS_GONE)
			return kl__device_gone(device);
		if (kl_clock_ms() >= deadline) {
			log_endless_reset(device, status);
			kl__store(&device->state, KL_DEVICE_LOST);
			return -ETIMEDOUT;
		}
		nanosleep(&pause, NULL);
	}
	return 0;
}

bool kl_device_needs_reset(struct kl_device *device)
{
	uint8_t status = device->transport->ops->get_status(device->transport);

	/* DRIVER_OK goes when somebody else resets the device or takes it off its bus. */
	return status == VIRTIO_STATUS_GONE || (status & VIRTIO_STATUS_NEEDS_RESET) != 0 ||
		(device->is_driver_ok && (status & VIRTIO_STATUS_DRIVER_OK) == 0);
}

void kl__status_fail(struct kl_device *device)
{
	uint8_t status;

	if (kl_device_state(device) == KL_DEVICE_LOST)
		return;
	status = device->transport->ops->get_status(device->transport);
	/* All ones have the bit too: nothing is written to a device that is gone. */
	if ((status & VIRTIO_STATUS_FAILED) == 0)
		kl__status_add(device, VIRTIO_STATUS_FAILED);
}

int kl__device_run(struct kl_device *device)
{
	uint8_t status;

	kl__status_add(device, VIRTIO_STATUS_DRIVER_OK);
	status = device->transport->ops->get_status(device->transport);
	if (status == VIRTIO_STATUS_GONE)
		return kl__device_gone(device);
	if ((status & VIRTIO_STATUS_NEEDS_RESET) == 0) {
		device->is_driver_ok = true;
		return 0;
	}
	kl_error("%s: the device requests a reset as soon as it runs: device_status is 0x%02x",
		device->info.name, status);
	return -EPROTO;
}
