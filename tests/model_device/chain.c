/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading one buffer from the ring, and holding it against the rules: 2.7.4, 2.7.5. */
#include <string.h>

#include "internal.h"

#define F_NEXT 1
#define F_WRITE 2
#define F_INDIRECT 4

/* Readable bytes beyond these are not hashed, for speed. */
#define HASHED_BYTES 4096

struct descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t flags, next;
};

struct walk {
	struct model *model;
	uint16_t index; /* queue */
	uint16_t head;
	struct model_chain *chain;
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

static bool complain(const struct walk *walk, const char *what)
{
	model_violation(walk->model, "%s (queue %u, head %u)", what, walk->index, walk->head);
	return false;
}

/* FNV-1a, by words: descriptors and tables are multiples of four bytes, payload is padded. */
static void hash(struct model_chain *chain, const void *bytes, size_t length)
{
	uint64_t word;

	for (size_t at = 0; at < length; at += 8) {
		word = 0;
		memcpy(&word, (const uint8_t *)bytes + at, length - at < 8 ? length - at : 8);
		chain->hash = (chain->hash ^ word) * UINT64_C(1099511628211);
	}
}

static bool add_piece(const struct walk *walk, const struct descriptor *desc)
{
	struct model_chain *chain = walk->chain;
	struct model_piece *piece;

	if (desc->length == 0)
		return complain(walk, "ROB-49: a descriptor of no bytes");
	if (chain->count == MODEL_PIECES)
		return complain(walk, "SPL-05: more pieces than the model can hold");
	piece = &chain->piece[chain->count++];
	piece->length = desc->length;
	piece->is_writable = (desc->flags & F_WRITE) != 0;
	if (!piece->is_writable && chain->readable + 1 != chain->count)
		return complain(walk, "SPL-04: a readable piece after a writable one");
	piece->data = model_translate(walk->model, desc->address, desc->length, "a buffer");
	if (piece->data == NULL)
		return false;
	if (piece->is_writable) {
		chain->writable_bytes += desc->length;
	} else {
		chain->readable++;
		chain->readable_bytes += desc->length;
		hash(chain, piece->data, desc->length < HASHED_BYTES ? desc->length : HASHED_BYTES);
	}
	if (chain->readable_bytes + chain->writable_bytes > UINT64_C(1) << 32)
		return complain(walk, "SPL-06: a buffer of more than 4 GiB");
	return true;
}

/* 2.7.5.3 */
static bool walk_table(const struct walk *walk, const struct descriptor *outer)
{
	uint32_t entries = outer->length / 16;
	const uint8_t *table;

	if (!model_has(walk->model, FEATURE_INDIRECT_DESC))
		return complain(walk, "IND-01: an indirect table without INDIRECT_DESC");
	if ((outer->flags & F_NEXT) != 0)
		return complain(walk, "IND-04: INDIRECT together with NEXT");
	if ((outer->flags & F_WRITE) != 0)
		return complain(walk, "IND-10: INDIRECT together with WRITE");
	if (outer->length == 0 || outer->length % 16 != 0)
		return complain(walk, "IND-09: an indirect table of no whole number of entries");
	if (entries > walk->model->queue[walk->index].size)
		return complain(walk, "IND-03: an indirect table longer than the queue");
	table = model_translate(walk->model, outer->address, outer->length, "an indirect table");
	if (table == NULL)
		return false;
	hash(walk->chain, table, outer->length);
	walk->chain->is_indirect = true;
	for (uint32_t i = 0; i < entries; i++) {
		struct descriptor desc = read_descriptor(table, (uint16_t)i);
		bool is_last = i + 1 == entries;

		if ((desc.flags & F_INDIRECT) != 0)
			return complain(walk, "IND-02: an indirect table in an indirect table");
		if ((desc.flags & ~7u) != 0)
			return complain(walk, "SPL-21: unknown descriptor flags");
		if (((desc.flags & F_NEXT) == 0) != is_last || (!is_last && desc.next != i + 1))
			return complain(walk, "IND-05: a table whose links don't run 1, 2, 3, ...");
		if (!add_piece(walk, &desc))
			return false;
	}
	return true;
}

bool model_walk(struct model *model, uint16_t index, uint16_t head, struct model_chain *chain)
{
	const struct model_queue *queue = &model->queue[index];
	struct walk walk = {model, index, head, chain};
	struct descriptor desc;
	uint16_t id = head;

	/* Not the pieces: they are many, and counted. */
	memset(chain, 0, offsetof(struct model_chain, piece));
	chain->head = head;
	chain->hash = UINT64_C(14695981039346656037);
	do {
		if (id >= queue->size)
			return complain(&walk, "SPL-06: a descriptor beyond the table");
		if (chain->descriptors++ == queue->size)
			return complain(&walk, "SPL-07: a chain longer than the queue, or a loop");
		desc = read_descriptor(queue->desc, id);
		if ((desc.flags & ~7u) != 0)
			return complain(&walk, "SPL-21: unknown descriptor flags");
		hash(chain, &desc, sizeof(desc));
		if ((desc.flags & F_INDIRECT) != 0 ? !walk_table(&walk, &desc) :
						     !add_piece(&walk, &desc))
			return false;
		id = desc.next;
	} while ((desc.flags & F_NEXT) != 0);
	return true;
}

void model_for_each_descriptor(struct model_queue *queue, uint16_t head,
	void (*fn)(struct model_record *record, void *context), void *context)
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
