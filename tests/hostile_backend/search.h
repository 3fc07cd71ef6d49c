/* SPDX-License-Identifier: BSD-3-Clause */
/* A search for pointers in the memory that a driver has given to the back end. */
#ifndef HOSTILE_SEARCH_H
#define HOSTILE_SEARCH_H

#include <stdbool.h>

struct back_end;

/*
 * Prints, as NAME=VALUE words, how many bytes were given, and how many words there are pointers
 * into the code and into the private memory of process pid. False when its mappings can't be read.
 */
bool search_pointers(const struct back_end *back_end, int pid);

#endif
