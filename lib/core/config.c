/* SPDX-License-Identifier: BSD-3-Clause */
/* Device configuration space, read so that all fields belong together. 2.5, 4.1.3.1. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/log.h>

#include "core/device.h"
#include "spec/status.h"

/* Readings between two generations, and pairs of readings where a device has no generation. */
#define MAX_TRIES 100
#define MAX_PAIRS 10

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

/* One call of kl_device_config_read. A reading of a register may take as long as any answer. */
struct reading {
	struct kl__transport *transport;
	const struct kl_config_field *fields;
	size_t count;
	uint64_t deadline; /* kl_clock_ms */
	uint8_t *copies; /* two of all values; NULL where the device has a generation */
	size_t bytes; /* of one copy */
};

static bool is_late(const struct reading *reading)
{
	return kl_clock_ms() >= reading->deadline;
}

/* Leaves the rest as it is once the deadline is over. */
static void read_fields(const struct reading *reading)
{
	for (size_t f = 0; f < reading->count; f++) {
		const struct kl_config_field *field = &reading->fields[f];
		char *value = field->value;

		for (unsigned int i = 0; i < field->count; i++, value += field->width) {
			uint64_t integer;

			if (is_late(reading))
				return;
			integer = read_integer(reading->transport,
				field->offset + i * (uint32_t)field->width, field->width);
			memcpy(value, &integer, field->width);
		}
	}
}

static void copy_values(const struct reading *reading, uint8_t *copy)
{
	for (size_t f = 0; f < reading->count; f++) {
		memcpy(copy, reading->fields[f].value, field_bytes(&reading->fields[f]));
		copy += field_bytes(&reading->fields[f]);
	}
}

static bool read_between_generations(const struct reading *reading)
{
	struct kl__transport *transport = reading->transport;
	uint32_t before = transport->ops->config_generation(transport);

	read_fields(reading);
	return transport->ops->config_generation(transport) == before;
}

/* 2.5.4: a legacy device has no generation, so two readings must agree. */
static bool read_twice(const struct reading *reading)
{
	read_fields(reading);
	copy_values(reading, reading->copies);
	read_fields(reading);
	copy_values(reading, reading->copies + reading->bytes);
	return memcmp(reading->copies, reading->copies + reading->bytes, reading->bytes) == 0;
}

static int read_until_stable(const struct kl_device *device, const struct reading *reading)
{
	const int most = reading->copies != NULL ? MAX_PAIRS : MAX_TRIES;

	for (int tries = 0; tries < most; tries++) {
		bool is_stable = reading->copies != NULL ? read_twice(reading) :
							   read_between_generations(reading);

		if (is_late(reading)) {
			kl_error(
				"%s: its configuration was not read within %u ms (option timeout_ms)",
				device->info.name, kl_device_timeout_ms(device));
			return device->is_recovering && kl_device_can_reconnect(device) ? -EAGAIN :
											  -EPROTO;
		}
		if (is_stable)
			return 0;
	}
	kl_error("%s: its configuration changed during each of %d readings; the device is faulty",
		device->info.name, most);
	return -EPROTO;
}

int kl_device_config_read(struct kl_device *device, const struct kl_config_field *fields,
	size_t count)
{
	struct kl__transport *transport = device->transport;
	struct reading reading = {
		.transport = transport,
		.fields = fields,
		.count = count,
		.deadline = kl_clock_ms() + kl_device_timeout_ms(device),
	};
	int rc;

	for (size_t f = 0; f < count; f++) {
		if (check_field(device, fields[f].offset, field_bytes(&fields[f])) != 0)
			return -ENODATA;
		reading.bytes += field_bytes(&fields[f]);
	}
	if (transport->ops->config_generation == NULL) {
		reading.copies = malloc(2 * reading.bytes + 1);
		if (reading.copies == NULL)
			return kl_no_memory(device->info.name, 2 * reading.bytes + 1);
	}
	rc = read_until_stable(device, &reading);
	free(reading.copies);
	/*
	 * All ones are a stable generation too, so a device that left the bus is told apart here.
	 */
	if (transport->ops->get_status(transport) == VIRTIO_STATUS_GONE)
		return kl__device_gone(device);
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
