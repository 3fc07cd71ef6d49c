/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * F2, F6 and F8 of the fault catalogue: a whole life of a disk. The bytes are the device's features
 * and configuration, then a script. On our side: requests, polls, recoveries, stops and starts. On
 * the device's side: completions, changed configurations, needs for a reset, an invalid status, and
 * anything written anywhere in the rings, status bytes and tables.
 *
 * Invariants: a request that was accepted completes once and only once, at the latest when the
 * device has stopped. Nothing completes that was not submitted. All memory is freed, unless a
 * reset never ended.
 */
#include <kickless/log.h>

#include "disk.h"

static void submit(struct disk *disk, struct input *input)
{
	static const uint8_t operations[] = {KL_BLK_READ, KL_BLK_WRITE, KL_BLK_FLUSH, KL_BLK_GET_ID,
		KL_BLK_GET_LIFETIME, KL_BLK_DISCARD, KL_BLK_WRITE_ZEROES, KL_BLK_SECURE_ERASE, 77,
		KL_BLK_ZONE_APPEND, KL_BLK_ZONE_REPORT, KL_BLK_ZONE_RESET, KL_BLK_ZONE_RESET_ALL};
	uint8_t what = take8(input);
	uint16_t name = 0;
	struct kl_blk_request request = {.op = operations[what % sizeof(operations)],
		.flags = what / 16 % 4,
		.buffer = disk_data};

	while (name < OUTSTANDING && disk->is_out[name])
		name++;
	if (name == OUTSTANDING || !disk->has_queues)
		return;
	request.user_data = name;
	request.offset = (uint64_t)take16(input) << (what / 64 * 5);
	request.length = (uint64_t)take8(input) * (what / 64 == 3 ? 1 : 512);
	if (request.length > DATA_BYTES)
		request.length = DATA_BYTES;
	if (kl_blk_submit(disk->blk, 0, &request, 1) != 1)
		return;
	disk->is_out[name] = true;
	disk->out++;
}

static uint16_t poll(struct disk *disk)
{
	struct kl_blk_completion completions[8];
	uint16_t n = disk->has_queues ? kl_blk_poll(disk->blk, 0, completions, 8) : 0;

	for (uint16_t i = 0; i < n; i++) {
		uint64_t name = completions[i].user_data;

		MUST(name < OUTSTANDING && disk->is_out[name] && completions[i].result <= 0 &&
			(completions[i].result == 0 || completions[i].value == 0));
		disk->is_out[name] = false;
		disk->out--;
	}
	return n;
}

static void check(const struct disk *disk)
{
	struct kl_blk_queue_stats stats;

	if (kl_blk_queue_stats_get(disk->blk, 0, &stats) == 0)
		MUST(stats.queue.posted >= stats.queue.done + stats.queue.failed);
}

/* Takes the requests that a stop or a failed recovery completed, before the next start. */
static void take_completed(struct disk *disk)
{
	enum kl_device_state state = kl_blk_state(disk->blk);

	if (state != KL_DEVICE_STOPPED && state != KL_DEVICE_FAILED)
		return;
	while (poll(disk) > 0)
		;
	MUST(disk->out == 0);
}

static void stop(struct disk *disk)
{
	if (kl_blk_stop(disk->blk) == 0)
		take_completed(disk);
}

static void start(struct disk *disk, struct input *input)
{
	uint8_t how = take8(input);
	struct kl_blk_conf conf = {.queues = how % 3,
		.kick = {how / 4 % 3, 1000},
		.timeout_ms = how / 16 % 2,
		.ring_size = how / 32 % 2 == 0 ? 0 : 4};

	take_completed(disk);
	if (kl_blk_start(disk->blk, &conf) == 0)
		disk->has_queues = true;
}

static void step(struct disk *disk)
{
	uint8_t what = take8(&disk->input);

	switch (what % 16) {
	case 0:
	case 1:
	case 2:
		submit(disk, &disk->input);
		break;
	case 3:
	case 4:
	case 5:
		disk_complete(disk, what / 128, what / 16 % 8 < 5 ? 0 : what / 16 % 8);
		break;
	case 6:
	case 7:
	case 8:
		(void)poll(disk);
		break;
	case 9:
	case 10:
		disk_scribble(disk, what / 128);
		break;
	case 11:
		(void)kl_blk_recover(disk->blk);
		break;
	case 12:
		disk->status |= disk->status != 0 ? 0x40 : 0;
		(void)kl_device_needs_reset(disk->device);
		break;
	case 13:
		disk->config[take8(&disk->input) % sizeof(disk->config)] = take8(&disk->input);
		disk->generation++;
		disk->device->driver->config_changed(disk->device);
		break;
	case 14:
		stop(disk);
		break;
	default:
		start(disk, &disk->input);
	}
}

static void discard_message(enum kl_log_level level, const char *message, void *context)
{
	(void)level;
	(void)message;
	(void)context;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct kl_device_options options;
	static struct disk disk;
	bool is_lost;

	kl_log_set(KL_LOG_ERROR, discard_message, NULL);
	disk_make(&disk, bytes, size);
	if (kl__device_attach(&disk.transport, &disk.host.host, &options, &disk.device) != 0) {
		disk_free(&disk);
		return 0;
	}
	disk.blk = kl_blk_from_device(disk.device);
	start(&disk, &disk.input);
	while (disk.input.left > 0) {
		step(&disk);
		check(&disk);
	}
	(void)kl_blk_recover(disk.blk);
	stop(&disk);
	is_lost = kl_blk_state(disk.blk) == KL_DEVICE_LOST;
	kl_device_close(disk.device);
	MUST(disk.host.allocated == 0 || is_lost);
	disk_free(&disk);
	return 0;
}
