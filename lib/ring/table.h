/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Indirect tables, filled in place. virtio 1.x, 2.7.5.3 and 2.8.8. A caller that finds the segments
 * one by one builds the next buffer's table without writing them down before; a caller that keeps a
 * table links its entries once and changes only their segments.
 */
#ifndef KL_RING_TABLE_H
#define KL_RING_TABLE_H

#include "ring/available.h"

/*
 * Writes one entry: flags are NEXT, WRITE or none; next counts in the table. The order of a packed
 * ring's table is its links, and only WRITE means something there: 2.8.8.
 */
KL__ALWAYS_INLINE void kl__table_set_entry(struct virtq_desc *entry, struct kl__segment segment,
	uint16_t flags, uint16_t next, const unsigned int kind)
{
	entry->addr = segment.address;
	if ((kind & KL__RING_PACKED) != 0)
		entry->rest = kl__desc_rest(segment.length, 0, flags & VIRTQ_DESC_F_WRITE);
	else
		entry->rest = kl__desc_rest(segment.length, flags,
			(flags & VIRTQ_DESC_F_NEXT) != 0 ? next : 0);
}

/*
 * Changes the segment and direction (VIRTQ_DESC_F_WRITE or none) of an entry that is not the
 * table's last. Its link stays as kl__table_set_entry wrote it.
 */
KL__ALWAYS_INLINE void kl__table_set_segment(struct virtq_desc *entry, struct kl__segment segment,
	uint16_t direction, const unsigned int kind)
{
	entry->addr = segment.address;
	if ((kind & KL__RING_PACKED) != 0) {
		entry->rest = kl__desc_rest(segment.length, 0, direction);
	} else {
		entry->len = segment.length;
		entry->flags = VIRTQ_DESC_F_NEXT | direction;
	}
}

/* The table under construction. */
struct kl__table {
	/* The entry to be filled. */
	struct virtq_desc *next;
	struct virtq_desc *first;
	struct virtq_desc *end;
	/* The second half of the last entry, without its link. */
	uint64_t last;
	/* The link of the next entry. */
	uint64_t link;
	/* A packed ring's tables have no links: their order is enough. */
	uint64_t link_step;
};

/* Affects only the table, which the device doesn't know yet: it may be abandoned. */
KL__ALWAYS_INLINE struct kl__table kl__table_begin(const struct kl_queue *queue,
	const unsigned int kind)
{
	const bool packed = (kind & KL__RING_PACKED) != 0;
	struct virtq_desc *first = queue->indirect +
		(size_t)kl__ring_next_id(queue, kind) * queue->indirect_entries;

	return (struct kl__table){
		.next = first,
		.first = first,
		.end = first + queue->indirect_entries,
		.link = packed ? 0 : kl__desc_rest(0, VIRTQ_DESC_F_NEXT, 1),
		.link_step = packed ? 0 : kl__desc_rest(0, 0, 1),
	};
}

/* flags are VIRTQ_DESC_F_WRITE or none. False when the table is full. */
KL__ALWAYS_INLINE bool kl__table_put(struct kl__table *table, uint64_t address, uint32_t length,
	uint16_t flags)
{
	if (KL__UNLIKELY(table->next == table->end))
		return false;
	table->last = table->link_step == 0 ? kl__desc_rest(length, 0, flags) :
					      kl__desc_rest(length, flags, 0);
	table->next->addr = address;
	table->next->rest = table->last | table->link;
	table->link += table->link_step;
	table->next++;
	return true;
}

/*
 * Adds the table, which has at least one entry, as one buffer. The caller has checked that a
 * descriptor is free.
 */
KL__ALWAYS_INLINE void kl__table_end(struct kl_queue *queue, const struct kl__table *table,
	uint32_t writable, void *buffer, const unsigned int kind)
{
	const size_t offset = (const char *)table->first - (const char *)queue->indirect;
	const size_t bytes = (const char *)table->next - (const char *)table->first;

	table->next[-1].rest = table->last;
	kl__ring_add(queue, buffer, queue->indirect_iova + offset, (uint32_t)bytes,
		VIRTQ_DESC_F_INDIRECT, writable, kind);
}

#endif
