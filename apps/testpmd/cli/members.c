/* SPDX-License-Identifier: BSD-3-Clause */
/* Which ports and which lcores take part in forwarding. */
#include "forward/settings.h"

#include <errno.h>
#include <string.h>

#include "lists.h"
#include "say.h"

typedef int parse_fn(const char *text, uint16_t *items, size_t max);

static int set_ports(struct fwd_settings *settings, const char *text, parse_fn *parse,
	const char *example)
{
	uint16_t items[MAX_PORTS];
	const int count = parse(text, items, MAX_PORTS);

	if (count < 0) {
		say_error("'%s' is not %s", text, example);
		return count;
	}
	for (int i = 0; i < count; i++) {
		if (items[i] >= MAX_PORTS) {
			say_error("port %u in '%s'; ports are 0 to %u", items[i], text,
				MAX_PORTS - 1);
			return -EINVAL;
		}
	}
	memcpy(settings->port_list, items, count * sizeof(items[0]));
	settings->port_list_count = count;
	settings->ports = 0;
	return 0;
}

int settings_set_port_list(struct fwd_settings *settings, const char *list)
{
	return set_ports(settings, list, list_parse, "a list of ports such as 0,1");
}

int settings_set_port_mask(struct fwd_settings *settings, const char *mask)
{
	return set_ports(settings, mask, mask_parse, "a mask of ports such as 0x3");
}

static int set_cores(struct fwd_settings *settings, const char *text, parse_fn *parse,
	const char *example)
{
	uint16_t items[RTE_MAX_LCORE];
	const int count = parse(text, items, RTE_MAX_LCORE);

	if (count < 0) {
		say_error("'%s' is not %s", text, example);
		return count;
	}
	memcpy(settings->core_list, items, count * sizeof(items[0]));
	settings->core_list_count = count;
	settings->cores = count;
	return 0;
}

int settings_set_core_list(struct fwd_settings *settings, const char *list)
{
	return set_cores(settings, list, list_parse, "a list of lcores such as 1,2");
}

int settings_set_core_mask(struct fwd_settings *settings, const char *mask)
{
	return set_cores(settings, mask, mask_parse, "a mask of lcores such as 0x6");
}

int settings_check_cores(const struct fwd_settings *settings)
{
	for (uint16_t i = 0; i < settings->core_list_count; i++) {
		const uint16_t id = settings->core_list[i];

		if (!rte_lcore_is_enabled(id)) {
			say_error("lcore %u not enabled; give it to EAL by -l", id);
			return -EINVAL;
		}
		if (id == rte_get_main_lcore()) {
			say_error("lcore %u can't forward: it is the main lcore, which has the "
				  "prompt",
				id);
			return -EINVAL;
		}
	}
	return 0;
}
