/* SPDX-License-Identifier: BSD-3-Clause */
/* The log of register accesses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Enough for any start of a device; the doorbells of a long run are not all kept. */
#define TRACE_MAX 4096

void fake_log(struct fake_device *fake, bool is_write, const char *name, unsigned int width,
	uint32_t value)
{
	struct fake_access *access;

	if (fake->trace == NULL)
		fake->trace = calloc(TRACE_MAX, sizeof(*fake->trace));
	if (fake->trace == NULL || fake->traced == TRACE_MAX)
		return;
	access = &fake->trace[fake->traced++];
	access->is_write = is_write;
	access->width = (uint8_t)width;
	access->value = value;
	snprintf(access->name, sizeof(access->name), "%s", name);
}

void fake_trace_clear(struct fake_device *fake)
{
	fake->traced = 0;
}

char *fake_trace_text(const struct fake_device *fake, char *text, size_t size)
{
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < fake->traced && at < size; i++) {
		const struct fake_access *access = &fake->trace[i];

		at += (size_t)snprintf(text + at, size - at, "%c%u %s 0x%x\n",
			access->is_write ? 'W' : 'R', access->width, access->name, access->value);
	}
	return text;
}

unsigned int fake_trace_count(const struct fake_device *fake, const char *name, bool is_write)
{
	unsigned int count = 0;

	for (size_t i = 0; i < fake->traced; i++)
		count += fake->trace[i].is_write == is_write &&
			strcmp(fake->trace[i].name, name) == 0;
	return count;
}
