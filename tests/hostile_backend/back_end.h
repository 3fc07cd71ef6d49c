/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A vhost-user back end that serves one driver. It follows the specification until a misbehaviour
 * is due, and again from the driver's next reset on.
 */
#ifndef HOSTILE_BACK_END_H
#define HOSTILE_BACK_END_H

#include "ring.h"

#define RINGS 2
#define REGIONS 64
#define KEPT_REGIONS 256
/* Descriptors, driver area and device area. */
#define RING_AREAS 3
/* So many in a row show that traffic passes again. */
#define FRESH_ENOUGH 50

struct misbehaviour;
struct back_end;

/* A device type. Drivers of one type can't distinguish it from other implementations. */
struct device {
	const char *name;
	uint64_t features; /* of the type */
	unsigned int rings;
	void (*config)(uint8_t *bytes, uint32_t size);
	/* Handles what is pending. Called every millisecond, and when a doorbell rang. */
	void (*serve)(struct back_end *back_end);
};

struct region {
	uint64_t guest;
	uint64_t user;
	uint64_t size;
	uint8_t *at;
	void *map;
	uint64_t map_size;
	uint64_t file; /* the number of its file, the same when that comes again */
};

/* A part of a ring. */
struct area {
	uint8_t *at;
	uint32_t bytes;
};

struct back_end {
	const struct device *device;
	uint64_t features;
	uint64_t accepted;
	uint64_t protocol;
	int listener;
	int connection; /* -1: none */
	bool ignores_messages; /* reads no message */
	struct region region[REGIONS];
	unsigned int regions; /* all since the connection began */
	unsigned int old_regions; /* of earlier tables; memory that is in use stays mapped */
	/* Of earlier connections: what a back end was given it can keep. */
	struct region kept[KEPT_REGIONS];
	unsigned int kept_regions;
	struct ring ring[RINGS];
	struct area area[RINGS * RING_AREAS];
	bool spreads_frames; /* over several buffers */
	bool enabled[RINGS];
	uint32_t base[RINGS];

	/* The misbehaviour that is due after so many correct completions of that ring. */
	const struct misbehaviour *misbehaviour;
	struct ring *misbehaviour_ring;
	unsigned int misbehaviour_after;

	/* Counters, as the command "stat" prints them. */
	uint64_t performed;
	uint64_t starts; /* of ring 0 */
	uint64_t connections;
	uint64_t sent; /* frames */
	uint64_t good; /* frames that came back as they were sent, or requests served */
	uint64_t fresh; /* of those, begun since the last misbehaviour or start */
	uint64_t mark; /* sent at that time */
	uint64_t performed_at; /* on clock_us */
	/* from the last misbehaviour until FRESH_ENOUGH were fresh; 0: not yet */
	uint64_t recovered_us;
	uint64_t wrong; /* frames that were never sent so */
	uint64_t faults; /* buffers of the driver's that are not valid */
};

extern const struct device net_device, blk_device;

/* vhost.c: one message, or a new connection; closes it when it ends. */
void vhost_accept(struct back_end *back_end);
void vhost_serve(struct back_end *back_end);
void vhost_hang_up(struct back_end *back_end);
/* vhost.c: forgets the memory of earlier connections. */
void vhost_unmap_kept(struct back_end *back_end);
/* vhost.c: a translate_fn for what descriptors name; context is the back end. */
void *vhost_guest_memory(void *context, uint64_t address, uint64_t size);

/* Fills a ring that may be served now; false when it may not. */
bool back_end_fill(struct back_end *back_end, struct ring *ring);
/* Completes a buffer: correctly, or by the misbehaviour that is due. */
void back_end_complete(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length);
/* The misbehaviour that was due could not be performed. The next completion is its turn. */
void back_end_postpone(struct back_end *back_end, const char *name);
/*
 * Counts a frame that came back or a request that was served. It was begun since the last
 * misbehaviour or start.
 */
void back_end_count_fresh(struct back_end *back_end);
/* True if the misbehaviour that is due at the ring's next completion has this name. */
bool back_end_is_due(const struct back_end *back_end, const struct ring *ring, const char *name);

/* misbehaviour.c */
struct misbehaviour {
	const char *name;
	unsigned int more; /* buffers that it needs besides its own */
	/* In place of ring_complete. */
	void (*perform)(struct back_end *back_end, struct ring *ring, struct chain *chain,
		uint32_t length);
};
const struct misbehaviour *misbehaviour_find(const char *name);

#endif
