/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads one buffer of a packed ring from its list of descriptors: 2.8.5 to 2.8.7. */
#include "internal.h"

#define F_NEXT 1
#define F_WRITE 2
#define F_INDIRECT 4

/* 2.8.7, 2.8.19: the table's entries follow each other, so they need no links; id is reserved. */
static bool walk_table(const struct fake_walk *walk, const uint8_t *outer)
{
	uint32_t length = get32(outer + 8), flags = get16(outer + 14);
	const uint8_t *table;

	if ((flags & F_WRITE) != 0)
		return fake_reject(walk, "IND-10: INDIRECT together with WRITE");
	table = fake_open_table(walk, get64(outer), length);
	if (table == NULL)
		return false;
	for (const uint8_t *entry = table; entry < table + length; entry += 16) {
		uint32_t entry_flags = get16(entry + 14);

		if ((entry_flags & ~(uint32_t)F_WRITE) != 0)
			return fake_reject(walk,
				"IND-06: an entry of an indirect table with flags besides WRITE");
		if (!fake_add_segment(walk, get64(entry), get32(entry + 8), entry_flags != 0))
			return false;
	}
	return true;
}

bool fake_walk_packed(struct fake_device *fake, uint16_t index, uint16_t id, const uint8_t *list,
	unsigned int count, struct fake_chain *chain)
{
	struct fake_walk walk = {fake, index, id, chain};

	fake_begin_chain(&walk);
	chain->descriptors = count;
	for (unsigned int i = 0; i < count; i++, list += 16) {
		uint32_t flags = get16(list + 14);

		fake_hash(chain, list, 16);
		if ((flags & F_INDIRECT) == 0) {
			if (!fake_add_segment(&walk, get64(list), get32(list + 8),
				    (flags & F_WRITE) != 0))
				return false;
			continue;
		}
		if (count > 1)
			return fake_reject(&walk,
				"IND-08: an indirect descriptor in a list of several");
		if (!walk_table(&walk, list))
			return false;
	}
	return true;
}
