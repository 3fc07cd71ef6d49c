/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DEVBIND_SAY_H
#define DEVBIND_SAY_H

/* "kickless-devbind: MESSAGE" on stderr, behind what stdout has so far. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
