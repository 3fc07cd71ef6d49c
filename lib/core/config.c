/* SPDX-License-Identifier: BSD-3-Clause */
/* Device configuration space, read so that all fields belong together. 2.5, 4.1.3.1. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/log.h>

#include "core/device.h"
#include "spec/status.h"

#define MAX_TRIES 100

static size_t field_bytes(const struct kl_config_field *field)
{
	return (size_t)field->width * field->count;
}

static int check_field(const struct kl_device *device, uint16_t offset, size_t bytes)
{
	if (offset + bytes <= device->transport->config_size)
		return 0;
	kl_error("%s: its configuration space has %zu bytes, but bytes %u to %zu are needed",
		device->info.name, device->transport->config_size, offset, offset + bytes - 1);
	return -ENODATA;
}

static uint64_t read_integer(struct kl__transport *transport, uint32_t offset, unsigned int width)
{
	uint64_t low;

	if (width < 8)
		return transport->ops->config_read(transport, offset, width);
	low = transport->ops->config_read(transport, offset, 4);
	return low | (uint64_t)transport->ops->config_read(transport, offset + 4, 4) << 32;
}

static void read_fields(struct kl__transport *transport, const struct kl_config_field *fields,
	size_t count)
{
	for (size_t f = 0; f < count; f++) {
		char *value = fields[f].value;

		for (unsigned int i = 0; i < fields[f].count; i++, value += fields[f].width) {
			uint64_t integer = read_integer(transport,
				fields[f].offset + i * (uint32_t)fields[f].width, fields[f].width);

			memcpy(value, &integer, fields[f].width);
		}
	}
}

static size_t copy_values(const struct kl_config_field *fields, size_t count, uint8_t *copy)
{
	size_t at = 0;

	for (size_t f = 0; f < count; f++) {
		memcpy(copy + at, fields[f].value, field_bytes(&fields[f]));
		at += field_bytes(&fields[f]);
	}
	return at;
}

static bool read_between_generations(struct kl__transport *transport,
	const struct kl_config_field *fields, size_t count)
{
	uint32_t before = transport->ops->config_generation(transport);

	read_fields(transport, fields, count);
	return transport->ops->config_generation(transport) == before;
}

/* 2.5.4: a legacy device has no generation, so two readings must agree. */
static bool read_twice(struct kl__transport *transport, const struct kl_config_field *fields,
	size_t count, uint8_t *first, uint8_t *second)
{
	size_t size;

	read_fields(transport, fields, count);
	size = copy_values(fields, count, first);
	read_fields(transport, fields, count);
	copy_values(fields, count, second);
	return memcmp(first, second, size) == 0;
}

int kl_device_config_read(struct kl_device *device, const struct kl_config_field *fields,
	size_t count)
{
	struct kl__transport *transport = device->transport;
	uint8_t *copies = NULL;
	size_t bytes = 0;
	int rc = -EPROTO;

	for (size_t f = 0; f < count; f++) {
		if (check_field(device, fields[f].offset, field_bytes(&fields[f])) != 0)
			return -ENODATA;
		bytes += field_bytes(&fields[f]);
	}
	if (transport->ops->config_generation == NULL) {
		copies = malloc(2 * bytes + 1);
		if (copies == NULL)
			return kl_no_memory(device->info.name, 2 * bytes + 1);
	}
	for (int tries = 0; tries < MAX_TRIES && rc != 0; tries++)
		if (copies != NULL ? read_twice(transport, fields, count, copies, copies + bytes) :
				     read_between_generations(transport, fields, count))
			rc = 0;
	free(copies);
	/*
	 * All ones are a stable generation too, so a device that left the bus is told apart here.
	 */
	if (transport->ops->get_status(transport) == VIRTIO_STATUS_GONE)
		return kl__device_gone(device);
	if (rc != 0)
		kl_error(
			"%s: its configuration changed during each of %d readings; the device is faulty",
			device->info.name, MAX_TRIES);
	return rc;
}

size_t kl_device_config_size(const struct kl_device *device)
{
	return device->transport->config_size;
}

int kl_device_config_write(struct kl_device *device, uint16_t offset, uint8_t width, uint32_t value)
{
	int rc = check_field(device, offset, width);

	if (rc == 0)
		device->transport->ops->config_write(device->transport, offset, width, value);
	return rc;
}
