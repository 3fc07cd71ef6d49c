/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The indirect table of the next buffer, filled in place: for a caller that finds the pieces one by
 * one and need not write them down before. virtio 1.x, 2.7.5.3 and 2.8.8.
 */
#ifndef KL_RING_TABLE_H
#define KL_RING_TABLE_H

#include "ring/ring.h"

struct kl__table {
	struct virtq_desc *next; /* entry to be filled */
	struct virtq_desc *first;
	struct virtq_desc *end;
	uint64_t last; /* what the last entry says, its link left out */
	uint64_t link; /* of the next one */
	uint64_t link_step; /* a packed ring's tables have no links: their order is enough */
};

/* Without effect but on the table, which the device doesn't know yet: it may be left as it is. */
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

/* Adds the table, which has an entry, as one buffer; the caller has seen that a descriptor is free. */
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
