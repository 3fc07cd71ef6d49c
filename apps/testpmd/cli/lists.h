/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of small numbers as people type them, for ports and lcores. Pure functions over text. */
#ifndef TESTPMD_LISTS_H
#define TESTPMD_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Parses "N[,N]...", at most max numbers, each below 65536 and given once. Returns how
 * many, or -EINVAL.
 */
int list_parse(const char *text, uint16_t *items, size_t max);

/*
 * Parses a hexadecimal mask, with or without 0x, into the numbers of its bits; at least
 * one. As list_parse.
 */
int mask_parse(const char *text, uint16_t *items, size_t max);

struct list_pair {
	uint16_t first;
	uint16_t second;
};

/* Parses "(N,N)[,(N,N)]...", at most max pairs. Returns how many, or -EINVAL. */
int pairs_parse(const char *text, struct list_pair *pairs, size_t max);

/*
 * True when bit is set in "(MASK)[,(MASK)]..." or "(MASK,MASK...)", whose masks hold 64 bits each.
 */
bool mask_list_has(const char *text, unsigned int bit);

#endif
