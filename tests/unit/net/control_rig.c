/* SPDX-License-Identifier: BSD-3-Clause */
#include "control_rig.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

static uint32_t gather(const struct model_chain *chain, uint8_t *bytes, uint32_t size)
{
	uint32_t at = 0;

	for (unsigned int i = 0; i < chain->readable; i++) {
		cr_assert_leq(at + chain->piece[i].length, size);
		memcpy(bytes + at, chain->piece[i].data, chain->piece[i].length);
		at += chain->piece[i].length;
	}
	return at;
}

/* Byte at of what the device may write. */
static uint8_t *writable_at(const struct model_chain *chain, uint32_t at)
{
	for (unsigned int i = chain->readable; i < chain->count; i++) {
		if (at < chain->piece[i].length)
			return chain->piece[i].data + at;
		at -= chain->piece[i].length;
	}
	return NULL;
}

static uint8_t answer_of(const struct control_rig *rig)
{
	if (rig->last.class == rig->refused_class)
		return 1;
	return rig->answer == ANSWER_REFUSES ? 1 : rig->answer == ANSWER_GARBAGE ? 0x77 : 0;
}

static uint32_t handle(struct model *model, uint16_t queue, const struct model_chain *chain,
	void *context)
{
	static uint8_t bytes[sizeof(struct sent_command)];
	struct control_rig *rig = context;
	uint32_t count = gather(chain, bytes, sizeof(bytes)), written = 0;

	(void)model;
	cr_assert_eq(queue, rig->index, "a command on queue %u", queue);
	cr_assert_geq(count, 2);
	rig->last.class = bytes[0];
	rig->last.command = bytes[1];
	rig->last.bytes = count - 2;
	rig->last.writable = (uint32_t)chain->writable_bytes;
	rig->last.head = chain->head;
	memcpy(rig->last.data, bytes + 2, count - 2);
	if (rig->count < RTE_DIM(rig->history))
		memcpy(rig->history[rig->count++], bytes, 2);
	if (rig->answer == ANSWER_NOTHING)
		return 0;
	for (; written < rig->inner_bytes; written++)
		*writable_at(chain, written) = rig->reply[written];
	*writable_at(chain, written++) = answer_of(rig);
	for (uint32_t i = 0; i < rig->reply_bytes && writable_at(chain, written) != NULL; i++)
		*writable_at(chain, written++) = rig->reply[i];
	return rig->claimed != 0 ? rig->claimed : written;
}

void control_listen(struct control_rig *rig)
{
	rig->net.model->script.handler = handle;
	rig->net.model->script.context = rig;
	rig->net.model->script.served_queues = rig->answer == ANSWER_NEVER ? 0 : 1u << rig->index;
}

unsigned int control_serve(struct control_rig *rig)
{
	rig->net.model->script.handler = handle;
	rig->net.model->script.context = rig;
	return model_process(rig->net.model, rig->index, MODEL_QUEUE_MAX);
}

void control_prepare(struct control_rig *rig)
{
	static const uint8_t offered[] = {17, 18, 19, 20, 21, 22, 23, 50, 51, 52, 53, 60};

	memset(rig, 0, sizeof(*rig));
	net_prepare(&rig->net);
	net_give_queues(&rig->net, CONTROL_QUEUES);
	for (unsigned int i = 0; i < RTE_DIM(offered); i++)
		model_offer(rig->net.model, offered[i]);
	rig->index = CONTROL_INDEX;
	rig->refused_class = -1;
	net_control_timeout_ms = 30;
	control_listen(rig);
}

void control_start(struct control_rig *rig, const char *options)
{
	cr_assert_eq(net_attach(&rig->net, options), 0, "%s", log_text());
	cr_assert_eq(net_start(&rig->net), 0, "%s", log_text());
}

void control_open(struct control_rig *rig)
{
	control_prepare(rig);
	control_start(rig, NULL);
}

void control_close(struct control_rig *rig)
{
	net_close(&rig->net);
}

void control_expect(const struct control_rig *rig, uint8_t class, uint8_t command, const void *data,
	uint32_t bytes)
{
	const struct sent_command *last = &rig->last;

	cr_expect(last->class == class && last->command == command, "%u.%u instead of %u.%u",
		last->class, last->command, class, command);
	cr_assert_eq(last->bytes, bytes, "%u bytes instead of %u", last->bytes, bytes);
	for (uint32_t i = 0; i < bytes; i++)
		cr_assert_eq(last->data[i], ((const uint8_t *)data)[i], "byte %u is %02x", i,
			last->data[i]);
}

const char *control_history(struct control_rig *rig)
{
	static char text[1024];
	size_t at = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < rig->count; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u.%u", i > 0 ? " " : "",
			rig->history[i][0], rig->history[i][1]);
	rig->count = 0;
	return text;
}
