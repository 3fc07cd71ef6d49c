/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages and the progress line, which go to stderr in order with what stdout has so far. */
#ifndef APPS_MESSAGE_H
#define APPS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The name in front of messages. Each program defines it, beside its options. */
extern const char program_name[];

/*
 * Prints "PROGRAM: MESSAGE", one sentence: for the command line, and for failures of the
 * run. Any thread. In all messages control characters are escaped (kickless/text.h).
 */
void print_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for what the run goes on after: "PROGRAM: warning: MESSAGE". */
void print_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints the message alone, as a reply at a prompt. */
void print_reply(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define SHOWN_BYTES 1024 /* of a text with its end */

/*
 * Writes to text what of a device, the system or the command line is to be printed on stdout, as
 * messages have it: with control characters escaped. Returns text. Any thread.
 */
char *show_text(const char *raw, char text[SHOWN_BYTES]);

/*
 * Takes the library's messages over from here on. Before any other thread uses the library. A
 * program whose output could not be written, as on a full disk, then ends with 1 after a message.
 */
void messages_begin(void);

/*
 * Writes the last error that print_error or the library has printed, "" if there was none. Returns
 * text. Any thread.
 */
char *messages_last_error(char *text, size_t size);

/*
 * A line on the terminal that shows how longer work proceeds. Off a terminal there is none, and
 * none in the first 2 s. One thread.
 */
struct progress_line {
	bool is_enabled;
	bool is_shown;
	uint64_t next_ns; /* when it is due, on the clock of clock_ns */
};

void progress_line_begin(struct progress_line *line, bool is_enabled);

/*
 * Returns true when the line is due. Then it has been removed, the caller prints a new one to
 * stderr, and the next one is due after period_ns.
 */
bool progress_line_renew(struct progress_line *line, uint64_t now_ns, uint64_t period_ns);

/* Removes the line for good. */
void progress_line_end(struct progress_line *line);

#endif
