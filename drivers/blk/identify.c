/* SPDX-License-Identifier: BSD-3-Clause */
/* The serial number of a device that does not run. 5.2.6. */
#include <errno.h>
#include <string.h>

#include "state.h"

#define TIMEOUT_NS UINT64_C(2000000000)

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
	n = kl_blk_wait(blk, 0, &completion, 1, 1, TIMEOUT_NS);
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
	/* 5.2.6.1: a string of 20 bytes has no end. */
	memcpy(id, answer.memory, KL_BLK_ID_BYTES);
	id[KL_BLK_ID_BYTES] = '\0';
	kl_device_dma_free(blk->device, &answer);
	return rc;
}
