/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The entropy driver over the fake device: its requests, its checks, and that every byte it returns
 * came from the device.
 */
#include <kickless/rng.h>

#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include <kickless/driver/driver.h>

#include "attach_device.h"
#include "core/device.h"
#include "finish.h"
#include "fake_device.h"
#include "ring_variant.h"
#include "fault_injection.h"
#include "spec/features.h"

#define ENTROPY 4
#define RING 8
#define SECOND UINT64_C(1000000000)
#define SHORT_WAIT (SECOND / 50)

/* The device, and what it does: the n-th byte that it gives ever is byte(n). */
static struct fake_device *fake;
static struct kl_device *device;
static struct kl_rng *rng;
static uint64_t given;
static uint32_t most; /* bytes that it fills per buffer */
static uint32_t claim; /* more than it fills */
static unsigned int buffers;
static uint32_t lengths[16]; /* of the buffers */

static uint8_t byte(uint64_t n)
{
	return (uint8_t)(n * 37 + n / 256 + 1);
}

static uint32_t fill(struct fake_device *m, uint16_t queue, const struct fake_chain *chain,
	void *context)
{
	uint32_t bytes = chain->segment[0].length < most ? chain->segment[0].length : most;

	(void)m;
	(void)queue;
	(void)context;
	cr_expect_eq(chain->readable, 0, "5.4.6.1: nothing to read for the device");
	lengths[buffers++ % 16] = (uint32_t)chain->writable_bytes;
	for (uint32_t i = 0; i < bytes; i++)
		chain->segment[0].data[i] = byte(given++);
	return bytes + claim;
}

static int attach(void)
{
	struct kl__transport *transport;
	int rc = ring_variant_open(fake, &transport);

	return rc != 0 ? rc : attach_device(transport, &fake->host, NULL, &device);
}

static void prepare(void)
{
	capture_log();
	fake = fake_new(ENTROPY);
	cr_assert_neq(fake, NULL);
	fake_offer(fake, VIRTIO_F_EVENT_IDX);
	ring_variant_offer(fake);
	fake->script.num_queues = 1;
	fake->script.queue_size[0] = fake->queue[0].size = RING;
	fake->script.config_length = 0;
	fake->script.handler = fill;
	fake->script.serves_doorbells = true;
	fake_rebuild(fake);
	most = UINT32_MAX;
	claim = 0;
	given = 0;
	buffers = 0;
}

static void set_up(void)
{
	prepare();
	cr_assert_eq(attach(), 0, "%s", log_text());
	rng = kl_rng_from_device(device);
	cr_assert_neq(rng, NULL);
	cr_assert_eq(kl_rng_start(rng), 0, "%s", log_text());
}

static void tear_down(void)
{
	if (device != NULL)
		kl_device_close(device);
	finish(fake);
}

static void expect_bytes(const uint8_t *data, size_t size, uint64_t first)
{
	for (size_t i = 0; i < size; i++)
		if (data[i] != byte(first + i))
			cr_assert_fail("byte %zu is 0x%02x, not 0x%02x", i, data[i],
				byte(first + i));
}

static void expect_zeros(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (data[i] != 0)
			cr_assert_fail("byte %zu is 0x%02x after an error", i, data[i]);
}

/* A device that is not ready right after DRIVER_OK loses the first doorbell. */
Test(rng, the_first_doorbell_is_lost)
{
	uint8_t data[100];

	prepare();
	fake->host.ticks_per_second = 2;
	fake->script.lost_doorbells = 1;
	fake->queue[0].kicks = FAKE_KICKS_ANY;
	cr_assert_eq(attach(), 0, "%s", log_text());
	rng = kl_rng_from_device(device);
	cr_assert_eq(kl_rng_start(rng), 0, "%s", log_text());
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), UINT64_MAX / 2), 0);
	expect_bytes(data, sizeof(data), 0);
	tear_down();
}

FRAMED_TEST(rng, gives_what_the_device_gave)
{
	uint8_t data[100];

	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SECOND), 0);
	expect_bytes(data, sizeof(data), 0);
	cr_expect_eq(kl_rng_read(rng, data, 1, SECOND), 0);
	expect_bytes(data, 1, 100);
	cr_expect_eq(buffers, 2);
	cr_expect_eq(lengths[0], 100, "it requests no more than needed");
	cr_expect_eq(lengths[1], 1);
	cr_expect_eq(kl_rng_read(rng, data, 0, SECOND), 0);
	cr_expect_eq(buffers, 2, "no bytes take no request");
}

FRAMED_TEST(rng, large_reads_take_several_requests)
{
	static uint8_t data[10000];

	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SECOND), 0);
	expect_bytes(data, sizeof(data), 0);
	cr_expect_eq(buffers, 3);
	cr_expect_eq(lengths[2], 10000 - 2 * 4096);
}

/* 5.4.6.2: the device may use less than the buffer. */
FRAMED_TEST(rng, short_answers_are_put_together)
{
	uint8_t data[64];

	most = 7;
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SECOND), 0);
	expect_bytes(data, sizeof(data), 0);
	cr_expect_eq(buffers, 10);
}

FRAMED_TEST(rng, no_byte_is_an_error)
{
	uint8_t data[64];

	most = 0;
	memset(data, 0xaa, sizeof(data));
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SECOND), -EPROTO);
	expect_zeros(data, sizeof(data));
	cr_expect(logged("wrote no byte"), "%s", log_text());
	most = 64;
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SECOND), 0, "it is not held against it");
}

FRAMED_TEST(rng, more_than_requested_is_an_error)
{
	uint8_t data[64];

	claim = 1;
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SECOND), -EPROTO);
	expect_zeros(data, sizeof(data));
	claim = UINT32_MAX - 63;
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SECOND), -EPROTO);
	claim = 0;
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SECOND), 0);
	expect_bytes(data, sizeof(data), 128);
}

/* The first part came, the rest did not: nothing of it is handed out. */
FRAMED_TEST(rng, an_error_leaves_no_half)
{
	static uint8_t data[5000];

	memset(data, 0xaa, sizeof(data));
	fake->script.serves_doorbells = false;
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), 0), -ETIMEDOUT);
	expect_zeros(data, sizeof(data));
}

FRAMED_TEST(rng, a_late_answer_is_used_by_the_next_call)
{
	uint8_t data[64];

	fake->script.serves_doorbells = false;
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SHORT_WAIT), -ETIMEDOUT);
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SHORT_WAIT), -ETIMEDOUT);
	cr_expect_eq(fake->queue[0].doorbells, 1, "one request is enough");
	cr_expect_eq(fake_process(fake, 0, RING), 1);
	cr_expect_eq(kl_rng_read(rng, data, 16, SHORT_WAIT), 0);
	expect_bytes(data, 16, 0);
	expect_zeros(data + 16, sizeof(data) - 16);
	/* The other 48 are not kept: the device was to give them to a call that has ended. */
	fake->script.serves_doorbells = true;
	cr_expect_eq(kl_rng_read(rng, data, 32, SECOND), 0);
	expect_bytes(data, 32, 64);
}

FRAMED_TEST(rng, handed_out_bytes_are_erased)
{
	uint8_t data[64];

	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SECOND), 0);
	/* The device answers without having written, so what lies there would come again. */
	most = 0;
	claim = 64;
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SECOND), 0);
	expect_zeros(data, sizeof(data));
}

FRAMED_TEST(rng, malformed_used_breaks_the_queue_until_a_restart)
{
	uint8_t data[64];

	fake->script.serves_doorbells = false;
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), 0), -ETIMEDOUT);
	fake_write_raw_used(fake, 0, RING, 64);
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SECOND), -EIO);
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SECOND), -EIO);
	cr_expect(logged("names no descriptor"), "%s", log_text());
	cr_expect_eq(kl_rng_stop(rng), 0);
	cr_expect_eq(kl_rng_start(rng), 0, "%s", log_text());
	fake->script.serves_doorbells = true;
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SECOND), 0);
	expect_bytes(data, sizeof(data), 0);
}

FRAMED_TEST(rng, a_needed_reset_is_no_late_answer)
{
	uint8_t data[64];

	fake->script.serves_doorbells = false;
	fake_need_reset(fake);
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SHORT_WAIT), -EIO);
	cr_expect_eq(kl_rng_stop(rng), 0);
	cr_expect_eq(kl_rng_start(rng), 0, "%s", log_text());
	fake->script.serves_doorbells = true;
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SECOND), 0);
}

FRAMED_TEST(rng, recovers_from_a_request_to_be_reset)
{
	uint8_t data[64];

	cr_expect_eq(kl_rng_recover(rng), 0);
	cr_expect_eq(fake->resets, 1, "nothing was wrong");
	fake_need_reset(fake);
	cr_expect_eq(kl_rng_recover(rng), 0, "%s", log_text());
	cr_expect(logged("requests a reset"), "%s", log_text());
	cr_expect_eq(fake->resets, 2);
	cr_expect_eq(kl_rng_state(rng), KL_DEVICE_RUNNING);
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SECOND), 0);
}

FRAMED_TEST(rng, recovers_from_a_broken_queue_three_times)
{
	uint8_t data[64];

	for (unsigned int i = 0; i < 4; i++) {
		fake->script.serves_doorbells = false;
		cr_expect_eq(kl_rng_read(rng, data, sizeof(data), 0), -ETIMEDOUT);
		fake_write_raw_used(fake, 0, RING, 64);
		cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SECOND), -EIO);
		cr_expect_eq(kl_rng_state(rng), KL_DEVICE_HALTED);
		fake->script.serves_doorbells = true;
		cr_expect_eq(kl_rng_recover(rng), i < 3 ? 0 : -EIO, "%s", log_text());
		cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SECOND), i < 3 ? 0 : -ESHUTDOWN);
	}
	cr_expect_eq(kl_rng_state(rng), KL_DEVICE_FAILED);
	cr_expect_eq(kl_rng_start(rng), 0, "%s", log_text());
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SECOND), 0);
}

FRAMED_TEST(rng, a_device_that_left)
{
	uint8_t data[64];

	fake->script.is_gone = true;
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SHORT_WAIT), -EIO);
	cr_expect_eq(kl_rng_stop(rng), -EIO);
	cr_expect_eq(kl_rng_state(rng), KL_DEVICE_STOPPED);
}

FRAMED_TEST(rng, stopped_and_started)
{
	uint8_t data[64];

	cr_expect_eq(kl_rng_start(rng), -EBUSY);
	fake->script.serves_doorbells = false;
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), 0), -ETIMEDOUT);
	cr_expect_eq(kl_rng_stop(rng), 0);
	memset(data, 0xaa, sizeof(data));
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SECOND), -ESHUTDOWN);
	expect_zeros(data, sizeof(data));
	cr_expect_eq(kl_rng_start(rng), 0);
	fake->script.serves_doorbells = true;
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), SECOND), 0);
	expect_bytes(data, sizeof(data), 0);
}

/* Memory that the device may still write to must stay, whatever else is freed. */
FRAMED_TEST(rng, a_reset_that_does_not_end_keeps_the_buffer)
{
	uint8_t data[64];
	unsigned int before = fake->allocated;

	kl__default_timeout_ms = 20;
	fake->script.serves_doorbells = false;
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), 0), -ETIMEDOUT);
	fake->script.reset_reads = FAKE_NEVER;
	fake->script.scribbles = true;
	cr_expect_eq(kl_rng_stop(rng), -ETIMEDOUT);
	cr_expect_eq(kl_rng_start(rng), -ETIMEDOUT);
	cr_expect_eq(kl_rng_read(rng, data, sizeof(data), 0), -ESHUTDOWN);
	kl_device_close(device);
	device = NULL;
	cr_expect_eq(fake->allocated, before);
}

/* Whatever start-up lacks, all is freed. */
Test(rng, starts_that_fail)
{
	prepare();
	cr_assert_eq(attach(), 0);
	rng = kl_rng_from_device(device);
	fake->script.refuses_features = true;
	cr_expect_eq(kl_rng_start(rng), -EPROTO);
	fake->script.refuses_features = false;
	fake->script.queue_size[0] = fake->queue[0].size = 0;
	cr_expect_eq(kl_rng_start(rng), -EINVAL);
	fake->script.queue_size[0] = fake->queue[0].size = RING;
	fake->script.alloc_fails_at = 1;
	cr_expect_eq(kl_rng_start(rng), -ENOMEM);
	cr_expect_eq(kl_rng_start(rng), 0, "%s", log_text());
	tear_down();
}

static int start(void)
{
	int rc = attach();

	return rc != 0 ? rc : kl_rng_start(kl_rng_from_device(device));
}

static void close_device(void)
{
	kl_device_close(device);
	device = NULL;
}

static void expect_works(void)
{
	uint8_t data[100];
	uint64_t first = given;

	cr_expect_eq(kl_rng_read(kl_rng_from_device(device), data, sizeof(data), SECOND), 0);
	expect_bytes(data, sizeof(data), first);
}

/* Transport, device, driver, its buffer, the list of gates, a queue's record and its two blocks. */
Test(rng, fault_injection)
{
	prepare();
	cr_expect_eq(fault_injection_try_all(
			     &(struct fault_trial){fake, start, close_device, expect_works}),
		8);
	finish(fake);
}

static void expect_many(uint32_t requests)
{
	uint8_t data;

	for (uint32_t i = 0; i < requests; i++)
		if (kl_rng_read(rng, &data, 1, SECOND) != 0 || data != byte(i))
			cr_assert_fail("request %u: 0x%02x", i, data);
}

/* More requests than the ring's indices can count. */
FRAMED_TEST(rng, past_65536_requests)
{
	expect_many(70000);
}

/* The driver does not know which ring it has; here each with what else a device may offer. */
static void try_ring(uint16_t size, unsigned int first, unsigned int second)
{
	prepare();
	fake->script.queue_size[0] = fake->queue[0].size = size;
	fake_offer(fake, first);
	fake_offer(fake, second);
	fake_offer(fake, VIRTIO_F_INDIRECT_DESC);
	cr_assert_eq(attach(), 0, "%s", log_text());
	rng = kl_rng_from_device(device);
	cr_assert_eq(kl_rng_start(rng), 0, "%s", log_text());
	cr_expect(kl_device_has(device, first));
	cr_expect(kl_device_has(device, second));
	expect_many(1000);
	tear_down();
}

Test(rng, every_ring)
{
	static const uint16_t sizes[] = {1, 2, 64};
	static const uint16_t packed_sizes[] = {1, 3, 100};

	for (size_t i = 0; i < 3; i++) {
		try_ring(sizes[i], VIRTIO_F_IN_ORDER, VIRTIO_F_EVENT_IDX);
		try_ring(packed_sizes[i], VIRTIO_F_RING_PACKED, VIRTIO_F_EVENT_IDX);
		try_ring(packed_sizes[i], VIRTIO_F_RING_PACKED, VIRTIO_F_IN_ORDER);
	}
}
