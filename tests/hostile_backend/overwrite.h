/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A thread that overwrites all memory that the driver has given to the back end, all the time,
 * while the back end serves. What it writes follows from a seed; when it writes does not.
 */
#ifndef HOSTILE_OVERWRITE_H
#define HOSTILE_OVERWRITE_H

#include <stdbool.h>
#include <stdint.h>

struct back_end;

/*
 * Begins. ways are letters: 's' sweeps over all memory, 'r' words of the rings, 'w' single words
 * anywhere, 'b' the buffers that were completed last. False when there is no such way.
 */
bool overwrite_begin(struct back_end *back_end, uint64_t seed, const char *ways);
/* Ends, and returns when nothing is written any more. */
void overwrite_end(struct back_end *back_end);
bool overwrite_is_on(void);
/* The number of words and blocks written since the last begin. */
uint64_t overwrite_count(void);
/* Prints the last writes, oldest first, as one line. */
void overwrite_print_last(void);

/* Held while the back end's regions, rings or buffers change. */
void overwrite_lock(void);
void overwrite_unlock(void);
/* A buffer that the driver reads now. To be called by the thread that serves. */
void overwrite_note_buffer(uint8_t *at);
void overwrite_forget_buffers(void);

#endif
