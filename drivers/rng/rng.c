/* SPDX-License-Identifier: BSD-3-Clause */
/* The entropy device, virtio 1.x, 5.4: one queue, and what is put there comes back filled. */
#include <kickless/rng.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/bus.h>
#include <kickless/log.h>

#include "ring/clock.h"
#include "ring/kick.h"
#include "ring/verbs.h"

#define VIRTIO_ID_ENTROPY 4
#define REQUESTQ 0
#define BUFFER_BYTES 4096u

struct kl_rng {
	struct kl_device *device;
	struct kl_queue *queue; /* NULL while stopped */
	struct kl_dma buffer;
	bool is_asked; /* the device has the buffer */
};

/* The device must not be given anything to read (5.4.6.1), and one buffer at a time is enough. */
static void ask(struct kl_rng *rng, size_t bytes)
{
	const struct kl__segment piece = {
		.address = rng->buffer.iova,
		.length = bytes < BUFFER_BYTES ? (uint32_t)bytes : BUFFER_BYTES,
	};

	rng->is_asked = kl__queue_add(rng->queue, &piece, 0, 1, rng) == 0;
	kl__queue_publish(rng->queue);
	kl__kick(rng->queue);
}

static int complain(const struct kl_rng *rng, int error, const char *what)
{
	kl_error("%s: %s; stop it and start it again", kl_device_info(rng->device)->name, what);
	return error;
}

static int await(struct kl_rng *rng, uint64_t since, double ticks, uint32_t *bytes)
{
	while (kl__queue_take(rng->queue, bytes) == NULL) {
		if (rng->queue->fault != KL_QUEUE_OK)
			return complain(rng, -EIO,
				kl_queue_fault_name((enum kl_queue_fault)rng->queue->fault));
		if ((double)(kl__clock() - since) < ticks)
			continue;
		if (kl_device_needs_reset(rng->device))
			return complain(rng, -EIO, "the device asks for a reset, or is gone");
		return -ETIMEDOUT;
	}
	rng->is_asked = false;
	if (*bytes > 0)
		return 0;
	/* 5.4.6.2; and a length beyond what was asked for has been made 0 by the queue. */
	return complain(rng, -EPROTO,
		"the device gave no byte, or claims more than it was asked for");
}

int kl_rng_read(struct kl_rng *rng, void *data, size_t size, uint64_t timeout_ns)
{
	double ticks = (double)timeout_ns * (double)kl_device_ticks_per_second(rng->device) / 1e9;
	uint64_t since = kl__clock();
	int rc = rng->queue != NULL ? 0 : -ESHUTDOWN;
	uint32_t bytes;

	for (size_t at = 0; at < size && rc == 0; at += bytes) {
		if (!rng->is_asked)
			ask(rng, size - at);
		rc = await(rng, since, ticks, &bytes);
		if (rc != 0)
			break;
		/* More than is wanted comes when an earlier call gave up waiting for it. */
		bytes = bytes < size - at ? bytes : (uint32_t)(size - at);
		memcpy((char *)data + at, rng->buffer.memory, bytes);
		explicit_bzero(rng->buffer.memory, rng->buffer.size);
	}
	if (rc != 0)
		memset(data, 0, size);
	return rc;
}

int kl_rng_stop(struct kl_rng *rng)
{
	int rc = kl_device_reset(rng->device, NULL, NULL);

	rng->queue = NULL;
	/* As long as a reset has not ended, the device may write to what it was given. */
	if (rc != -ETIMEDOUT)
		rng->is_asked = false;
	return rc == -ETIMEDOUT ? rc : 0;
}

int kl_rng_start(struct kl_rng *rng)
{
	const struct kl_queue_conf conf = {.index = REQUESTQ, .is_supply = true};
	int rc;

	if (rng->queue != NULL)
		return complain(rng, -EBUSY, "it is running already");
	rc = kl_device_negotiate(rng->device, &(struct kl_features){0});
	if (rc == 0)
		rc = kl_device_queue_add(rng->device, &conf, &rng->queue);
	if (rc == 0)
		rc = kl_device_run(rng->device);
	if (rc != 0) {
		kl_device_fail(rng->device);
		kl_rng_stop(rng);
	}
	return rc;
}

static int probe(struct kl_device *device)
{
	struct kl_rng *rng = calloc(1, sizeof(*rng));
	int rc;

	if (rng == NULL)
		return kl_no_memory(kl_device_info(device)->name, sizeof(*rng));
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

	if (rng->queue != NULL)
		kl_rng_stop(rng);
	if (!rng->is_asked)
		kl_device_dma_free(device, &rng->buffer);
	free(rng);
}

static const uint32_t types[] = {VIRTIO_ID_ENTROPY, 0};
static struct kl_driver rng_driver = {
	.name = "rng",
	.types = types,
	.probe = probe,
	.remove = remove_device,
};
KL_DRIVER(rng_driver)

struct kl_rng *kl_rng_from_device(struct kl_device *device)
{
	bool is_ours = kl_driver_find_type(kl_device_info(device)->type) == &rng_driver;

	return is_ours ? kl_device_private(device) : NULL;
}
