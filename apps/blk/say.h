/* SPDX-License-Identifier: BSD-3-Clause */
/* What the program has to say when something is wrong: one sentence, on stderr. */
#ifndef BLK_APP_SAY_H
#define BLK_APP_SAY_H

/* "kickless-blk: MESSAGE" */
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
