/* SPDX-License-Identifier: BSD-3-Clause */
/* Building one buffer out of what its descriptors say, and holding it against the rules that both
 * formats share: 2.7.4, 2.7.5, 2.8.5 to 2.8.7. */
#include <string.h>

#include "internal.h"

/* Readable bytes beyond these are not hashed, for speed. */
#define HASHED_BYTES 4096

bool model_complain(const struct model_walk *walk, const char *what)
{
	model_violation(walk->model, "%s (queue %u, head %u)", what, walk->index, walk->head);
	return false;
}

void model_begin_chain(const struct model_walk *walk)
{
	/* Not the pieces: they are many, and counted. */
	memset(walk->chain, 0, offsetof(struct model_chain, piece));
	walk->chain->head = walk->head;
	walk->chain->hash = UINT64_C(14695981039346656037);
}

/* FNV-1a, by words: descriptors and tables are multiples of four bytes, payload is padded. */
void model_hash(struct model_chain *chain, const void *bytes, size_t length)
{
	uint64_t word;

	for (size_t at = 0; at < length; at += 8) {
		word = 0;
		memcpy(&word, (const uint8_t *)bytes + at, length - at < 8 ? length - at : 8);
		chain->hash = (chain->hash ^ word) * UINT64_C(1099511628211);
	}
}

bool model_add_piece(const struct model_walk *walk, uint64_t address, uint32_t length,
	bool is_writable)
{
	struct model_chain *chain = walk->chain;
	struct model_piece *piece;

	if (length == 0)
		return model_complain(walk, "ROB-49: a descriptor of no bytes");
	if (chain->count == MODEL_PIECES)
		return model_complain(walk, "SPL-05: more pieces than the model can hold");
	piece = &chain->piece[chain->count++];
	piece->length = length;
	piece->is_writable = is_writable;
	if (!is_writable && chain->readable + 1 != chain->count)
		return model_complain(walk,
			"SPL-04, PKD-15: a readable piece after a writable one");
	piece->data = model_translate(walk->model, address, length, "a buffer");
	if (piece->data == NULL)
		return false;
	if (is_writable) {
		chain->writable_bytes += length;
	} else {
		chain->readable++;
		chain->readable_bytes += length;
		model_hash(chain, piece->data, length < HASHED_BYTES ? length : HASHED_BYTES);
	}
	if (chain->readable_bytes + chain->writable_bytes > UINT64_C(1) << 32)
		return model_complain(walk, "SPL-06: a buffer of more than 4 GiB");
	return true;
}

/* 2.7.5.3, 2.8.7 */
const uint8_t *model_open_table(const struct model_walk *walk, uint64_t address, uint32_t length)
{
	const uint8_t *table;

	if (!model_has(walk->model, FEATURE_INDIRECT_DESC)) {
		model_complain(walk, "IND-01: an indirect table without INDIRECT_DESC");
		return NULL;
	}
	if (length == 0 || length % 16 != 0) {
		model_complain(walk, "IND-09: an indirect table of no whole number of entries");
		return NULL;
	}
	if (length / 16 > walk->model->queue[walk->index].size) {
		model_complain(walk, "IND-03, IND-07: an indirect table longer than the queue");
		return NULL;
	}
	table = model_translate(walk->model, address, length, "an indirect table");
	if (table != NULL)
		model_hash(walk->chain, table, length);
	walk->chain->is_indirect = true;
	return table;
}
