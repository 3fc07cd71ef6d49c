/* SPDX-License-Identifier: BSD-3-Clause */
/* What the program says when something is wrong: one sentence, on stderr, in order with stdout. */
#ifndef TESTPMD_SAY_H
#define TESTPMD_SAY_H

#include <stdarg.h>

/* "kickless-testpmd: MESSAGE"; for the command line and for failures of the run. */
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* MESSAGE alone, as an answer at the prompt. */
void say_reply(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
