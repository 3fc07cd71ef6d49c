/* SPDX-License-Identifier: BSD-3-Clause */
/* The entropy device: one queue of buffers that the device fills. virtio 1.x, 5.4. */
#include <kickless/rng.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/driver/dma.h>
#include <kickless/driver/driver.h>
#include <kickless/driver/lifecycle.h>
#include <kickless/driver/queues.h>
#include <kickless/log.h>

#include "ring/clock.h"
#include "ring/gate.h"
#include "ring/kick.h"
#include "ring/verbs.h"

#define VIRTIO_ID_ENTROPY 4
#define REQUESTQ 0
#define BUFFER_BYTES 4096u

struct kl_rng {
	struct kl__gate gate;
	struct kl_device *device;
	struct kl_queue *queue;
	struct kl_dma buffer;
	bool is_in_flight; /* the device has the buffer */
};

/* The device must not be given anything to read (5.4.6.1), and one buffer at a time is enough. */
static void add_buffer(struct kl_rng *rng, size_t bytes)
{
	const struct kl__segment segment = {
		.address = rng->buffer.iova,
		.length = bytes < BUFFER_BYTES ? (uint32_t)bytes : BUFFER_BYTES,
	};

	rng->is_in_flight = kl__queue_add(rng->queue, &segment, 0, 1, rng) == 0;
	if (!rng->is_in_flight)
		return;
	kl__queue_publish(rng->queue);
	kl__kick(rng->queue);
}

/* Halts the device, which a recovery or a stop and start resets. */
static int halt_device(struct kl_rng *rng, const char *reason)
{
	kl_error("%s: %s; recover it, or stop it and start it again",
		kl_device_info(rng->device)->name, reason);
	kl_device_halt(rng->device, rng->queue, reason);
	return -EIO;
}

static int wait_for_bytes(struct kl_rng *rng, uint64_t since, double ticks, uint32_t *bytes)
{
	while (kl__queue_take(rng->queue, bytes) == NULL) {
		if (rng->queue->fault != KL_QUEUE_OK)
			return halt_device(rng,
				kl_queue_fault_name((enum kl_queue_fault)rng->queue->fault));
		/* The control thread closed the gate. */
		if (kl__load(&rng->gate.state) != KL__GATE_OPEN)
			return -ESHUTDOWN;
		kl__kick_poll(rng->queue);
		if ((double)(kl__clock() - since) < ticks)
			continue;
		if (kl_device_needs_reset(rng->device))
			return halt_device(rng, "the device needs a reset, or is gone");
		return -ETIMEDOUT;
	}
	rng->is_in_flight = false;
	if (*bytes > 0)
		return 0;
	/* 5.4.6.2. The queue sets a length beyond the buffer to 0. */
	kl_error("%s: the device wrote no byte, or reports more than the buffer holds",
		kl_device_info(rng->device)->name);
	return -EPROTO;
}

static int read_bytes(struct kl_rng *rng, void *data, size_t size, uint64_t timeout_ns)
{
	double ticks = (double)timeout_ns * (double)kl_device_ticks_per_second(rng->device) / 1e9;
	uint64_t since = kl__clock();
	uint32_t bytes;
	int rc = 0;

	for (size_t at = 0; at < size; at += bytes) {
		if (!rng->is_in_flight)
			add_buffer(rng, size - at);
		rc = wait_for_bytes(rng, since, ticks, &bytes);
		if (rc != 0)
			break;
		/* More bytes come when an earlier call stopped waiting for them. */
		bytes = bytes < size - at ? bytes : (uint32_t)(size - at);
		memcpy((char *)data + at, rng->buffer.memory, bytes);
		explicit_bzero(rng->buffer.memory, rng->buffer.size);
	}
	return rc;
}

int kl_rng_read(struct kl_rng *rng, void *data, size_t size, uint64_t timeout_ns)
{
	int rc = -ESHUTDOWN;

	if (kl__gate_enter(&rng->gate)) {
		if (kl_device_state(rng->device) == KL_DEVICE_RUNNING)
			rc = read_bytes(rng, data, size, timeout_ns);
		else
			rc = -EIO;
	}
	kl__gate_leave(&rng->gate);
	if (rc != 0)
		memset(data, 0, size);
	return rc;
}

static int add_gate(struct kl_device *device, const void *conf)
{
	struct kl_rng *rng = kl_device_private(device);

	(void)conf;
	kl_device_gates_clear(device);
	return kl_device_gate_add(device, &rng->gate);
}

static int negotiate_features(struct kl_device *device)
{
	return kl_device_negotiate(device, &(struct kl_features){0});
}

static int create_queues(struct kl_device *device)
{
	const struct kl_queue_conf conf = {.index = REQUESTQ, .is_supply = true};
	struct kl_rng *rng = kl_device_private(device);

	return kl_device_queue_add(device, &conf, &rng->queue);
}

static void drain_queue(struct kl_device *device)
{
	struct kl_rng *rng = kl_device_private(device);

	rng->is_in_flight = false;
}

int kl_rng_start(struct kl_rng *rng)
{
	return kl_device_start(rng->device, NULL);
}

int kl_rng_stop(struct kl_rng *rng)
{
	return kl_device_stop(rng->device);
}

int kl_rng_recover(struct kl_rng *rng)
{
	(void)kl_device_check(rng->device);
	return kl_device_recover(rng->device);
}

enum kl_device_state kl_rng_state(const struct kl_rng *rng)
{
	return kl_device_state(rng->device);
}

static int probe_device(struct kl_device *device)
{
	struct kl_rng *rng = aligned_alloc(KL__CACHE_LINE, sizeof(*rng));
	int rc;

	if (rng == NULL)
		return kl_no_memory(kl_device_info(device)->name, sizeof(*rng));
	memset(rng, 0, sizeof(*rng));
	rng->gate.state = KL__GATE_CLOSED;
	rng->device = device;
	rc = kl_device_dma_alloc(device, BUFFER_BYTES, KL__CACHE_LINE, &rng->buffer);
	if (rc != 0)
		free(rng);
	else
		kl_device_private_set(device, rng);
	return rc;
}

static void remove_device(struct kl_device *device)
{
	struct kl_rng *rng = kl_device_private(device);

	kl_device_dma_free(device, &rng->buffer);
	free(rng);
}

static const uint32_t types[] = {VIRTIO_ID_ENTROPY, 0};
static struct kl_driver rng_driver = {
	.name = "rng",
	.types = types,
	.probe = probe_device,
	.remove = remove_device,
	.configure = add_gate,
	.negotiate = negotiate_features,
	.create_queues = create_queues,
	.drain = drain_queue,
};
KL_DRIVER(rng_driver)

struct kl_rng *kl_rng_from_device(struct kl_device *device)
{
	bool is_ours = kl_driver_find_type(kl_device_info(device)->type) == &rng_driver;

	return is_ours ? kl_device_private(device) : NULL;
}
