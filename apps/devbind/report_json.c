/* SPDX-License-Identifier: BSD-3-Clause */
#include "report.h"

#include "common/results.h"
#include "names.h"
#include "types.h"

static json_t *number_to_json(int value)
{
	return value < 0 ? json_null() : json_integer(value);
}

static json_t *text_to_json(const char *text)
{
	return text[0] == '\0' ? json_null() : json_text(text);
}

static json_t *id_to_json(uint16_t value)
{
	return json_sprintf("%04x", value);
}

static json_t *names_to_json(const struct nodes *nodes)
{
	json_t *names = json_array();
	const struct node *node;
	size_t i = 0;

	while ((node = names_next(nodes, &i)) != NULL)
		json_array_append_new(names, json_text(node->name));
	return names;
}

static json_t *function_to_json(const struct entry *entry)
{
	const struct kl_function *function = &entry->function;
	json_t *uses = json_array(), *obstacles = json_array();

	for (size_t i = 0; i < entry->uses.count; i++)
		json_array_append_new(uses, json_text(entry->uses.text[i]));
	for (size_t i = 0; i < entry->obstacle_count; i++)
		json_array_append_new(obstacles, json_text(entry->obstacles[i].text));
	return json_pack(
		"{s:o, s:s, s:i, s:s, s:s, s:s, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"names", names_to_json(&entry->nodes), "address", function->address, "type",
		(int)function->type, "type_name", type_name(function->type), "type_title",
		type_title(function->type), "interface", interface_name(function->interface),
		"driver", text_to_json(function->driver), "iommu_group",
		number_to_json(function->iommu_group), "is_noiommu", function->is_noiommu,
		"numa_node", number_to_json(function->numa_node), "name", json_text(function->name),
		"vendor_id", id_to_json(function->vendor_id), "device_id",
		id_to_json(function->device_id), "subsystem_vendor",
		id_to_json(function->subsystem_vendor), "subsystem_id",
		id_to_json(function->subsystem_id), "in_use", uses, "obstacles", obstacles);
}

static json_t *change_to_json(const struct change *change)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:s, s:o}", "name", json_text(change->name),
		"address", text_to_json(change->address), "from", text_to_json(change->from), "to",
		text_to_json(change->to), "outcome", outcome_name(change->outcome), "why",
		text_to_json(change->why));
}

static json_t *hint_to_json(const struct hints *hints, size_t i)
{
	return json_pack("{s:o, s:o}", "functions", text_to_json(hints->list[i].who), "text",
		json_text(hints->list[i].text));
}

json_t *report_to_json(const struct report *report)
{
	json_t *functions = json_array(), *hints = json_array(), *changes = json_array();

	for (size_t i = 0; i < report->inventory->count; i++)
		json_array_append_new(functions, function_to_json(&report->inventory->entries[i]));
	for (size_t i = 0; i < report->hints->count; i++)
		json_array_append_new(hints, hint_to_json(report->hints, i));
	for (size_t i = 0; report->changes != NULL && i < report->changes->count; i++)
		json_array_append_new(changes, change_to_json(&report->changes->list[i]));
	return json_pack("{s:o, s:o, s:o}", "functions", functions, "changes", changes, "missing",
		hints);
}
