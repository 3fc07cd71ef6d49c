/* SPDX-License-Identifier: BSD-3-Clause */
/* The log of register accesses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Enough for any start of a device; the doorbells of a long run are not all kept. */
#define TRACE_MAX 4096

void model_log(struct model *model, bool is_write, const char *name, unsigned int width,
	uint32_t value)
{
	struct model_access *access;

	if (model->trace == NULL)
		model->trace = calloc(TRACE_MAX, sizeof(*model->trace));
	if (model->trace == NULL || model->traced == TRACE_MAX)
		return;
	access = &model->trace[model->traced++];
	access->is_write = is_write;
	access->width = (uint8_t)width;
	access->value = value;
	snprintf(access->name, sizeof(access->name), "%s", name);
}

void model_trace_clear(struct model *model)
{
	model->traced = 0;
}

char *model_trace_text(const struct model *model, char *text, size_t size)
{
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < model->traced && at < size; i++) {
		const struct model_access *access = &model->trace[i];

		at += (size_t)snprintf(text + at, size - at, "%c%u %s 0x%x\n",
			access->is_write ? 'W' : 'R', access->width, access->name, access->value);
	}
	return text;
}

unsigned int model_trace_count(const struct model *model, const char *name, bool is_write)
{
	unsigned int count = 0;

	for (size_t i = 0; i < model->traced; i++)
		count += model->trace[i].is_write == is_write &&
			strcmp(model->trace[i].name, name) == 0;
	return count;
}
