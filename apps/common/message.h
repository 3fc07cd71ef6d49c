/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages to the user on stderr, one sentence each, in order with what stdout has so far. Any thread. */
#ifndef APPS_MESSAGE_H
#define APPS_MESSAGE_H

/* The name in front of messages. Each program defines it, beside its options. */
extern const char program_name[];

/* Prints "PROGRAM: MESSAGE": for the command line, and for failures of the run. */
void print_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints the message alone, as a reply at a prompt. */
void print_reply(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
