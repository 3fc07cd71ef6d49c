/* SPDX-License-Identifier: BSD-3-Clause */
#include <kickless/log.h>

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/redirect.h>

static char last[2048];
static enum kl_log_level last_level;
static unsigned int count;
static void *last_context;

static void keep(enum kl_log_level level, const char *message, void *context)
{
	last_level = level;
	last_context = context;
	count++;
	snprintf(last, sizeof(last), "%s", message);
}

Test(log, goes_where_it_is_sent)
{
	int context;

	kl_log_set(KL_LOG_DEBUG, keep, &context);
	kl_warning("queue %u: %s", 7, "odd");
	cr_expect_str_eq(last, "queue 7: odd");
	cr_expect_eq(last_level, KL_LOG_WARNING);
	cr_expect_eq(last_context, &context);
	kl_debug("x");
	cr_expect_eq(last_level, KL_LOG_DEBUG);
	cr_expect_eq(count, 2);
}

Test(log, the_level_is_a_threshold)
{
	kl_log_set(KL_LOG_WARNING, keep, NULL);
	kl_notice("no");
	kl_debug("no");
	cr_expect_eq(count, 0);
	kl_warning("yes");
	kl_error("yes");
	cr_expect_eq(count, 2);
}

Test(log, long_messages_are_cut)
{
	char text[3000];

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	kl_log_set(KL_LOG_DEBUG, keep, NULL);
	kl_error("%s", text);
	cr_expect_eq(strlen(last), 1023);
}

Test(log, default_is_stderr, .init = cr_redirect_stderr)
{
	kl_log_set(KL_LOG_DEBUG, keep, NULL);
	kl_log_set(KL_LOG_NOTICE, NULL, NULL);
	kl_error("first");
	kl_warning("second");
	kl_notice("third");
	kl_debug("not this");
	fflush(stderr);
	cr_expect_stderr_eq_str(
		"kickless: error: first\nkickless: warning: second\nkickless: third\n");
	cr_expect_eq(count, 0);
}
