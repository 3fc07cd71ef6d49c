/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading numbers that people type: all of the text, or nothing. */
#ifndef TESTPMD_NUMBER_H
#define TESTPMD_NUMBER_H

#include <stdint.h>

/* A decimal or 0x number, ended by the text's end or by stop; *end then points to where it ended
 * (end may be NULL). 0 or -EINVAL. */
int number_parse(const char *text, char stop, uint64_t *value, const char **end);

/* Seconds, with a fraction if wanted; 0 or -EINVAL. */
int seconds_parse(const char *text, double *seconds);

#endif
