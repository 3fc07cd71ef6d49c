/* SPDX-License-Identifier: BSD-3-Clause */
#include "message.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kickless/log.h>
#include <kickless/text.h>

#include "clock.h"

#define QUIET_NS (2 * SECOND_NS) /* shorter work shows nothing */
#define LONGEST 4096

static pthread_mutex_t last_error_lock = PTHREAD_MUTEX_INITIALIZER;
static char last_error[LONGEST];

/* Writes the message; what a device, the system or the command line put into it is escaped. */
static void format_line(char line[LONGEST], const char *format, va_list args)
{
	char raw[LONGEST];

	vsnprintf(raw, sizeof(raw), format, args);
	kl_text_escape(raw, strlen(raw), "", line, LONGEST);
}

static void print_line(const char *name, const char *separator, const char *line)
{
	fflush(stdout);
	flockfile(stderr);
	fprintf(stderr, "%s%s%s\n", name, separator, line);
	funlockfile(stderr);
}

static void keep_error(const char *line)
{
	pthread_mutex_lock(&last_error_lock);
	snprintf(last_error, sizeof(last_error), "%s", line);
	pthread_mutex_unlock(&last_error_lock);
}

static void print_message(bool is_error, const char *separator, const char *format, va_list args)
{
	char line[LONGEST];

	format_line(line, format, args);
	if (is_error)
		keep_error(line);
	print_line(separator[0] != '\0' ? program_name : "", separator, line);
}

void print_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message(true, ": ", format, args);
	va_end(args);
}

void print_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message(false, ": warning: ", format, args);
	va_end(args);
}

void print_reply(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message(false, "", format, args);
	va_end(args);
}

char *show_text(const char *raw, char text[SHOWN_BYTES])
{
	return kl_text_escape(raw, strlen(raw), "", text, SHOWN_BYTES);
}

static void print_log(enum kl_log_level level, const char *message, void *context)
{
	static const char *const word[] = {"error: ", "warning: ", "", "debug: "};

	(void)context;
	if (level == KL_LOG_ERROR)
		keep_error(message);
	print_line("kickless: ", word[level], message);
}

/* The C library flushes at the end of a program, and forgets the result. */
static void check_output(void)
{
	const bool has_failed = ferror(stdout) != 0;

	errno = 0;
	if (fflush(stdout) == 0 && !has_failed)
		return;
	print_error("its output can't be written: %s", strerror(errno != 0 ? errno : EIO));
	_exit(EXIT_FAILURE);
}

void messages_begin(void)
{
	atexit(check_output);
	kl_log_set(KL_LOG_NOTICE, print_log, NULL);
}

char *messages_last_error(char *text, size_t size)
{
	pthread_mutex_lock(&last_error_lock);
	snprintf(text, size, "%s", last_error);
	pthread_mutex_unlock(&last_error_lock);
	return text;
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
