/* SPDX-License-Identifier: BSD-3-Clause */
/* The registration of the driver: device types, feature names, names of devices. */
#include <kickless/blk.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/log.h>

#include "config.h"
#include "identify.h"
#include "queue.h"
#include "start.h"

static const uint32_t types[] = {VIRTIO_ID_BLOCK, 0};

static const struct kl_feature_name feature_names[] = {
	{VIRTIO_BLK_F_BARRIER, "BARRIER"},
	{VIRTIO_BLK_F_SIZE_MAX, "SIZE_MAX"},
	{VIRTIO_BLK_F_SEG_MAX, "SEG_MAX"},
	{VIRTIO_BLK_F_GEOMETRY, "GEOMETRY"},
	{VIRTIO_BLK_F_RO, "RO"},
	{VIRTIO_BLK_F_BLK_SIZE, "BLK_SIZE"},
	{VIRTIO_BLK_F_SCSI, "SCSI"},
	{VIRTIO_BLK_F_FLUSH, "FLUSH"},
	{VIRTIO_BLK_F_TOPOLOGY, "TOPOLOGY"},
	{VIRTIO_BLK_F_CONFIG_WCE, "CONFIG_WCE"},
	{VIRTIO_BLK_F_MQ, "MQ"},
	{VIRTIO_BLK_F_DISCARD, "DISCARD"},
	{VIRTIO_BLK_F_WRITE_ZEROES, "WRITE_ZEROES"},
	{VIRTIO_BLK_F_LIFETIME, "LIFETIME"},
	{VIRTIO_BLK_F_SECURE_ERASE, "SECURE_ERASE"},
	{VIRTIO_BLK_F_ZONED, "ZONED"},
	{0, NULL},
};

/* A write cache that can't be flushed is useless, so its mode is not negotiated. */
static const struct kl_feature_rule feature_rules[] = {
	{.bit = VIRTIO_BLK_F_CONFIG_WCE, .needed_count = 1, .needed = {VIRTIO_BLK_F_FLUSH}},
	{0},
};

static int probe_device(struct kl_device *device)
{
	struct kl_blk *blk = calloc(1, sizeof(*blk));
	int rc;

	if (blk == NULL)
		return kl_no_memory(kl_device_info(device)->name, sizeof(*blk));
	blk->device = device;
	blk->ticks_per_second = kl_device_ticks_per_second(device);
	rc = blk_config_probe(blk);
	if (rc == 0) {
		blk->queues = calloc(UINT16_MAX, sizeof(struct blk_queue *));
		if (blk->queues == NULL)
			rc = kl_no_memory(kl_device_info(device)->name,
				UINT16_MAX * sizeof(struct blk_queue *));
	}
	if (rc != 0) {
		free(blk);
		return rc;
	}
	kl_device_private_set(device, blk);
	return 0;
}

static void remove_device(struct kl_device *device)
{
	struct kl_blk *blk = kl_device_private(device);

	for (uint16_t i = 0; i < blk->queues_made; i++) {
		blk_queue_free(blk, blk->queues[i]);
		free(blk->queues[i]);
	}
	free(blk->queues);
	kl_device_dma_free(device, &blk->answer);
	free(blk);
}

static struct kl_driver blk_driver = {
	.name = "blk",
	.types = types,
	.feature_names = feature_names,
	.feature_rules = feature_rules,
	.probe = probe_device,
	.remove = remove_device,
	.name_key = "serial",
	.is_named = blk_is_named,
	.config_changed = blk_config_changed,
	.configure = blk_configure,
	.negotiate = blk_negotiate,
	.create_queues = blk_create_queues,
	.replay = blk_check_identity,
	.quiesce = blk_quiesce,
	.drain = blk_drain,
	.uses_memory = blk_uses_memory,
	.wake = blk_wake_all,
};
KL_DRIVER(blk_driver)

struct kl_blk *kl_blk_from_device(struct kl_device *device)
{
	if (kl_driver_find_type(kl_device_info(device)->type) != &blk_driver)
		return NULL;
	return kl_device_private(device);
}

const struct kl_blk_info *kl_blk_info(const struct kl_blk *blk)
{
	return &blk->info;
}
