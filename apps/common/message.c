/* SPDX-License-Identifier: BSD-3-Clause */
#include "message.h"

#include <stdarg.h>
#include <stdio.h>

static void print_line(const char *name, const char *separator, const char *format, va_list args)
{
	fflush(stdout);
	flockfile(stderr);
	fprintf(stderr, "%s%s", name, separator);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	funlockfile(stderr);
}

void print_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(program_name, ": ", format, args);
	va_end(args);
}

void print_reply(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line("", "", format, args);
	va_end(args);
}
