/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers that people type, all of the text or nothing; and sizes that people read. */
#ifndef BLK_APP_NUMBER_H
#define BLK_APP_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* A decimal or 0x number; 0 or -EINVAL. */
int number_parse(const char *text, uint64_t *value);
/* The same with k, M, G or T behind it, for powers of 1024. */
int size_parse(const char *text, uint64_t *bytes);
/* Seconds, with a fraction if wanted, more than 0. */
int seconds_parse(const char *text, double *seconds);

/* "1.5 GiB"; returns text. */
char *size_text(uint64_t bytes, char *text, size_t size);

#endif
