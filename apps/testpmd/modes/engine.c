/* SPDX-License-Identifier: BSD-3-Clause */
#include "forward/engine.h"

#include <stdio.h>
#include <string.h>

static const struct fwd_engine *const engines[] = {
	&io_engine,
	&mac_engine,
	&macswap_engine,
	&rxonly_engine,
	&txonly_engine,
	&flowgen_engine,
	&csum_engine,
	&icmpecho_engine,
	&five_tuple_engine,
};

#define ENGINES (sizeof(engines) / sizeof(engines[0]))

const struct fwd_engine *engine_by_name(const char *name)
{
	for (size_t i = 0; i < ENGINES; i++)
		if (strcmp(engines[i]->name, name) == 0)
			return engines[i];
	return NULL;
}

char *engine_names(char separator, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < ENGINES && length < size; i++)
		length += snprintf(text + length, size - length, i + 1 < ENGINES ? "%s%c" : "%s",
			engines[i]->name, separator);
	return text;
}
