/* SPDX-License-Identifier: BSD-3-Clause */
#include "say.h"

#include <stdio.h>

static void say(const char *prefix, const char *format, va_list args)
{
	fflush(stdout);
	fputs(prefix, stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void say_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("kickless-testpmd: ", format, args);
	va_end(args);
}

void say_reply(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("", format, args);
	va_end(args);
}
