/* SPDX-License-Identifier: BSD-3-Clause */
#include "finish.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include <kickless/log.h>

void finish(struct fake_device *fake)
{
	unsigned int count = fake_check(fake),
		     kept = sizeof(fake->violation) / sizeof(fake->violation[0]);

	for (unsigned int i = 0; i < count && i < kept; i++)
		fprintf(stderr, "violation: %s\n", fake->violation[i]);
	fake_free(fake);
	cr_expect(count == 0, "%u violations of the specification", count);
}

static char text[16384];

static void keep(enum kl_log_level level, const char *message, void *context)
{
	size_t at = strlen(text);

	(void)level;
	(void)context;
	snprintf(text + at, sizeof(text) - at, "%s\n", message);
}

void capture_log(void)
{
	text[0] = '\0';
	kl_log_set(KL_LOG_DEBUG, keep, NULL);
}

bool logged(const char *part)
{
	return strstr(text, part) != NULL;
}

const char *log_text(void)
{
	return text;
}

void forget_log(void)
{
	text[0] = '\0';
}
