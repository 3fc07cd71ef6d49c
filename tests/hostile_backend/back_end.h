/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A vhost-user back end that serves one driver, honestly until it is told to lie, and honestly
 * again from the driver's next reset on.
 */
#ifndef HOSTILE_BACK_END_H
#define HOSTILE_BACK_END_H

#include "ring.h"

#define RINGS 2
#define REGIONS 64
/* So many in a row show that traffic passes again. */
#define FRESH_ENOUGH 50

struct lie;
struct back_end;

/* What the device does: drivers of one type can't tell it from others. */
struct device {
	const char *name;
	uint64_t features; /* of the type */
	unsigned int rings;
	void (*config)(uint8_t *bytes, uint32_t size);
	/* Does what there is to do; called every millisecond, or when a doorbell rang. */
	void (*serve)(struct back_end *back_end);
};

struct region {
	uint64_t guest;
	uint64_t user;
	uint64_t size;
	uint8_t *at;
	void *map;
	uint64_t map_size;
};

struct back_end {
	const struct device *device;
	uint64_t features;
	uint64_t accepted;
	uint64_t protocol;
	int listener;
	int connection; /* -1: none */
	bool is_mute; /* takes no message */
	struct region region[REGIONS];
	unsigned int regions; /* all since the connection began */
	unsigned int old_regions; /* of earlier tables; memory that is in use stays mapped */
	struct ring ring[RINGS];
	bool enabled[RINGS];
	uint32_t base[RINGS];

	/* The lie that is to be told, after so many honest completions of that ring. */
	const struct lie *lie;
	struct ring *lie_ring;
	unsigned int lie_after;

	/* What is reported. */
	uint64_t told;
	uint64_t starts; /* of ring 0 */
	uint64_t connections;
	uint64_t sent; /* frames */
	uint64_t good; /* frames that came back as they were sent, or requests served */
	uint64_t fresh; /* of those, begun since the last lie or start */
	uint64_t mark; /* sent at that time */
	uint64_t told_at; /* on clock_us */
	uint64_t recovered_us; /* from the last lie until FRESH_ENOUGH were fresh; 0: not yet */
	uint64_t wrong; /* frames that were never sent so */
	uint64_t faults; /* buffers of the driver's that can't be */
};

extern const struct device net_device, blk_device;

/* vhost.c: one message, or a new connection; closes it when it ends. */
void vhost_accept(struct back_end *back_end);
void vhost_serve(struct back_end *back_end);
/* vhost.c: a translate_fn for what descriptors name; context is the back end. */
void *vhost_guest_memory(void *context, uint64_t address, uint64_t size);

/* Fills a ring that may be served now; false when it may not. */
bool back_end_fill(struct back_end *back_end, struct ring *ring);
/* Uses a buffer, honestly or not. */
void back_end_complete(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length);
/* The lie that was just to be told was not: the next completion is its turn. */
void back_end_tell_later(struct back_end *back_end, const char *name);
/* Something came back, or was served, that was begun since the last lie or start. */
void back_end_count_fresh(struct back_end *back_end);
/* Whether the lie that is due at the ring's next completion has this name. */
bool back_end_is_due(const struct back_end *back_end, const struct ring *ring, const char *name);

/* lies.c */
struct lie {
	const char *name;
	unsigned int more; /* buffers that it needs besides its own */
	/* In place of ring_complete. */
	void (*tell)(struct back_end *back_end, struct ring *ring, struct chain *chain,
		uint32_t length);
};
const struct lie *lie_find(const char *name);

#endif
