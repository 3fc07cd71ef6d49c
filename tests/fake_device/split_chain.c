/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads one buffer from a split ring's descriptor table: 2.7.5. */
#include "internal.h"

#define F_NEXT 1
#define F_WRITE 2
#define F_INDIRECT 4

struct descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t flags, next;
};

static struct descriptor read_descriptor(const uint8_t *table, uint16_t entry)
{
	const uint8_t *bytes = table + 16 * (size_t)entry;

	return (struct descriptor){
		.address = get64(bytes),
		.length = get32(bytes + 8),
		.flags = (uint16_t)get16(bytes + 12),
		.next = (uint16_t)get16(bytes + 14),
	};
}

static bool add(const struct fake_walk *walk, const struct descriptor *desc)
{
	return fake_add_segment(walk, desc->address, desc->length, (desc->flags & F_WRITE) != 0);
}

/* 2.7.5.3 */
static bool walk_table(const struct fake_walk *walk, const struct descriptor *outer)
{
	uint32_t entries = outer->length / 16;
	const uint8_t *table;

	if ((outer->flags & F_NEXT) != 0)
		return fake_reject(walk, "IND-04: INDIRECT together with NEXT");
	if ((outer->flags & F_WRITE) != 0)
		return fake_reject(walk, "IND-10: INDIRECT together with WRITE");
	table = fake_open_table(walk, outer->address, outer->length);
	if (table == NULL)
		return false;
	for (uint32_t i = 0; i < entries; i++) {
		struct descriptor desc = read_descriptor(table, (uint16_t)i);
		bool is_last = i + 1 == entries;

		if ((desc.flags & F_INDIRECT) != 0)
			return fake_reject(walk, "IND-02: an indirect table in an indirect table");
		if ((desc.flags & ~7u) != 0)
			return fake_reject(walk, "SPL-21: unknown descriptor flags");
		if (((desc.flags & F_NEXT) == 0) != is_last || (!is_last && desc.next != i + 1))
			return fake_reject(walk,
				"IND-05: a table whose links don't run 1, 2, 3, ...");
		if (!add(walk, &desc))
			return false;
	}
	return true;
}

/* 2.7.5.2 */
static bool is_in_order(const struct fake_walk *walk, uint16_t id, const struct descriptor *desc)
{
	uint16_t size = walk->fake->queue[walk->index].size;

	if (!fake_has(walk->fake, FEATURE_IN_ORDER) || (desc->flags & F_NEXT) == 0 ||
		desc->next == (id + 1) % size)
		return true;
	return fake_reject(walk, "ORD-01: a chain that does not go on with the next descriptor");
}

bool fake_walk_split(struct fake_device *fake, uint16_t index, uint16_t head,
	struct fake_chain *chain)
{
	const struct fake_queue *queue = &fake->queue[index];
	struct fake_walk walk = {fake, index, head, chain};
	struct descriptor desc;
	uint16_t id = head;

	fake_begin_chain(&walk);
	do {
		if (id >= queue->size)
			return fake_reject(&walk, "SPL-06: a descriptor beyond the table");
		if (chain->descriptors++ == queue->size)
			return fake_reject(&walk,
				"SPL-07: a chain longer than the queue, or a loop");
		desc = read_descriptor(queue->desc, id);
		if ((desc.flags & ~7u) != 0)
			return fake_reject(&walk, "SPL-21: unknown descriptor flags");
		if (!is_in_order(&walk, id, &desc))
			return false;
		fake_hash(chain, &desc, sizeof(desc));
		if ((desc.flags & F_INDIRECT) != 0 ? !walk_table(&walk, &desc) : !add(&walk, &desc))
			return false;
		id = desc.next;
	} while ((desc.flags & F_NEXT) != 0);
	return true;
}

void fake_for_each_descriptor(struct fake_queue *queue, uint16_t head,
	void (*fn)(struct fake_record *record, void *context), void *context)
{
	struct descriptor desc = {.next = head, .flags = F_NEXT};

	for (unsigned int i = 0; i < queue->size && (desc.flags & F_NEXT) != 0; i++) {
		uint16_t id = desc.next;

		if (id >= queue->size)
			return;
		desc = read_descriptor(queue->desc, id);
		fn(&queue->record[id], context);
	}
}
