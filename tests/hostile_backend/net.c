/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A network card whose wire is a loop through the driver. Frames with a number and a pattern go in.
 * They must come back unchanged, once at most.
 */
#include <string.h>

#include <linux/virtio_net.h>

#include "back_end.h"
#include "overwrite.h"

#define RX 0
#define TX 1
#define HEADER sizeof(struct virtio_net_hdr_v1)
#define FRAME_MOST 70000
#define LEDGER 65536
#define BURST 8
#define MOST_BUFFERS 3
#define MAGIC 0x6b6c6965u

struct label {
	uint8_t addresses[12];
	uint8_t type[2];
	uint16_t bytes;
	uint32_t magic;
	uint32_t number;
};

/* The fate of the last frames. */
static struct {
	uint32_t number;
	uint16_t bytes;
	bool is_out;
} ledger[LEDGER];

static uint8_t pattern(uint32_t number, uint32_t at)
{
	return (uint8_t)(number * 31 + at * 7 + (number >> 8));
}

static uint16_t make_frame(uint8_t *frame, uint32_t number)
{
	struct label label = {.addresses = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2},
		.type = {0x88, 0xb5},
		.bytes = (uint16_t)(64 + number % 1400),
		.magic = MAGIC,
		.number = number};

	memcpy(frame, &label, sizeof(label));
	for (uint32_t at = sizeof(label); at < label.bytes; at++)
		frame[at] = pattern(number, at);
	ledger[number % LEDGER].number = number;
	ledger[number % LEDGER].bytes = label.bytes;
	ledger[number % LEDGER].is_out = true;
	return label.bytes;
}

static bool is_ours(const uint8_t *frame, uint32_t bytes, uint32_t *number)
{
	struct label label;

	if (bytes < sizeof(label))
		return false;
	memcpy(&label, frame, sizeof(label));
	*number = label.number;
	if (label.magic != MAGIC || label.bytes != bytes ||
		ledger[*number % LEDGER].number != *number ||
		ledger[*number % LEDGER].bytes != bytes || !ledger[*number % LEDGER].is_out)
		return false;
	for (uint32_t at = sizeof(label); at < bytes; at++)
		if (frame[at] != pattern(*number, at))
			return false;
	return true;
}

static void verify_frame(struct back_end *back_end, const uint8_t *frame, uint32_t bytes)
{
	uint32_t number;

	if (!is_ours(frame, bytes, &number)) {
		back_end->wrong++;
		return;
	}
	ledger[number % LEDGER].is_out = false;
	back_end->good++;
	if ((int32_t)(number - (uint32_t)back_end->mark) >= 0)
		back_end_count_fresh(back_end);
}

static uint32_t gather_bytes(const struct chain *chain, uint8_t *bytes, uint32_t most)
{
	uint32_t have = 0;

	for (unsigned int i = 0; i < chain->segments; i++) {
		const struct segment *segment = &chain->segment[i];
		uint32_t part = segment->bytes < most - have ? segment->bytes : most - have;

		memcpy(bytes + have, segment->at, part);
		have += part;
	}
	return have;
}

static void receive_frames(struct back_end *back_end)
{
	static uint8_t bytes[HEADER + FRAME_MOST];
	struct ring *ring = &back_end->ring[TX];
	struct chain *chain;

	if (!back_end_fill(back_end, ring))
		return;
	while (ring->runs && !ring->waits_for_doorbell && (chain = ring_take(ring)) != NULL) {
		uint32_t have = gather_bytes(chain, bytes, sizeof(bytes));

		verify_frame(back_end, bytes + HEADER, have < HEADER ? 0 : have - HEADER);
		back_end_complete(back_end, ring, chain, 0);
	}
}

/* One frame in several buffers. The first is used last, so that the driver sees all at once. */
static void spread_frame(struct back_end *back_end, struct ring *ring, uint16_t buffers)
{
	struct virtio_net_hdr_v1 header = {.num_buffers = buffers};
	uint8_t bytes[HEADER + 2048];
	uint32_t left = HEADER + make_frame(bytes + HEADER, (uint32_t)back_end->sent++), at = 0;
	struct {
		uint16_t id;
		uint32_t bytes;
	} used[MOST_BUFFERS];

	memcpy(bytes, &header, HEADER);
	for (uint16_t i = 0; i < buffers; i++) {
		struct chain *chain = ring_take(ring);
		uint32_t part = i + 1 < buffers ? left / 2 : left;

		part = part < chain->segment[0].bytes ? part : chain->segment[0].bytes;
		memcpy(chain->segment[0].at, bytes + at, part);
		overwrite_note_buffer(chain->segment[0].at);
		used[i].id = chain->id;
		used[i].bytes = part;
		at += part;
		left -= part;
	}
	for (uint16_t i = buffers; i-- > 0;)
		ring_put(ring, i, used[i].id, used[i].bytes);
	ring_advance(ring, buffers, buffers);
	ring_call(ring);
}

/* Receive buffers of both drivers are one segment, and large enough for a frame. */
static void deliver_frame(struct back_end *back_end, struct ring *ring)
{
	struct chain *chain = ring_take(ring);
	struct virtio_net_hdr_v1 header = {.num_buffers = 1};
	uint8_t frame[2048];
	uint16_t bytes = make_frame(frame, (uint32_t)back_end->sent++);

	if (chain->segment[0].bytes < HEADER + bytes || !chain->segment[0].writable) {
		back_end->faults += !ring->is_overwritten;
		return;
	}
	memcpy(chain->segment[0].at, &header, HEADER);
	memcpy(chain->segment[0].at + HEADER, frame, bytes);
	back_end_complete(back_end, ring, chain, (uint32_t)HEADER + bytes);
}

static void serve(struct back_end *back_end)
{
	static uint64_t due;
	struct ring *ring = &back_end->ring[RX];
	uint64_t now = clock_us();

	receive_frames(back_end);
	if (now < due || !back_end_fill(back_end, ring))
		return;
	due = now + 1000;
	for (unsigned int i = 0; i < BURST && ring->count > 0 && !ring->ignores_buffers; i++)
		if (back_end->spreads_frames && ring->count >= MOST_BUFFERS)
			spread_frame(back_end, ring, (uint16_t)(1 + i % MOST_BUFFERS));
		else
			deliver_frame(back_end, ring);
}

const struct device net_device = {
	.name = "net",
	.features = 1ull << VIRTIO_NET_F_GUEST_CSUM | 1ull << VIRTIO_NET_F_MRG_RXBUF,
	.rings = 2,
	.serve = serve,
};
