/* SPDX-License-Identifier: BSD-3-Clause */
#include "control.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <kickless/driver/clock.h>
#include <kickless/log.h>

#include "replay.h"
#include "ring/kick.h"
#include "ring/verbs.h"
#include "spec/features.h"
#include "state.h"
#include "wire_control.h"

/* Header, data in two parts, data to be written, answer, reply. */
#define SEGMENTS_MAX 6
/* The answer's initial value, which no device writes. */
#define NO_ANSWER 0xff

/* Offsets in net_control.memory: each area begins a cache line, and the last has the rest. */
#define HEADER_AT 0
#define ANSWER_AT 64
#define INNER_AT 128
#define INNER_MAX 64
#define REPLY_AT 192
#define DATA_AT (REPLY_AT + NET_REPLY_MAX)

/* The first pauses are short, since most devices answer at once. */
#define PAUSE_MIN_NS 10000
#define PAUSE_MAX_NS 1000000
/* Reading the status costs an exit. */
#define PAUSES_PER_STATUS 16

uint16_t net_control_index(const struct kl_net *net)
{
	bool has_pairs = kl_device_has(net->device, VIRTIO_NET_F_MQ) ||
		kl_device_has(net->device, VIRTIO_NET_F_RSS);

	return (uint16_t)(2 * (has_pairs ? net->info.max_queue_pairs : 1));
}

/* The largest commands are the table of addresses and that of RSS. */
static size_t largest_command(const struct kl_net *net)
{
	size_t macs = 2 * sizeof(uint32_t) + (KL_NET_MACS_MAX + 1) * KL_NET_MAC_BYTES;
	size_t rss = sizeof(struct virtio_net_rss_config) +
		(net->info.rss_table_max + 1) * sizeof(uint16_t) + 1 + net->info.rss_key_max;

	return RTE_MAX(macs, rss);
}

int net_control_create(struct kl_net *net)
{
	struct net_control *control = &net->control;
	const struct kl_queue_conf conf = {
		.index = net_control_index(net),
		.has_own_size = true, /* devices give it fewer entries than those of packets */
		.indirect_entries = SEGMENTS_MAX,
		.chained = !kl_device_has(net->device, VIRTIO_F_INDIRECT_DESC),
		.is_supply = true, /* it is never polled, so no kick may be deferred */
		.breaks_alone = true, /* commands fail then; packets go on */
	};
	int rc;

	if (!kl_device_has(net->device, VIRTIO_NET_F_CTRL_VQ))
		return 0;
	control->data_bytes = largest_command(net);
	rc = kl_device_dma_alloc(net->device, DATA_AT + control->data_bytes, KL__CACHE_LINE,
		&control->memory);
	if (rc == 0)
		rc = kl_device_queue_add(net->device, &conf, &control->queue);
	if (rc == -EINVAL)
		kl_error("%s: that was its control queue; features=-CTRL_VQ does without",
			kl_device_info(net->device)->name);
	return rc;
}

void net_control_drain(struct kl_net *net)
{
	if (net->control.queue == NULL)
		return;
	while (kl__queue_drain(net->control.queue) != NULL)
		continue;
}

void net_control_free(struct kl_net *net)
{
	kl_device_dma_free(net->device, &net->control.memory);
	net->control = (struct net_control){0};
}

static struct kl__segment dma_segment(const struct net_control *control, size_t at, size_t bytes)
{
	return (struct kl__segment){control->memory.iova + at, (uint32_t)bytes};
}

static uint8_t *memory_at(const struct net_control *control, size_t at)
{
	return (uint8_t *)control->memory.memory + at;
}

/*
 * Lays the command out and adds it to the queue: each part in descriptors of its own, which a
 * device without ANY_LAYOUT needs, and any other takes. 5.1.9.8
 */
static int submit_command(struct net_control *control, const struct net_command *command)
{
	const struct virtio_net_ctrl_hdr header = {command->class, command->command};
	struct kl__segment segments[SEGMENTS_MAX];
	unsigned int readable = 0, count;
	int rc;

	memcpy(memory_at(control, HEADER_AT), &header, sizeof(header));
	segments[readable++] = dma_segment(control, HEADER_AT, sizeof(header));
	if (command->data_bytes > 0) {
		memcpy(memory_at(control, DATA_AT), command->data, command->data_bytes);
		if (command->first_bytes > 0)
			segments[readable++] = dma_segment(control, DATA_AT, command->first_bytes);
		segments[readable++] = dma_segment(control, DATA_AT + command->first_bytes,
			command->data_bytes - command->first_bytes);
	}
	count = readable;
	if (command->inner_bytes > 0)
		segments[count++] = dma_segment(control, INNER_AT, command->inner_bytes);
	memset(memory_at(control, ANSWER_AT), 0, DATA_AT - ANSWER_AT);
	*memory_at(control, ANSWER_AT) = NO_ANSWER;
	segments[count++] = dma_segment(control, ANSWER_AT, 1);
	if (command->reply_bytes > 0)
		segments[count++] = dma_segment(control, REPLY_AT, command->reply_bytes);
	rc = kl__queue_add(control->queue, segments, readable, count - readable, control);
	if (rc != 0)
		return rc;
	kl__queue_publish(control->queue);
	kl__kick_check(control->queue);
	return 0;
}

static int fail_broken(const struct kl_net *net, const char *what)
{
	net_report(net,
		"%s is not possible: the control queue is broken (%s) until a stop and start", what,
		kl_queue_fault_name((enum kl_queue_fault)net->control.queue->fault));
	return -EIO;
}

/*
 * Waits for the command in flight: 1 when it was answered, with the number of bytes written;
 * 0 or -EIO.
 */
static int wait_for_answer(struct kl_net *net, const char *what, uint32_t *written)
{
	struct kl_queue *queue = net->control.queue;
	uint64_t deadline = kl_clock_ms() + kl_device_timeout_ms(net->device);
	struct timespec pause = {.tv_nsec = PAUSE_MIN_NS};

	for (unsigned int pauses = 1; kl__queue_take(queue, written) == NULL; pauses++) {
		if (queue->fault != KL_QUEUE_OK)
			return fail_broken(net, what);
		if (pauses % PAUSES_PER_STATUS == 0 && kl_device_needs_reset(net->device)) {
			kl_error("%s: no answer to %s: the device needs a reset, or is gone",
				kl_device_info(net->device)->name, what);
			return -EIO;
		}
		if (kl_clock_ms() >= deadline)
			return 0;
		/* The first command comes right after DRIVER_OK, when a doorbell may be lost. */
		kl__kick_watchdog(queue);
		nanosleep(&pause, NULL);
		pause.tv_nsec = RTE_MIN(pause.tv_nsec * 2, PAUSE_MAX_NS);
	}
	return 1;
}

/* A command that timed out must have been answered before the next can be sent. */
static int finish_late_answer(struct kl_net *net, const char *what)
{
	struct net_control *control = &net->control;
	uint32_t written;
	void *late = kl__queue_take(control->queue, &written);

	if (control->queue->fault != KL_QUEUE_OK)
		return fail_broken(net, what);
	if (control->unanswered == NULL)
		return 0;
	if (late == NULL) {
		net_report(net, "%s is not possible: the device has not answered %s yet", what,
			control->unanswered);
		return -ETIMEDOUT;
	}
	kl_notice("%s: %s was answered late, with %u", kl_device_info(net->device)->name,
		control->unanswered, *memory_at(control, ANSWER_AT));
	control->unanswered = NULL;
	return 0;
}

/* 5.1.9.5: anything but OK is an error. */
static int check_answer(const struct kl_net *net, const struct net_command *command)
{
	uint8_t answer = *(volatile uint8_t *)memory_at(&net->control, ANSWER_AT);

	if (answer == VIRTIO_NET_OK)
		return 0;
	if (answer == VIRTIO_NET_ERR)
		net_report(net, "the device refuses %s", command->what);
	else
		net_report(net, "the device answers %s with %u; allowed: 0 (OK) and 1 (error)%s",
			command->what, answer,
			answer == NO_ANSWER ? "; this looks as if it had written nothing" : "");
	return -EIO;
}

/*
 * Bytes of the reply that the device wrote. The used length counts everything before it. A length
 * that ends before the answer, which is there, counts as no reply.
 */
static uint32_t reply_bytes(const struct net_command *command, uint32_t written)
{
	size_t before = command->inner_bytes + 1;

	return written <= before ? 0 : (uint32_t)RTE_MIN(written - before, command->reply_bytes);
}

int net_control_query(struct kl_net *net, const struct net_command *command)
{
	struct net_control *control = &net->control;
	uint32_t written = 0;
	int rc;

	if (control->queue == NULL || command->data_bytes > control->data_bytes ||
		command->inner_bytes > INNER_MAX || command->reply_bytes > NET_REPLY_MAX)
		return -EINVAL;
	rc = finish_late_answer(net, command->what);
	if (rc == 0)
		rc = submit_command(control, command);
	if (rc != 0)
		return rc;
	control->unanswered = command->what;
	rc = wait_for_answer(net, command->what, &written);
	if (rc < 0)
		return rc;
	if (rc == 0) {
		net_report(net, "the device does not answer %s within %u ms (option timeout_ms)",
			command->what, kl_device_timeout_ms(net->device));
		return -ETIMEDOUT;
	}
	control->unanswered = NULL;
	rc = check_answer(net, command);
	if (rc != 0)
		return rc;
	if (command->inner_bytes > 0)
		memcpy(command->inner, memory_at(control, INNER_AT), command->inner_bytes);
	written = reply_bytes(command, written);
	if (written > 0)
		memcpy(command->reply, memory_at(control, REPLY_AT), written);
	return (int)written;
}

int net_control_send(struct kl_net *net, const char *what, uint8_t class, uint8_t command,
	const void *data, size_t bytes)
{
	const struct net_command whole = {
		.what = what,
		.class = class,
		.command = command,
		.data = data,
		.data_bytes = bytes,
	};

	return net_control_query(net, &whole);
}
