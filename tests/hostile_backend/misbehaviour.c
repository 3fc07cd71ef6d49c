/* SPDX-License-Identifier: BSD-3-Clause */
/* Misbehaviours: malformed used entries, malformed fields, and a device that stops. */
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <linux/virtio_net.h>

#include "back_end.h"

static void id_huge(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	ring_put(ring, 0, ring->packed ? 0xffff : 0x7fffffff, length);
	ring_advance(ring, 1, chain->count);
}

static void id_past(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	ring_put(ring, 0, ring->size, length);
	ring_advance(ring, 1, chain->count);
}

/*
 * One used entry twice, with time for the driver to see the first. The buffer was not made
 * available again; not done when the driver may have done so.
 */
static void id_stale(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	ring_complete(ring, chain, length);
	ring_call(ring);
	usleep(1000);
	if (ring_has_available(ring))
		back_end_postpone(back_end, "id-stale");
	else
		ring_complete(ring, chain, length);
}

static void id_twice(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	/* The second first, so that a driver that reads now sees both. */
	ring_put(ring, ring->packed ? chain->count : 1, chain->id, length);
	ring_put(ring, 0, chain->id, length);
	ring_advance(ring, 2, (uint16_t)(2 * chain->count));
}

static void index_jump(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	ring->skew = (uint16_t)(2 * ring->size);
	ring_complete(ring, chain, length);
}

static void index_back(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	ring->skew = (uint16_t) - (ring->size + 1);
	ring_complete(ring, chain, length);
}

static void length_huge(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	(void)length;
	ring_complete(ring, chain, UINT32_MAX);
}

static void length_over(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	length = 1;
	for (unsigned int i = 0; i < chain->segments; i++)
		length += chain->segment[i].bytes;
	ring_complete(ring, chain, length);
}

static void length_short(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	(void)length;
	ring_complete(ring, chain, 5);
}

static void length_zero(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	(void)length;
	ring_complete(ring, chain, 0);
}

/* Rewrites the link of a buffer that the device has taken and not yet completed. */
static void rewrite(struct ring *ring, const struct chain *chain, bool is_loop)
{
	struct vring_desc *desc = &ring->desc[chain->id];

	desc->flags |= VRING_DESC_F_NEXT;
	desc->next = is_loop ? chain->id : 0xffff;
}

static void rewrite_links(struct ring *ring, struct chain *chain, uint32_t length, bool is_loop)
{
	rewrite(ring, chain, is_loop);
	for (unsigned int i = 0; i < ring->count; i++)
		rewrite(ring, ring_peek(ring, i), is_loop);
	ring_complete(ring, chain, length);
}

static void link_loop(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	rewrite_links(ring, chain, length, true);
}

static void link_range(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	rewrite_links(ring, chain, length, false);
}

/* In a packed ring the flags stay: they are what the driver reads for a later lap. */
static void overwrite_descriptor(struct ring *ring, const struct chain *chain)
{
	struct vring_desc *desc = &ring->desc[chain->place];

	desc->addr = 0xdeadbeefdeadbeef;
	desc->len = 0xdeadbeef;
	if (ring->packed)
		ring->packed_desc[chain->place].id = 0xdead;
}

/* Overwrites the driver area: descriptors, and in a split ring the index and the flags too. */
static void driver_area(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	uint16_t index = ring->avail->idx, noise = index ^ 0x5555;

	(void)back_end;
	overwrite_descriptor(ring, chain);
	for (unsigned int i = 0; i < ring->count; i++)
		overwrite_descriptor(ring, ring_peek(ring, i));
	if (!ring->packed) {
		ring->avail->flags = 0xffff;
		__atomic_store_n(&ring->avail->idx, noise, __ATOMIC_RELEASE);
		usleep(2000);
		/*
		 * The index is restored unless the driver wrote it anew. Otherwise the device
		 * itself could not go on.
		 */
		__atomic_compare_exchange_n(&ring->avail->idx, &noise, index, false,
			__ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	}
	ring_complete(ring, chain, length);
}

/* Data segments only: a driver writes these anew for each request. */
static void indirect_table(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	for (unsigned int i = 1; chain->table != NULL && i + 1 < chain->segments; i++) {
		chain->table[i].addr = 0xdeadbeefdeadbeef;
		chain->table[i].len = 0xdeadbeef;
	}
	ring_complete(ring, chain, length);
}

/* A used element that reads differently each time. */
static void double_fetch(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	volatile struct vring_used_elem *element = &ring->used->ring[ring->done % ring->size];
	volatile struct vring_packed_desc *packed = &ring->packed_desc[ring->done];
	volatile uint16_t *buffers =
		(void *)(chain->segment[0].at + offsetof(struct virtio_net_hdr_v1, num_buffers));
	const uint64_t end = clock_us() + 20000;
	uint16_t used_flags;

	ring_complete(ring, chain, length);
	ring_call(ring);
	used_flags = ring->packed ? packed->flags : 0;
	for (bool is_malformed = false; clock_us() < end; is_malformed = !is_malformed) {
		if (ring->packed && packed->flags != used_flags)
			return;
		if (ring->packed) {
			packed->len = is_malformed ? UINT32_MAX : length;
			packed->id = is_malformed ? 0xffff : chain->id;
		} else {
			element->len = is_malformed ? UINT32_MAX : length;
			element->id = is_malformed ? 0x7fffffff : chain->id;
		}
		if (ring == &back_end->ring[0] && back_end->device == &net_device)
			*buffers = is_malformed ? 0xffff : 1;
	}
	*element = (struct vring_used_elem){chain->id, length};
}

static void all_flagged(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	for (uint16_t ahead = ring->size; ahead-- > 0;)
		ring_put(ring, ahead, chain->id, length);
	ring_advance(ring, 1, chain->count);
}

static void wrong_wrap(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	ring->done_wrap = !ring->done_wrap;
	ring_complete(ring, chain, length);
	ring->done_wrap = !ring->done_wrap;
}

static void chain_count(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	ring_put(ring, 0, chain->id, length);
	ring_advance(ring, 1, chain->count + 1);
}

static void event_garbage(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	ring->garbage_until = clock_us() + 300000;
	ring_complete(ring, chain, length);
}

static void lost_doorbell(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	ring->waits_for_doorbell = true;
	ring->drops_until = clock_us() + 400000;
	ring_complete(ring, chain, length);
}

static void call_storm(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	for (unsigned int i = 0; i < 100000; i++)
		ring_call(ring);
	ring_complete(ring, chain, length);
}

/* With IN_ORDER the second buffer stands for both. Then the first comes once more. */
static void order(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	const struct chain *second = ring_take(ring);

	(void)back_end;
	ring_put(ring, 0, second->id, length);
	ring_advance(ring, 2, chain->count + second->count);
	ring_complete(ring, chain, length);
}

static struct virtio_net_hdr_v1 *header_of(struct chain *chain)
{
	return (struct virtio_net_hdr_v1 *)chain->segment[0].at;
}

static void csum_beyond(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	header_of(chain)->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	header_of(chain)->csum_start = 60000;
	header_of(chain)->csum_offset = 16;
	ring_complete(ring, chain, length);
}

static void gso_unknown(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	header_of(chain)->gso_type = 77;
	header_of(chain)->hdr_len = 0xffff;
	ring_complete(ring, chain, length);
}

static void buffers_huge(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	header_of(chain)->num_buffers = 0xffff;
	ring_complete(ring, chain, length);
}

static void buffers_zero(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	header_of(chain)->num_buffers = 0;
	ring_complete(ring, chain, length);
}

#define OVERSIZE_BUFFERS 40

/* More than any frame can have, in buffers that are each valid. */
static void frame_oversize(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)back_end;
	(void)length;
	header_of(chain)->num_buffers = OVERSIZE_BUFFERS + 1;
	/* All are seen at once, since the first one comes last. */
	for (uint16_t i = 1; i <= OVERSIZE_BUFFERS; i++) {
		const struct chain *part = ring_take(ring);

		ring_put(ring, i, part->id, part->segment[0].bytes);
	}
	ring_put(ring, 0, chain->id, chain->segment[0].bytes);
	ring_advance(ring, OVERSIZE_BUFFERS + 1, OVERSIZE_BUFFERS + 1);
}

static void silent(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	(void)ring;
	(void)chain;
	(void)length;
	for (unsigned int i = 0; i < back_end->device->rings; i++)
		back_end->ring[i].ignores_buffers = true;
}

static void silent_socket(struct back_end *back_end, struct ring *ring, struct chain *chain,
	uint32_t length)
{
	silent(back_end, ring, chain, length);
	back_end->ignores_messages = true;
}

static const struct misbehaviour misbehaviours[] = {
	{"id-huge", 0, id_huge},
	{"id-past", 0, id_past},
	{"id-stale", 0, id_stale},
	{"id-twice", 0, id_twice},
	{"index-jump", 0, index_jump},
	{"index-back", 0, index_back},
	{"length-huge", 0, length_huge},
	{"length-over", 0, length_over},
	{"length-short", 0, length_short},
	{"length-zero", 0, length_zero},
	{"link-loop", 0, link_loop},
	{"link-range", 0, link_range},
	{"driver-area", 0, driver_area},
	{"indirect-table", 0, indirect_table},
	{"double-fetch", 0, double_fetch},
	{"all-flagged", 0, all_flagged},
	{"wrong-wrap", 0, wrong_wrap},
	{"chain-count", 0, chain_count},
	{"event-garbage", 0, event_garbage},
	{"lost-doorbell", 0, lost_doorbell},
	{"call-storm", 0, call_storm},
	{"order", 1, order},
	{"csum-beyond", 0, csum_beyond},
	{"gso-unknown", 0, gso_unknown},
	{"buffers-huge", 0, buffers_huge},
	{"buffers-zero", 0, buffers_zero},
	{"frame-oversize", OVERSIZE_BUFFERS, frame_oversize},
	{"status-unwritten", 0, length_zero},
	{"status-unknown", 0, length_zero},
	{"silent", 0, silent},
	{"silent-socket", 0, silent_socket},
};

const struct misbehaviour *misbehaviour_find(const char *name)
{
	for (size_t i = 0; i < sizeof(misbehaviours) / sizeof(misbehaviours[0]); i++)
		if (strcmp(misbehaviours[i].name, name) == 0)
			return &misbehaviours[i];
	return NULL;
}
