/* SPDX-License-Identifier: BSD-3-Clause */
/* A network device with a control queue. The test sets the behaviour of the device's side. */
#ifndef UNIT_NET_CONTROL_FIXTURE_H
#define UNIT_NET_CONTROL_FIXTURE_H

#include <kickless/net_control.h>

#include "control.h"
#include "core/device.h"
#include "net_fixture.h"
#include "wire.h"

#define CONTROL_QUEUES 9 /* four pairs and the control queue */
#define CONTROL_INDEX 8

enum answer {
	ANSWER_OK,
	ANSWER_REFUSES,
	ANSWER_GARBAGE,
	ANSWER_NOTHING, /* uses the buffer, writes no answer into it */
	ANSWER_NEVER,
	ANSWERS,
};

struct sent_command {
	uint8_t class, command;
	uint8_t data[70000];
	uint32_t bytes;
	uint32_t writable; /* bytes for the device to write */
	uint16_t head;
};

struct control_fixture {
	struct net_fixture net;
	uint16_t index;
	enum answer answer;
	int refused_class; /* answers of this class alone are errors; -1: none */
	uint8_t reply[2000]; /* written before (VQ_GET) or behind the answer */
	uint32_t reply_bytes;
	uint32_t inner_bytes;
	uint32_t claimed; /* the used length, when not 0 */
	struct sent_command last;
	uint8_t history[64][2]; /* class and command */
	unsigned int count;
};

/* Everything offered that needs a control queue; prepared, not attached. */
void control_prepare(struct control_fixture *fixture);
/* Attached and started with the options and fixture->net.conf. */
void control_start(struct control_fixture *fixture, const char *options);
/* All of it. */
void control_open(struct control_fixture *fixture);
/* Closes the device; expects no violation. */
void control_close(struct control_fixture *fixture);
/* To be called after the fixture was used for packets: the control queue is served again. */
void control_listen(struct control_fixture *fixture);
/* Answers what waits there, by hand. Returns how many. */
unsigned int control_serve(struct control_fixture *fixture);

/* The last command, byte for byte. */
void control_expect(const struct control_fixture *fixture, uint8_t class, uint8_t command,
	const void *data, uint32_t bytes);
/* "class.command class.command ..." since the last call. */
const char *control_history(struct control_fixture *fixture);

#endif
