/* SPDX-License-Identifier: BSD-3-Clause */
#include "control_fixture.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

static uint32_t gather(const struct fake_chain *chain, uint8_t *bytes, uint32_t size)
{
	uint32_t at = 0;

	for (unsigned int i = 0; i < chain->readable; i++) {
		cr_assert_leq(at + chain->segment[i].length, size);
		memcpy(bytes + at, chain->segment[i].data, chain->segment[i].length);
		at += chain->segment[i].length;
	}
	return at;
}

/* Byte at of what the device may write. */
static uint8_t *writable_at(const struct fake_chain *chain, uint32_t at)
{
	for (unsigned int i = chain->readable; i < chain->count; i++) {
		if (at < chain->segment[i].length)
			return chain->segment[i].data + at;
		at -= chain->segment[i].length;
	}
	return NULL;
}

static uint8_t answer_of(const struct control_fixture *fixture)
{
	if (fixture->last.class == fixture->refused_class)
		return 1;
	return fixture->answer == ANSWER_REFUSES ? 1 : fixture->answer == ANSWER_GARBAGE ? 0x77 : 0;
}

static uint32_t handle(struct fake_device *fake, uint16_t queue, const struct fake_chain *chain,
	void *context)
{
	static uint8_t bytes[sizeof(struct sent_command)];
	struct control_fixture *fixture = context;
	uint32_t count = gather(chain, bytes, sizeof(bytes)), written = 0;

	(void)fake;
	cr_assert_eq(queue, fixture->index, "a command on queue %u", queue);
	cr_assert_geq(count, 2);
	fixture->last.class = bytes[0];
	fixture->last.command = bytes[1];
	fixture->last.bytes = count - 2;
	fixture->last.writable = (uint32_t)chain->writable_bytes;
	fixture->last.head = chain->head;
	memcpy(fixture->last.data, bytes + 2, count - 2);
	if (fixture->count < RTE_DIM(fixture->history))
		memcpy(fixture->history[fixture->count++], bytes, 2);
	if (fixture->answer == ANSWER_NOTHING)
		return 0;
	for (; written < fixture->inner_bytes; written++)
		*writable_at(chain, written) = fixture->reply[written];
	*writable_at(chain, written++) = answer_of(fixture);
	for (uint32_t i = 0; i < fixture->reply_bytes && writable_at(chain, written) != NULL; i++)
		*writable_at(chain, written++) = fixture->reply[i];
	return fixture->claimed != 0 ? fixture->claimed : written;
}

void control_listen(struct control_fixture *fixture)
{
	fixture->net.fake->script.handler = handle;
	fixture->net.fake->script.context = fixture;
	fixture->net.fake->script.served_queues = fixture->answer == ANSWER_NEVER ?
		0 :
		1u << fixture->index;
}

unsigned int control_serve(struct control_fixture *fixture)
{
	fixture->net.fake->script.handler = handle;
	fixture->net.fake->script.context = fixture;
	return fake_process(fixture->net.fake, fixture->index, FAKE_QUEUE_MAX);
}

void control_prepare(struct control_fixture *fixture)
{
	static const uint8_t offered[] = {17, 18, 19, 20, 21, 22, 23, 50, 51, 52, 53, 60};

	memset(fixture, 0, sizeof(*fixture));
	net_prepare(&fixture->net);
	net_give_queues(&fixture->net, CONTROL_QUEUES);
	for (unsigned int i = 0; i < RTE_DIM(offered); i++)
		fake_offer(fixture->net.fake, offered[i]);
	fixture->index = CONTROL_INDEX;
	fixture->refused_class = -1;
	kl__default_timeout_ms = 30;
	control_listen(fixture);
}

void control_start(struct control_fixture *fixture, const char *options)
{
	cr_assert_eq(net_attach(&fixture->net, options), 0, "%s", log_text());
	cr_assert_eq(net_start(&fixture->net), 0, "%s", log_text());
}

void control_open(struct control_fixture *fixture)
{
	control_prepare(fixture);
	control_start(fixture, NULL);
}

void control_close(struct control_fixture *fixture)
{
	net_close(&fixture->net);
}

void control_expect(const struct control_fixture *fixture, uint8_t class, uint8_t command,
	const void *data, uint32_t bytes)
{
	const struct sent_command *last = &fixture->last;

	cr_expect(last->class == class && last->command == command, "%u.%u instead of %u.%u",
		last->class, last->command, class, command);
	cr_assert_eq(last->bytes, bytes, "%u bytes instead of %u", last->bytes, bytes);
	for (uint32_t i = 0; i < bytes; i++)
		cr_assert_eq(last->data[i], ((const uint8_t *)data)[i], "byte %u is %02x", i,
			last->data[i]);
}

const char *control_history(struct control_fixture *fixture)
{
	static char text[1024];
	size_t at = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < fixture->count; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u.%u", i > 0 ? " " : "",
			fixture->history[i][0], fixture->history[i][1]);
	fixture->count = 0;
	return text;
}
