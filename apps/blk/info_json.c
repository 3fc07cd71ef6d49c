/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "info.h"

static void set_integer(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static json_t *names_to_json(const struct kl_device *device, const struct kl_features *set)
{
	json_t *list = json_array();
	char text[1024], *save = NULL;

	kl_device_feature_names(device, set, text, sizeof(text));
	for (char *name = strtok_r(text, " ", &save); name != NULL;
		name = strtok_r(NULL, " ", &save))
		json_array_append_new(list, json_string(name));
	return list;
}

static json_t *limits_to_json(const struct kl_blk_range_limits *limits)
{
	json_t *object;

	if (!limits->is_offered)
		return json_null();
	object = json_object();
	set_integer(object, "max_bytes", limits->max_bytes);
	set_integer(object, "max_ranges", limits->max_ranges);
	set_integer(object, "alignment_bytes", limits->alignment);
	return object;
}

static void add_queue(const struct tool *tool, json_t *json)
{
	struct kl_blk_queue_info queue;

	if (kl_blk_queue_info_get(tool->blk, 0, &queue) != 0)
		return;
	set_integer(json, "ring_size", queue.size);
	set_integer(json, "request_segments", queue.segments);
	json_object_set_new(json, "ring", json_string(queue.ring));
	json_object_set_new(json, "path", json_string(queue.path));
	json_object_set_new(json, "kick", json_string(kick_mode_name(queue.kick.mode)));
	json_object_set_new(json, "can_sleep", json_boolean(queue.can_sleep));
}

void info_to_json(const struct tool *tool, json_t *json)
{
	const struct kl_device_info *device = kl_device_info(tool->device);
	const struct kl_blk_info *info = kl_blk_info(tool->blk);

	json_object_set_new(json, "device", json_string(device->name));
	json_object_set_new(json, "transport", json_string(device->transport));
	json_object_set_new(json, "numa_node", json_integer(device->numa_node));
	json_object_set_new(json, "serial", json_string(tool->serial));
	set_integer(json, "capacity_bytes", info->capacity);
	set_integer(json, "block_bytes", info->block_size);
	set_integer(json, "physical_block_bytes", info->physical_block_size);
	set_integer(json, "alignment_offset_bytes", info->alignment_offset);
	set_integer(json, "min_io_bytes", info->min_io_size);
	set_integer(json, "opt_io_bytes", info->opt_io_size);
	set_integer(json, "cylinders", info->cylinders);
	set_integer(json, "heads", info->heads);
	set_integer(json, "sectors_per_track", info->sectors_per_track);
	set_integer(json, "seg_max", info->seg_max);
	set_integer(json, "size_max", info->size_max);
	set_integer(json, "max_queues", info->max_queues);
	set_integer(json, "ring_max", info->ring_max);
	json_object_set_new(json, "read_only", json_boolean(info->is_read_only));
	json_object_set_new(json, "writeback", json_boolean(info->is_writeback));
	json_object_set_new(json, "cache_can_be_set", json_boolean(info->cache_can_be_set));
	json_object_set_new(json, "fua_is_emulated", json_boolean(info->fua_is_emulated));
	json_object_set_new(json, "discard", limits_to_json(&info->discard));
	json_object_set_new(json, "write_zeroes", limits_to_json(&info->write_zeroes));
	json_object_set_new(json, "secure_erase", limits_to_json(&info->secure_erase));
	set_integer(json, "zone_bytes", info->zones.zone_bytes);
	add_queue(tool, json);
	json_object_set_new(json, "offered", names_to_json(tool->device, &device->offered));
	json_object_set_new(json, "accepted", names_to_json(tool->device, &device->accepted));
}
