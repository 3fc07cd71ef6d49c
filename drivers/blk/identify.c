/* SPDX-License-Identifier: BSD-3-Clause */
#include "identify.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <kickless/log.h>
#include <kickless/text.h>

#include "ring/clock.h"
#include "ring/kick.h"
#include "slot.h"
#include "subrequest.h"

#define NS_PER_MS UINT64_C(1000000)
/* Between two readings of the ring; each pause is twice as long as the one before. */
#define PAUSE_MIN_NS 20000
#define PAUSE_MAX_NS 1000000
/* Between two readings of the status: over vhost-user each is a message, and an answer. */
#define STATUS_EVERY_MS 4

static const char *name_of(const struct kl_blk *blk)
{
	return kl_device_info(blk->device)->name;
}

/* Bytes up to the zeroes that fill the rest. 5.2.6.1: a string of 20 bytes has no end. */
static size_t count_bytes(const char id[KL_BLK_ID_BYTES])
{
	size_t count = KL_BLK_ID_BYTES;

	while (count > 0 && id[count - 1] == '\0')
		count--;
	return count;
}

char *kl_blk_id_text(const char id[KL_BLK_ID_BYTES], char *text, size_t size)
{
	return kl_text_escape(id, count_bytes(id), "\\,", text, size);
}

static int read_id(struct kl_blk *blk, char *id)
{
	const struct kl_blk_request request = {
		.op = KL_BLK_GET_ID,
		.buffer = id,
		.length = KL_BLK_ID_BYTES,
	};
	struct kl_blk_completion completion;
	int n;

	if (kl_blk_submit(blk, 0, &request, 1) == 0)
		return -EIO;
	n = kl_blk_wait(blk, 0, &completion, 1, 1, kl_device_timeout_ms(blk->device) * NS_PER_MS);
	if (n < 0)
		return -EIO;
	return n == 0 ? -ETIMEDOUT : completion.result;
}

int kl_blk_id_read(struct kl_blk *blk, char id[KL_BLK_ID_BYTES + 1])
{
	const struct kl_blk_conf conf = {.queues = 1};
	struct kl_dma answer;
	int rc, stopped;

	if (kl_blk_state(blk) == KL_DEVICE_LOST)
		return -ETIMEDOUT;
	if (kl_blk_state(blk) != KL_DEVICE_STOPPED && kl_blk_state(blk) != KL_DEVICE_FAILED)
		return -EBUSY;
	rc = kl_device_dma_alloc(blk->device, KL_BLK_ID_BYTES, KL__CACHE_LINE, &answer);
	if (rc != 0)
		return rc;
	rc = kl_blk_start(blk, &conf);
	if (rc == 0) {
		rc = read_id(blk, answer.memory);
		stopped = kl_blk_stop(blk);
		if (stopped == -ETIMEDOUT)
			return stopped; /* The device may still write there: it keeps the memory. */
	}
	memcpy(id, answer.memory, KL_BLK_ID_BYTES);
	id[KL_BLK_ID_BYTES] = '\0';
	kl_device_dma_free(blk->device, &answer);
	return rc;
}

/* A value that is longer than virtio carries means the disk that has its first 20 bytes. */
static bool is_serial(const char id[KL_BLK_ID_BYTES], const void *value, size_t count)
{
	if (count > KL_BLK_ID_BYTES)
		count = KL_BLK_ID_BYTES;
	/* Most readers take it for a string, so it is found by that, too. */
	return memcmp(id, value, count) == 0 &&
		(count == count_bytes(id) || count == strnlen(id, KL_BLK_ID_BYTES));
}

bool blk_is_named(struct kl_device *device, const char *key, const char *value, char *own,
	size_t size)
{
	struct kl_blk *blk = kl_device_private(device);
	char id[KL_BLK_ID_BYTES + 1], wanted[KL_BLK_ID_BYTES] = {0};
	size_t count;

	own[0] = '\0';
	if (strcmp(key, "serial") != 0 || kl_blk_id_read(blk, id) != 0)
		return false;
	kl_blk_id_text(id, own, size);
	count = kl_text_unescape(value, wanted, sizeof(wanted));
	if (!is_serial(id, wanted, count) && !is_serial(id, value, strlen(value)))
		return false;
	if (count > KL_BLK_ID_BYTES)
		kl_notice(
			"%s: serial=%s has %zu bytes, but virtio carries %d: the disk is found by serial=%s",
			name_of(blk), value, count, KL_BLK_ID_BYTES, own);
	return true;
}

/* Takes the result of the request; false when there is none yet. */
static bool take_result(struct blk_queue *queue, uint32_t ready_before, int *result)
{
	struct kl_blk_completion completion;

	if (blk_harvest(queue, &completion, 1) == 1) {
		queue->count.bytes -= KL_BLK_ID_BYTES; /* They are not the application's. */
		*result = 0;
		return true;
	}
	if (queue->ready_count == ready_before)
		return false;
	/* Of those that wait to be polled it is the last. */
	queue->ready_count--;
	*result =
		queue->ready[(queue->ready_first + queue->ready_count) & queue->ready_mask].result;
	return true;
}

/* 0 and the result of the request; -ETIMEDOUT; -EIO when the device halted. */
static int await_answer(struct kl_blk *blk, int *result)
{
	const uint64_t ticks_per_ms = blk->ticks_per_second / 1000, begin = kl__clock();
	const uint64_t end = begin + kl_device_timeout_ms(blk->device) * ticks_per_ms;
	struct timespec pause = {.tv_nsec = PAUSE_MIN_NS};
	struct blk_queue *queue = blk->queues[0];
	const uint32_t ready_before = queue->ready_count;
	uint64_t status_due = begin + STATUS_EVERY_MS * ticks_per_ms;

	while (!take_result(queue, ready_before, result)) {
		if (queue->ring->fault != KL_QUEUE_OK)
			return -EIO;
		if (kl__clock() >= status_due) {
			if (kl_device_needs_reset(blk->device))
				return -EIO;
			status_due = kl__clock() + STATUS_EVERY_MS * ticks_per_ms;
		}
		if (kl__clock() >= end)
			return -ETIMEDOUT;
		/* A device that was not ready when the doorbell was written has missed it. */
		kl__kick_watchdog(queue->ring);
		nanosleep(&pause, NULL);
		pause.tv_nsec = KL__MIN(2 * pause.tv_nsec, PAUSE_MAX_NS);
	}
	return 0;
}

/*
 * Reads the serial number from queue 0, which no other thread uses: its gate is closed. 0, also
 * when there is none, or after a message -errno; -EAGAIN when no answer comes, which one may later.
 */
static int request_id(struct kl_blk *blk, bool *has_id)
{
	const struct kl_blk_request request = {
		.op = KL_BLK_GET_ID,
		.buffer = blk->answer.memory,
		.length = KL_BLK_ID_BYTES,
	};
	struct blk_queue *queue = blk->queues[0];
	struct blk_subrequest subrequest;
	struct blk_cursor cursor = {0};
	int rc, result = 0;

	memset(blk->answer.memory, 0, KL_BLK_ID_BYTES);
	rc = blk_subrequest_next(queue, &request, &cursor, &subrequest);
	if (rc == 0)
		rc = blk_subrequest_add(queue, &subrequest, &request, NULL, blk_now(queue));
	if (rc == 0) {
		blk_publish(queue);
		kl__kick_flush(queue->ring);
		rc = await_answer(blk, &result);
	}
	*has_id = rc == 0 && result == 0;
	if (rc == -ETIMEDOUT)
		kl_error(
			"%s: the request for its serial number was not answered within %u ms (option "
			"timeout_ms)",
			name_of(blk), kl_device_timeout_ms(blk->device));
	else if (rc != 0)
		kl_error("%s: the request for its serial number was not answered: %s", name_of(blk),
			strerror(-rc));
	return rc == -ETIMEDOUT ? -EAGAIN : rc;
}

/* 0 when it is the disk that it was, as far as is known. */
static int compare_id(const struct kl_blk *blk, const char *id, bool has_id, bool is_starting)
{
	char before[KL_BLK_ID_TEXT_BYTES], now[KL_BLK_ID_TEXT_BYTES];

	if (!blk->is_checked || (!blk->has_id && !has_id))
		return 0;
	kl_blk_id_text(blk->id, before, sizeof(before));
	kl_blk_id_text(id, now, sizeof(now));
	if (blk->has_id != has_id) {
		kl_warning(
			"%s: its serial number %s '%s', and can't be compared: it may be another disk",
			name_of(blk), has_id ? "is now" : "can't be read any more; it was",
			has_id ? now : before);
		return 0;
	}
	if (memcmp(blk->id, id, KL_BLK_ID_BYTES) == 0)
		return 0;
	if (is_starting) {
		kl_notice("%s: it is another disk now: its serial number is '%s' instead of '%s'",
			name_of(blk), now, before);
		return 0;
	}
	kl_error(
		"%s: another disk has taken its place: its serial number is '%s' instead of '%s'; nothing "
		"is read from it or written to it until it is stopped and started",
		name_of(blk), now, before);
	return -ESTALE;
}

int blk_check_identity(struct kl_device *device)
{
	struct kl_blk *blk = kl_device_private(device);
	const bool is_starting = blk->is_starting;
	bool has_id;
	int rc = 0;

	blk->is_starting = false;
	if (!kl_device_can_reconnect(device) ||
		(blk->is_checked && !kl_device_has_reconnected(device)))
		return 0;
	if (blk->answer.memory == NULL)
		rc = kl_device_dma_alloc(device, KL_BLK_ID_BYTES, KL__CACHE_LINE, &blk->answer);
	if (rc == 0)
		rc = request_id(blk, &has_id);
	if (rc == 0)
		rc = compare_id(blk, blk->answer.memory, has_id, is_starting);
	if (rc != 0)
		return rc;
	/* After one that can't be read, the next one is compared with the last that was. */
	if (has_id || is_starting || !blk->is_checked) {
		memcpy(blk->id, blk->answer.memory, KL_BLK_ID_BYTES);
		blk->has_id = has_id;
	}
	blk->is_checked = true;
	return 0;
}
