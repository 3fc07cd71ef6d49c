/* SPDX-License-Identifier: BSD-3-Clause */
/* Small readers of the one-line files and links in which the kernel shows itself. */
#ifndef KL_PLATFORM_SYSFS_H
#define KL_PLATFORM_SYSFS_H

#include <stdbool.h>
#include <stddef.h>

/* The first line of the file at the path that format makes, without its end. 0 or -errno. */
int kl__read_text(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The number in a file, decimal or 0x, and alone in its first line. 0; -EINVAL when it is none;
 * -errno. value is unchanged on error.
 */
int kl__read_number(long long *value, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The last part of where a link points to, "" when there is none. 0 or -errno. */
int kl__read_link(char *name, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

bool kl__file_exists(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
