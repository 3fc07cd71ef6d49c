/* SPDX-License-Identifier: BSD-3-Clause */
/* The driver of docs/writing-a-driver.md over the fake device, in each form of ring. */
#include <kickless/console.h>

#include <string.h>

#include <criterion/criterion.h>

#include <kickless/device.h>

#include "attach_device.h"
#include "fake_device.h"
#include "finish.h"
#include "ring_variant.h"
#include "spec/features.h"

#define CONSOLE 3
#define CONSOLE_F_SIZE 0
#define RX 0
#define TX 1
#define RING 8

/* The device, and what it has received. */
static struct fake_device *fake;
static struct kl_device *device;
static struct kl_console *console;
static char sent[8192];
static size_t sent_bytes;

static const struct fake_config_field fields[] = {
	{0, 2, 1, CONSOLE_F_SIZE},
	{2, 2, 1, CONSOLE_F_SIZE},
	{0},
};

static uint32_t receive(struct fake_device *m, uint16_t queue, const struct fake_chain *chain,
	void *context)
{
	(void)m;
	(void)context;
	cr_expect_eq(queue, TX);
	cr_expect_eq(chain->readable, chain->count, "5.3.6: nothing to write for the device");
	for (unsigned int i = 0; i < chain->count; i++) {
		memcpy(sent + sent_bytes, chain->segment[i].data, chain->segment[i].length);
		sent_bytes += chain->segment[i].length;
	}
	return 0;
}

/* The device fills the next buffer, and claims that it has written so many bytes. */
static void device_sends(const char *text, uint32_t claim)
{
	static struct fake_chain chain;

	cr_assert(fake_pop(fake, RX, &chain), "the device has no buffer to fill");
	cr_expect_eq(chain.readable, 0, "5.3.6: nothing to read for the device");
	memcpy(chain.segment[0].data, text, strlen(text));
	fake_complete(fake, RX, chain.head, claim);
}

static void set_up(void)
{
	struct kl__transport *transport;

	capture_log();
	sent_bytes = 0;
	fake = fake_new(CONSOLE);
	cr_assert_neq(fake, NULL);
	fake_offer(fake, VIRTIO_F_EVENT_IDX);
	fake_offer(fake, CONSOLE_F_SIZE);
	ring_variant_offer(fake);
	fake->script.queue_size[RX] = fake->queue[RX].size = RING;
	fake->script.queue_size[TX] = fake->queue[TX].size = RING;
	fake->script.fields = fields;
	fake->script.config[0] = 80;
	fake->script.config[2] = 25;
	fake->script.handler = receive;
	fake->script.served_queues = 1 << TX;
	fake_rebuild(fake);
	cr_assert_eq(ring_variant_open(fake, &transport), 0, "%s", log_text());
	cr_assert_eq(attach_device(transport, &fake->host, NULL, &device), 0, "%s", log_text());
	console = kl_console_from_device(device);
	cr_assert_neq(console, NULL);
	cr_assert_eq(kl_console_start(console), 0, "%s", log_text());
}

static void tear_down(void)
{
	kl_device_close(device);
	finish(fake);
}

FRAMED_TEST(console, bytes_are_sent)
{
	static char text[3000];
	size_t size = 0;

	memset(text, 'x', sizeof(text));
	memcpy(text, "hello", 5);
	for (unsigned int i = 0; i < 10 && size < sizeof(text); i++)
		size += kl_console_write(console, text + size, sizeof(text) - size);
	cr_expect_eq(size, sizeof(text));
	cr_expect_eq(sent_bytes, sizeof(text));
	cr_expect_eq(memcmp(sent, text, sizeof(text)), 0);
}

FRAMED_TEST(console, bytes_are_received)
{
	char text[16];

	cr_expect_eq(kl_console_read(console, text, sizeof(text)), 0);
	device_sends("good ", 5);
	device_sends("morning", 7);
	cr_expect_eq(kl_console_read(console, text, 6), 6);
	cr_expect_eq(memcmp(text, "good m", 6), 0);
	cr_expect_eq(kl_console_read(console, text, sizeof(text)), 6);
	cr_expect_eq(memcmp(text, "orning", 6), 0);
	for (unsigned int i = 0; i < 100; i++) {
		device_sends("again", 5);
		cr_assert_eq(kl_console_read(console, text, sizeof(text)), 5, "round %u", i);
	}
}

FRAMED_TEST(console, size_of_the_terminal)
{
	uint16_t columns, rows;

	kl_console_size_get(console, &columns, &rows);
	cr_expect_eq(columns, 80);
	cr_expect_eq(rows, 25);
}

FRAMED_TEST(console, length_that_exceeds_the_buffer)
{
	char text[16];

	device_sends("malformed", 4096);
	cr_expect_eq(kl_console_read(console, text, sizeof(text)), 0);
	device_sends("good", 4);
	cr_expect_eq(kl_console_read(console, text, sizeof(text)), 4);
}

FRAMED_TEST(console, recovery)
{
	char text[16];

	fake_write_raw_used(fake, RX, RING + 1, 4);
	cr_expect_eq(kl_console_read(console, text, sizeof(text)), 0);
	cr_expect_eq(kl_device_state(device), KL_DEVICE_HALTED);
	cr_expect_eq(kl_console_write(console, "x", 1), 0, "a halted device takes nothing");
	cr_expect_eq(kl_console_recover(console), 0, "%s", log_text());
	device_sends("again", 5);
	cr_expect_eq(kl_console_read(console, text, sizeof(text)), 5);
	cr_expect_eq(kl_console_write(console, "y", 1), 1);
	cr_expect_eq(sent[sent_bytes - 1], 'y');
}

FRAMED_TEST(console, stop_and_start)
{
	char text[16];

	cr_expect_eq(kl_console_stop(console), 0);
	cr_expect_eq(kl_console_write(console, "x", 1), 0);
	cr_expect_eq(kl_console_read(console, text, sizeof(text)), 0);
	cr_expect_eq(kl_console_start(console), 0, "%s", log_text());
	cr_expect_eq(kl_console_write(console, "z", 1), 1);
	cr_expect_eq(sent[sent_bytes - 1], 'z');
}
