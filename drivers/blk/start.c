/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting a block device: virtio 1.x, 3.1.1 and 5.2.5. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/log.h>

#include "gate.h"
#include "state.h"

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

static int check_conf(const struct kl_blk *blk, const struct kl_blk_conf *conf)
{
	const char *name = kl_device_info(blk->device)->name;

	if (kl_blk_state(blk) == KL_BLK_LOST) {
		kl_error("%s: is lost; close it", name);
		return -EIO;
	}
	if (kl_blk_state(blk) != KL_BLK_STOPPED) {
		kl_error("%s: is running already; stop it first", name);
		return -EBUSY;
	}
	if (blk->info.zones.zone_bytes != 0 &&
		kl_features_has(&kl_device_options(blk->device)->declined, VIRTIO_BLK_F_ZONED)) {
		kl_error(
			"%s: a host-managed disk loses data under who does not know its zones; leave "
			"out features=-ZONED",
			name);
		return -EINVAL;
	}
	if (conf->queues > blk->info.max_queues) {
		kl_error("%s: %u queues are not possible; allowed: 1 to %u", name, conf->queues,
			blk->info.max_queues);
		return -EINVAL;
	}
	return 0;
}

/* What the caller left open. */
static void resolve(const struct kl_blk *blk, struct kl_blk_conf *conf)
{
	const struct kl_device_options *options = kl_device_options(blk->device);

	if (conf->queues == 0)
		conf->queues = options->queues != 0 ? options->queues : 1;
	if (conf->ring_size == 0)
		conf->ring_size = options->queue_size;
	if (conf->spin_ns == 0)
		conf->spin_ns = SPIN_NS;
}

static void free_queues(struct kl_blk *blk)
{
	for (uint16_t i = 0; i < blk->queues_made; i++)
		blk_queue_free(blk, blk->queues[i]);
}

/* Queue records live until the device is closed, since they hold the counters. */
static int make_records(struct kl_blk *blk, uint16_t count)
{
	struct blk_queue **grown;

	if (count <= blk->queues_made)
		return 0;
	grown = realloc(blk->queues, count * sizeof(*grown));
	if (grown == NULL)
		return kl_no_memory(kl_device_info(blk->device)->name, count * sizeof(*grown));
	blk->queues = grown;
	for (; blk->queues_made < count; blk->queues_made++) {
		struct blk_queue *queue = aligned_alloc(KL__CACHE_LINE, sizeof(*queue));

		if (queue == NULL)
			return kl_no_memory(kl_device_info(blk->device)->name, sizeof(*queue));
		memset(queue, 0, sizeof(*queue));
		queue->gate = BLK_GATE_STOPPED;
		blk->queues[blk->queues_made] = queue;
	}
	return 0;
}

static int make_queues(struct kl_blk *blk, bool again)
{
	/* Without vectors of their own the queues can be polled, but not slept on. */
	(void)kl_device_interrupts_enable(blk->device, blk->queue_count);
	for (uint16_t i = 0; i < blk->queue_count; i++) {
		int rc = blk_queue_create(blk, blk->queues[i], i, again);

		if (rc != 0)
			return rc;
	}
	return 0;
}

static void drop_rings(void *context)
{
	struct kl_blk *blk = context;

	for (uint16_t i = 0; i < blk->queue_count; i++)
		blk_queue_drop_ring(blk->queues[i]);
}

/*
 * The device never ran, so nothing is in flight. -EAGAIN when it was a back end that went once more,
 * and by now may be back already: then the recovery that this was is due again.
 */
static int give_up(struct kl_blk *blk, int rc, bool again)
{
	int reset;

	kl_device_fail(blk->device);
	reset = kl_device_reset(blk->device, drop_rings, blk);
	blk->is_away = reset == -EAGAIN;
	if (again && (blk->is_away || (reset == 0 && rc == -EIO)))
		return -EAGAIN;
	if (reset != 0 && !blk->is_away)
		kl__store(&blk->state, KL_BLK_LOST);
	return rc;
}

int blk_bring_up(struct kl_blk *blk, bool again)
{
	struct kl_features wanted = wanted_features(blk);
	int rc = kl_device_negotiate(blk->device, &wanted);

	if (rc == 0)
		rc = blk_config_negotiated(blk);
	if (rc == 0)
		rc = make_queues(blk, again);
	if (rc == 0)
		rc = kl_device_run(blk->device);
	return rc == 0 ? 0 : give_up(blk, rc, again);
}

/* A back end may have gone while the device was stopped. */
static int find_again(struct kl_blk *blk)
{
	int rc = blk->is_away ? kl_device_reset(blk->device, NULL, NULL) : 0;

	if (rc == -EAGAIN)
		kl_error("%s: can't be started: its back end is not there",
			kl_device_info(blk->device)->name);
	blk->is_away = blk->is_away && rc != 0;
	return rc;
}

int kl_blk_start(struct kl_blk *blk, const struct kl_blk_conf *conf)
{
	struct kl_blk_conf resolved = *conf;
	bool needs_fence = !blk_gates_prepare();
	int rc;

	resolve(blk, &resolved);
	rc = check_conf(blk, &resolved);
	if (rc == 0)
		rc = find_again(blk);
	if (rc == 0)
		rc = make_records(blk, resolved.queues);
	if (rc != 0)
		return rc;
	kl_device_renew_recoveries(blk->device);
	blk->conf = resolved;
	blk->queue_count = resolved.queues;
	blk->spin_ticks = resolved.spin_ns * blk->ticks_per_second / 1000000000;
	free_queues(blk);
	rc = blk_bring_up(blk, false);
	if (rc != 0)
		return rc;
	for (uint16_t i = 0; i < blk->queue_count; i++)
		blk->queues[i]->needs_fence = needs_fence;
	kl__store(&blk->state, KL_BLK_RUNNING);
	blk_gates_set(blk, BLK_GATE_OPEN);
	return 0;
}
