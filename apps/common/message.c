/* SPDX-License-Identifier: BSD-3-Clause */
#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"

#define QUIET_NS (2 * SECOND_NS) /* shorter work shows nothing */

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

static void erase_line(void)
{
	fputs("\r\033[K", stderr);
}

void progress_line_begin(struct progress_line *line, bool is_enabled)
{
	*line = (struct progress_line){
		.is_enabled = is_enabled && isatty(STDERR_FILENO) != 0,
		.next_ns = clock_ns() + QUIET_NS,
	};
}

bool progress_line_renew(struct progress_line *line, uint64_t now_ns, uint64_t period_ns)
{
	if (!line->is_enabled || now_ns < line->next_ns)
		return false;
	line->next_ns = now_ns + period_ns;
	line->is_shown = true;
	erase_line();
	return true;
}

void progress_line_end(struct progress_line *line)
{
	if (line->is_shown)
		erase_line();
	*line = (struct progress_line){0};
}
