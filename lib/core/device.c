/* SPDX-License-Identifier: BSD-3-Clause */
/* A device from its attachment to its close. virtio 1.x, 3.1. */
#include "core/device.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/log.h>
#include <kickless/memory.h>

#include "spec/status.h"

/* The open devices, for kl__device_is_open; they may have different control threads. */
static struct kl_device *open_devices;
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;

static void add_open(struct kl_device *device)
{
	pthread_mutex_lock(&open_lock);
	device->next = open_devices;
	open_devices = device;
	pthread_mutex_unlock(&open_lock);
}

static void remove_open(struct kl_device *device)
{
	struct kl_device **at = &open_devices;

	pthread_mutex_lock(&open_lock);
	while (*at != device)
		at = &(*at)->next;
	*at = device->next;
	pthread_mutex_unlock(&open_lock);
}

bool kl__device_is_open(const char *name)
{
	const struct kl_device *device;

	pthread_mutex_lock(&open_lock);
	for (device = open_devices; device != NULL; device = device->next)
		if (strcmp(device->info.name, name) == 0)
			break;
	pthread_mutex_unlock(&open_lock);
	return device != NULL;
}

const struct kl_device_info *kl_device_info(const struct kl_device *device)
{
	return &device->info;
}

const struct kl_device_options *kl_device_options(const struct kl_device *device)
{
	return &device->options;
}

void kl_device_private_set(struct kl_device *device, void *private_data)
{
	device->private_data = private_data;
}

void *kl_device_private(const struct kl_device *device)
{
	return device->private_data;
}

static int find_driver(struct kl_device *device)
{
	device->driver = kl_driver_find_type(device->info.type);
	if (device->driver == NULL) {
		kl_error("%s: virtio device type %u has no driver in this program",
			device->info.name, device->info.type);
		return -ENOTSUP;
	}
	device->info.driver = device->driver->name;
	return 0;
}

static void set_info(struct kl_device *device)
{
	device->info.name = device->transport->name;
	device->info.transport = device->transport->ops->name;
	device->info.type = device->transport->type;
	device->info.numa_node = device->transport->numa_node;
	device->info.access = device->host->access;
	device->info.is_isolated = device->host->is_isolated;
}

static void destroy_device(struct kl_device *device)
{
	pthread_mutex_destroy(&device->change);
	pthread_mutex_destroy(&device->lock);
	free(device->gates);
	free(device);
}

int kl__device_attach(struct kl__transport *transport, struct kl__host *host,
	const struct kl_device_options *options, struct kl_device **result)
{
	struct kl_device *device = calloc(1, sizeof(*device));
	int rc;

	if (device == NULL)
		return kl_no_memory(transport->name, sizeof(*device));
	device->transport = transport;
	device->host = host;
	device->options = *options;
	device->line = -1;
	pthread_mutex_init(&device->lock, NULL);
	pthread_mutex_init(&device->change, NULL);
	set_info(device);
	rc = find_driver(device);
	if (rc == 0)
		rc = kl__status_reset(device);
	if (rc != 0)
		goto free_device;
	kl__device_acknowledge(device);
	rc = device->driver->probe(device);
	if (rc != 0)
		goto set_failed;
	if (host->set_owner != NULL)
		host->set_owner(host, device, kl__device_uses_memory);
	add_open(device);
	*result = device;
	return 0;
set_failed:
	kl__status_fail(device);
free_device:
	destroy_device(device);
	return rc;
}

int kl_region_grant(struct kl_region *region, struct kl_device *device)
{
	if (device->host->grant != NULL)
		return device->host->grant(device->host, region);
	kl_error("%s: regions of memory can't be granted to it", device->info.name);
	return -ENOTSUP;
}

int kl_region_revoke(struct kl_region *region, struct kl_device *device)
{
	return device->host->revoke != NULL ? device->host->revoke(device->host, region) : -EINVAL;
}

bool kl_device_removal_requested(const struct kl_device *device)
{
	struct kl__transport *transport = device->transport;

	return transport->ops->removal_requested != NULL &&
		transport->ops->removal_requested(transport);
}

void kl_device_close(struct kl_device *device)
{
	if (device == NULL)
		return;
	pthread_mutex_lock(&device->change);
	/* A stop that fails has logged why. One that a thread holds up is not waited for. */
	if (kl__device_stop(device) == -EAGAIN)
		(void)kl__status_reset(device);
	device->driver->remove(device);
	/*
	 * A device that never finished its reset keeps its queues' memory: it may still write
	 * there.
	 */
	if (kl_device_state(device) != KL_DEVICE_LOST && kl__status_reset(device) != -ETIMEDOUT)
		kl__device_free_queues(device);
	kl__device_forget_queues(device);
	remove_open(device);
	device->transport->ops->close(device->transport);
	kl__interrupts_close(device);
	/* kl__device_uses_memory is not called any more. */
	device->host->close(device->host);
	pthread_mutex_unlock(&device->change);
	destroy_device(device);
}
