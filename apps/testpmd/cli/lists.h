/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of small numbers as people type them, for ports and lcores. Pure functions over text. */
#ifndef TESTPMD_LISTS_H
#define TESTPMD_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "N[,N]...", each below 65536 and said once; at most max. Returns how many, or -EINVAL. */
int list_parse(const char *text, uint16_t *items, size_t max);

/* The bits of a hexadecimal mask, with or without 0x, from bit 0; at least one. As list_parse. */
int mask_parse(const char *text, uint16_t *items, size_t max);

struct list_pair {
	uint16_t first;
	uint16_t second;
};

/* "(N,N)[,(N,N)]..."; at most max. Returns how many, or -EINVAL. */
int pairs_parse(const char *text, struct list_pair *pairs, size_t max);

/* Whether bit is set in "(MASK)[,(MASK)]..." or "(MASK,MASK...)", whose masks hold 64 bits each. */
bool mask_list_has(const char *text, unsigned int bit);

#endif
