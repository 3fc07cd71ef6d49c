/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtqueue as its device sees it, split or packed: takes what is available, writes what is used.
 * Written against the kernel's headers, so that it shares no mistake with the drivers.
 */
#ifndef HOSTILE_RING_H
#define HOSTILE_RING_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/virtio_ring.h>

#define CHAIN_SEGMENTS 64
#define HELD 1024

struct segment {
	uint8_t *at;
	uint32_t bytes;
	bool writable;
};

/* A buffer of the driver's. It is a copy, since a misbehaviour may overwrite the original. */
struct chain {
	uint16_t id;
	uint16_t place; /* packed: of its first descriptor; split: the same as id */
	uint16_t count; /* ring descriptors */
	uint16_t segments;
	struct vring_desc *table; /* of an indirect one */
	struct segment segment[CHAIN_SEGMENTS];
};

struct ring {
	bool packed;
	bool event_idx;
	bool runs;
	uint16_t size;
	uint64_t address[3]; /* as the driver set them: descriptors, available, used */
	struct vring_desc *desc;
	struct vring_packed_desc *packed_desc;
	struct vring_avail *avail;
	struct vring_used *used;
	struct vring_packed_desc_event *device_event;
	uint16_t *avail_event; /* split */
	int kick;
	int call;
	/* Places in a packed ring, indices that run free in a split one. */
	uint16_t seen;
	uint16_t done;
	bool seen_wrap;
	bool done_wrap;
	/* State that a misbehaviour leaves behind, until the ring is started anew. */
	uint16_t skew; /* of the used index */
	bool waits_for_doorbell; /* reads the ring only when the doorbell rings */
	uint64_t drops_until; /* doorbells, on clock_us */
	bool ignores_buffers;
	bool is_overwritten; /* what is available may have been overwritten */
	uint64_t garbage_until; /* in the event fields, on clock_us */
	struct chain held[HELD]; /* taken from the ring, not yet used */
	unsigned int first;
	unsigned int count;
};

/* The local address of a driver's address; NULL when size bytes from there are not its memory. */
typedef void *translate_fn(void *context, uint64_t address, uint64_t size);

/* Starts with what the driver set; base as in SET_VRING_BASE. False when addresses are invalid. */
bool ring_start(struct ring *ring, uint32_t base, translate_fn *ring_memory, void *context);
uint32_t ring_driver_bytes(const struct ring *ring);
uint32_t ring_device_bytes(const struct ring *ring);

bool ring_has_available(const struct ring *ring);
/* Takes all that is available; false when a buffer is not valid. */
bool ring_fill(struct ring *ring, translate_fn *guest_memory, void *context);
/* Goes on behind a buffer that is not valid, as the driver's memory has been overwritten. */
void ring_skip(struct ring *ring);
/* The oldest that is held; the ring keeps it until the next ring_fill. NULL: none. */
struct chain *ring_take(struct ring *ring);
struct chain *ring_peek(struct ring *ring, unsigned int number);

/*
 * Writes a used element, ahead places from where the next one is due. In a packed ring that is
 * visible at once.
 */
void ring_put(struct ring *ring, uint16_t ahead, uint32_t id, uint32_t length);
/* Advances by so many, and publishes a split ring's index. */
void ring_advance(struct ring *ring, uint16_t buffers, uint16_t descriptors);
/* Completes a buffer as the specification demands. */
void ring_complete(struct ring *ring, const struct chain *chain, uint32_t length);
void ring_call(struct ring *ring);
/* Requests a doorbell at the next buffer, or writes event fields that make no sense. */
void ring_request_kicks(struct ring *ring);

uint64_t clock_us(void);

#endif
