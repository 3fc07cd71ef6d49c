/* SPDX-License-Identifier: BSD-3-Clause */
#include "select.h"

#include <stdio.h>

#include "command.h"
#include "testpmd.h"

static void tell_invalid(const struct testpmd *pmd, uint32_t number)
{
	say_reply("Invalid port %u", number);
	printf("The valid ports array is [");
	for (uint16_t i = 0; i < pmd->port_count; i++)
		if (port_is_open(&pmd->ports[i]))
			printf(" %u", i);
	printf(" ]\n");
}

static struct port *select_one(struct testpmd *pmd, uint32_t number, uint16_t *at)
{
	if (*at > 0)
		return NULL;
	*at = 1;
	if (number < pmd->port_count && port_is_open(&pmd->ports[number]))
		return &pmd->ports[number];
	tell_invalid(pmd, number);
	return NULL;
}

struct port *select_port(struct testpmd *pmd, uint32_t number, uint16_t *at)
{
	if (number != PORT_ALL)
		return select_one(pmd, number, at);
	while (*at < pmd->port_count) {
		struct port *port = &pmd->ports[(*at)++];

		if (port_is_open(port))
			return port;
	}
	return NULL;
}

unsigned int ports_open(const struct testpmd *pmd)
{
	unsigned int open = 0;

	for (uint16_t i = 0; i < pmd->port_count; i++)
		open += port_is_open(&pmd->ports[i]);
	return open;
}
