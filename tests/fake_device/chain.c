/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builds one buffer out of its descriptors, and checks the rules that both formats share: 2.7.4,
 * 2.7.5, 2.8.5 to 2.8.7.
 */
#include <string.h>

#include "internal.h"

/* Readable bytes beyond these are not hashed, for speed. */
#define HASHED_BYTES 4096

bool fake_reject(const struct fake_walk *walk, const char *what)
{
	fake_violation(walk->fake, "%s (queue %u, head %u)", what, walk->index, walk->head);
	return false;
}

void fake_begin_chain(const struct fake_walk *walk)
{
	/* Not the segments: they are many, and counted. */
	memset(walk->chain, 0, offsetof(struct fake_chain, segment));
	walk->chain->head = walk->head;
	walk->chain->hash = UINT64_C(14695981039346656037);
}

/* FNV-1a, by words: descriptors and tables are multiples of four bytes, payload is padded. */
void fake_hash(struct fake_chain *chain, const void *bytes, size_t length)
{
	uint64_t word;

	for (size_t at = 0; at < length; at += 8) {
		word = 0;
		memcpy(&word, (const uint8_t *)bytes + at, length - at < 8 ? length - at : 8);
		chain->hash = (chain->hash ^ word) * UINT64_C(1099511628211);
	}
}

bool fake_add_segment(const struct fake_walk *walk, uint64_t address, uint32_t length,
	bool is_writable)
{
	struct fake_chain *chain = walk->chain;
	struct fake_segment *segment;

	if (length == 0)
		return fake_reject(walk, "ROB-49: a descriptor of no bytes");
	if (chain->count == FAKE_SEGMENTS)
		return fake_reject(walk, "SPL-05: more segments than the fake device can hold");
	segment = &chain->segment[chain->count++];
	segment->length = length;
	segment->is_writable = is_writable;
	if (!is_writable && chain->readable + 1 != chain->count)
		return fake_reject(walk, "SPL-04, PKD-15: a readable segment after a writable one");
	segment->data = fake_translate(walk->fake, address, length, "a buffer");
	if (segment->data == NULL)
		return false;
	if (is_writable) {
		chain->writable_bytes += length;
	} else {
		chain->readable++;
		chain->readable_bytes += length;
		fake_hash(chain, segment->data, length < HASHED_BYTES ? length : HASHED_BYTES);
	}
	if (chain->readable_bytes + chain->writable_bytes > UINT64_C(1) << 32)
		return fake_reject(walk, "SPL-06: a buffer of more than 4 GiB");
	return true;
}

/* 2.7.5.3, 2.8.7 */
const uint8_t *fake_open_table(const struct fake_walk *walk, uint64_t address, uint32_t length)
{
	const uint8_t *table;

	if (!fake_has(walk->fake, FEATURE_INDIRECT_DESC)) {
		fake_reject(walk, "IND-01: an indirect table without INDIRECT_DESC");
		return NULL;
	}
	if (length == 0 || length % 16 != 0) {
		fake_reject(walk, "IND-09: an indirect table of no whole number of entries");
		return NULL;
	}
	if (length / 16 > walk->fake->queue[walk->index].size) {
		fake_reject(walk, "IND-03, IND-07: an indirect table longer than the queue");
		return NULL;
	}
	table = fake_translate(walk->fake, address, length, "an indirect table");
	if (table != NULL)
		fake_hash(walk->chain, table, length);
	walk->chain->is_indirect = true;
	return table;
}
