/* SPDX-License-Identifier: BSD-3-Clause */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Makes the path that the variadic arguments after format describe. */
#define MAKE_PATH(path, format) \
	do { \
		va_list args; \
		va_start(args, format); \
		vsnprintf(path, sizeof(path), format, args); \
		va_end(args); \
	} while (0)

int file_text(char *text, size_t size, const char *format, ...)
{
	char path[PATH_MAX];
	ssize_t length;
	int fd, rc = 0;

	text[0] = '\0';
	MAKE_PATH(path, format);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	length = read(fd, text, size - 1);
	if (length < 0)
		rc = -errno;
	text[length < 0 ? 0 : length] = '\0';
	text[strcspn(text, "\n")] = '\0';
	close(fd);
	return rc;
}

int file_link(char *name, size_t size, const char *format, ...)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *last;
	ssize_t length;

	name[0] = '\0';
	MAKE_PATH(path, format);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';
	last = strrchr(target, '/');
	snprintf(name, size, "%s", last != NULL ? last + 1 : target);
	return 0;
}

bool file_exists(const char *format, ...)
{
	char path[PATH_MAX];

	MAKE_PATH(path, format);
	return access(path, F_OK) == 0;
}

int file_write(const char *text, const char *format, ...)
{
	char path[PATH_MAX];
	int fd, rc = 0;

	MAKE_PATH(path, format);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		rc = -errno;
	if (close(fd) != 0 && rc == 0)
		rc = -errno;
	return rc;
}
