/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers that people type, all of the text or nothing, and sizes that people read. Pure functions.
 */
#ifndef APPS_NUMBER_H
#define APPS_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/*
 * Reads a decimal or 0x number that ends at the text's end or at stop. *end then points to where it
 * ended; end may be NULL. Returns 0 or -EINVAL.
 */
int number_parse(const char *text, char stop, uint64_t *value, const char **end);

/* Reads such a number with k, M, G or T behind it, for powers of 1024. Returns 0 or -EINVAL. */
int size_parse(const char *text, uint64_t *bytes);

/* Reads seconds, with a fraction if wanted, more than 0. Returns 0 or -EINVAL. */
int seconds_parse(const char *text, double *seconds);

/* Writes "1.5 GiB" and the like; returns text. */
char *size_text(uint64_t bytes, char *text, size_t size);

#endif
