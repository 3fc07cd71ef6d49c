/* SPDX-License-Identifier: BSD-3-Clause */
/* One-line files and links, in which the kernel shows and takes its settings. Any thread. */
#ifndef APPS_FILE_H
#define APPS_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* All functions make their path from format, and return 0 or -errno unless stated otherwise. */

/* Reads the first line, without its end; "" on error. */
int file_text(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Reads the last part of a link's target; "" on error. */
int file_link(char *name, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

bool file_exists(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes text in one system call, as sysfs requires, to a file that must exist. */
int file_write(const char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
