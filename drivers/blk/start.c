/* SPDX-License-Identifier: BSD-3-Clause */
#include "start.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/log.h>

#include "changes.h"
#include "config.h"
#include "queue.h"

#define SPIN_NS 20000

/* On a host-managed disk zones are reset, not discarded. 5.2.5.1. */
static struct kl_features wanted_features(const struct kl_blk *blk)
{
	static const unsigned int bits[] = {
		VIRTIO_BLK_F_SIZE_MAX,
		VIRTIO_BLK_F_SEG_MAX,
		VIRTIO_BLK_F_RO,
		VIRTIO_BLK_F_BLK_SIZE,
		VIRTIO_BLK_F_FLUSH,
		VIRTIO_BLK_F_GEOMETRY,
		VIRTIO_BLK_F_TOPOLOGY,
		VIRTIO_BLK_F_CONFIG_WCE,
		VIRTIO_BLK_F_MQ,
		VIRTIO_BLK_F_DISCARD,
		VIRTIO_BLK_F_WRITE_ZEROES,
		VIRTIO_BLK_F_LIFETIME,
		VIRTIO_BLK_F_SECURE_ERASE,
	};
	struct kl_features wanted = {0};

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		kl_features_set(&wanted, bits[i]);
	if (blk->info.zones.zone_bytes != 0) {
		kl_features_set(&wanted, VIRTIO_BLK_F_ZONED);
		kl_features_clear(&wanted, VIRTIO_BLK_F_DISCARD);
	}
	return wanted;
}

static int check_zones(const struct kl_blk *blk)
{
	if (blk->info.zones.zone_bytes == 0 ||
		!kl_features_has(&kl_device_options(blk->device)->declined, VIRTIO_BLK_F_ZONED))
		return 0;
	kl_error(
		"%s: a driver that does not use the zones of a host-managed disk would lose data; leave "
		"out features=-ZONED",
		kl_device_info(blk->device)->name);
	return -EINVAL;
}

static int check_queues(const struct kl_blk *blk, uint16_t queues)
{
	if (queues <= blk->info.max_queues)
		return 0;
	kl_error("%s: %u queues are not possible; allowed: 1 to %u",
		kl_device_info(blk->device)->name, queues, blk->info.max_queues);
	return -EINVAL;
}

static int check_conf(const struct kl_blk *blk, const struct kl_blk_conf *conf)
{
	int rc = check_zones(blk);

	return rc == 0 ? check_queues(blk, conf->queues) : rc;
}

/* Sets defaults for the fields that the caller left at 0. */
static void set_defaults(const struct kl_blk *blk, struct kl_blk_conf *conf)
{
	const struct kl_device_options *options = kl_device_options(blk->device);

	if (conf->queues == 0)
		conf->queues = options->queues != 0 ? options->queues : 1;
	if (conf->ring_size == 0)
		conf->ring_size = options->queue_size;
	if (conf->spin_ns == 0)
		conf->spin_ns = SPIN_NS;
}

/* Any thread may read a queue's counters, so queues stay until the device is closed. */
static int make_records(struct kl_blk *blk, uint16_t count)
{
	while (blk->queues_made < count) {
		struct blk_queue *queue = aligned_alloc(KL__CACHE_LINE, sizeof(*queue));

		if (queue == NULL)
			return kl_no_memory(kl_device_info(blk->device)->name, sizeof(*queue));
		memset(queue, 0, sizeof(*queue));
		queue->gate.state = KL__GATE_CLOSED;
		blk->queues[blk->queues_made] = queue;
		/* A thread that reads this number also sees the queue. */
		kl__store_release(&blk->queues_made, blk->queues_made + 1);
	}
	return 0;
}

static int add_gates(struct kl_blk *blk)
{
	int rc = 0;

	kl_device_gates_clear(blk->device);
	for (uint16_t i = 0; i < blk->queue_count && rc == 0; i++)
		rc = kl_device_gate_add(blk->device, &blk->queues[i]->gate);
	return rc;
}

int blk_configure(struct kl_device *device, const void *started_with)
{
	struct kl_blk *blk = kl_device_private(device);
	struct kl_blk_conf conf = *(const struct kl_blk_conf *)started_with;
	int rc;

	set_defaults(blk, &conf);
	rc = check_conf(blk, &conf);
	if (rc == 0)
		rc = make_records(blk, conf.queues);
	if (rc != 0)
		return rc;
	for (uint16_t i = 0; i < blk->queues_made; i++)
		blk_queue_free(blk, blk->queues[i]);
	blk->conf = conf;
	blk->is_starting = true;
	blk->queue_count = conf.queues;
	blk->spin_ticks = conf.spin_ns * blk->ticks_per_second / 1000000000;
	return add_gates(blk);
}

int blk_negotiate(struct kl_device *device)
{
	struct kl_blk *blk = kl_device_private(device);
	const struct kl_blk_info before = blk->info;
	struct kl_features wanted;
	int rc = 0;

	/* Another back end than the one that was probed may have other zones. */
	if (kl_device_has_reconnected(device)) {
		rc = blk_config_probe(blk);
		if (rc == 0)
			rc = check_zones(blk);
	}
	wanted = wanted_features(blk);
	if (rc == 0)
		rc = kl_device_negotiate(device, &wanted);
	if (rc == 0)
		rc = blk_config_negotiated(blk);
	if (rc == 0 && blk->is_starting)
		rc = check_queues(blk, blk->queue_count);
	if (rc != 0)
		return rc;
	if (!blk->is_starting)
		blk_changes_log(blk, &before, &blk->features);
	blk->features = kl_device_info(device)->accepted;
	return 0;
}

int blk_create_queues(struct kl_device *device)
{
	struct kl_blk *blk = kl_device_private(device);
	const uint16_t count = KL__MIN(blk->queue_count, blk->info.max_queues);
	int rc = 0;

	/* Without vectors of their own the queues can be polled, but not slept on. */
	(void)kl_device_interrupts_enable(device, blk->queue_count);
	for (uint16_t i = 0; i < count && rc == 0; i++) {
		__atomic_store_n(&blk->queues[i]->gate.stays_closed, false, __ATOMIC_RELAXED);
		rc = blk_queue_create(blk, blk->queues[i], i);
	}
	/* After a recovery there may be fewer. Of the others only completions can be taken. */
	for (uint16_t i = count; i < blk->queue_count; i++) {
		__atomic_store_n(&blk->queues[i]->gate.stays_closed, true, __ATOMIC_RELAXED);
		kl__gate_set(&blk->queues[i]->gate, KL__GATE_DRAINED);
	}
	return rc;
}

int kl_blk_start(struct kl_blk *blk, const struct kl_blk_conf *conf)
{
	return kl_device_start(blk->device, conf);
}

int kl_blk_stop(struct kl_blk *blk)
{
	return kl_device_stop(blk->device);
}

int kl_blk_recover(struct kl_blk *blk)
{
	return kl_device_recover(blk->device);
}

enum kl_device_state kl_blk_state(const struct kl_blk *blk)
{
	return kl_device_state(blk->device);
}
