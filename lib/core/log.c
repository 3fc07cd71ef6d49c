/* SPDX-License-Identifier: BSD-3-Clause */
#include <kickless/log.h>

#include <stdio.h>
#include <string.h>

#include <kickless/text.h>

static void to_stderr(enum kl_log_level level, const char *message, void *context)
{
	static const char *const word[] = {"error: ", "warning: ", "", "debug: "};

	(void)context;
	fprintf(stderr, "kickless: %s%s\n", word[level], message);
}

static enum kl_log_level threshold = KL_LOG_NOTICE;
static kl_log_fn *sink = to_stderr;
static void *sink_context;

void kl_log_set(enum kl_log_level level, kl_log_fn *fn, void *context)
{
	threshold = level;
	sink = fn != NULL ? fn : to_stderr;
	sink_context = context;
}

void kl_log(enum kl_log_level level, const char *format, ...)
{
	char raw[1024], message[1024];
	va_list args;

	if (level > threshold)
		return;
	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	/* A message may quote a device, a file name, or a command line. */
	kl_text_escape(raw, strlen(raw), "", message, sizeof(message));
	sink(level, message, sink_context);
}
