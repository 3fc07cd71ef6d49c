/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void make_path(char path[PATH_MAX], const char *format, va_list args)
{
	vsnprintf(path, PATH_MAX, format, args);
}

static int read_line(const char *path, char *text, size_t size)
{
	ssize_t length;
	int fd, rc = 0;

	text[0] = '\0';
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

int kl__read_text(char *text, size_t size, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;

	va_start(args, format);
	make_path(path, format, args);
	va_end(args);
	return read_line(path, text, size);
}

int kl__read_number(long long *value, const char *format, ...)
{
	char path[PATH_MAX], text[64], *end;
	long long parsed;
	va_list args;
	int rc;

	va_start(args, format);
	make_path(path, format, args);
	va_end(args);
	rc = read_line(path, text, sizeof(text));
	if (rc != 0)
		return rc;
	errno = 0;
	parsed = strtoll(text, &end, 0);
	if (end == text || errno != 0 || end[strspn(end, " \t")] != '\0' ||
		strlen(text) == sizeof(text) - 1)
		return -EINVAL;
	*value = parsed;
	return 0;
}

int kl__read_link(char *name, size_t size, const char *format, ...)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *last;
	ssize_t length;
	va_list args;

	va_start(args, format);
	make_path(path, format, args);
	va_end(args);
	name[0] = '\0';
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';
	last = strrchr(target, '/');
	snprintf(name, size, "%s", last != NULL ? last + 1 : target);
	return 0;
}

bool kl__file_exists(const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;

	va_start(args, format);
	make_path(path, format, args);
	va_end(args);
	return access(path, F_OK) == 0;
}
