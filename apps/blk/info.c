/* SPDX-License-Identifier: BSD-3-Clause */
/* The verbs that only read: info and id. */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include <kickless/device.h>

#include "common/message.h"
#include "common/number.h"
#include "common/results.h"
#include "target.h"

#define NAMES_BYTES 1024

/* By bit: virtio 1.x, 5.2.3 and 6. */
static const struct {
	unsigned int bit;
	const char *why;
} reasons[] = {
	{0, "legacy only"},
	{7, "legacy only"},
	{11, "useless: the cache can't be flushed"},
	{17, "zones are not supported, and not needed here"},
	{24, "legacy only"},
	{27, "legacy only"},
	{30, "reserved"},
	{37, "virtual functions are not supported"},
	{38, "on request only: with it every kick is a full exit"},
	{41, "administration queues are not needed"},
};

static const char *explain_refusal(const struct kl_device *device, unsigned int bit)
{
	if (kl_features_has(&kl_device_options(device)->declined, bit))
		return "declined in the device's name";
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].bit == bit)
			return reasons[i].why;
	return "not known to this version";
}

static const char *kick_mode_name(enum kl_kick_mode mode)
{
	switch (mode) {
	case KL_KICK_EAGER:
		return "eager";
	case KL_KICK_LAZY:
		return "lazy";
	case KL_KICK_AUTO:
		return "auto";
	}
	return "unknown";
}

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

static void info_to_json(const struct tool *tool, json_t *json)
{
	const struct kl_device_info *device = kl_device_info(tool->device);
	const struct kl_blk_info *info = kl_blk_info(tool->blk);

	json_object_set_new(json, "device", json_text(device->name));
	json_object_set_new(json, "transport", json_string(device->transport));
	json_object_set_new(json, "access", json_text(device->access));
	json_object_set_new(json, "is_isolated", json_boolean(device->is_isolated));
	json_object_set_new(json, "numa_node", json_integer(device->numa_node));
	json_object_set_new(json, "serial", json_text(tool->serial));
	set_integer(json, "capacity_bytes", info->capacity);
	set_integer(json, "tail_bytes", info->tail_bytes);
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

/* Reads the serial number. Call it before target_start: a running device does not allow it. */
static int read_serial(struct tool *tool)
{
	char id[KL_BLK_ID_BYTES + 1];
	int rc = kl_blk_id_read(tool->blk, id);

	tool->serial[0] = '\0';
	if (rc == 0)
		kl_blk_id_text(id, tool->serial, sizeof(tool->serial));
	return rc;
}

int verb_id(struct tool *tool)
{
	int rc = read_serial(tool);

	if (rc != 0) {
		print_error("%s: the serial number can't be read: %s",
			kl_device_info(tool->device)->name, strerror(-rc));
		return rc == -EINVAL ? -EIO : rc;
	}
	fprintf(tool->out, "%s\n", tool->serial);
	json_object_set_new(tool->json, "serial", json_text(tool->serial));
	return 0;
}

static void print_sizes(const struct kl_blk_info *info, FILE *out)
{
	char text[32];

	fprintf(out, "capacity     %" PRIu64 " bytes (%s), %" PRIu64 " blocks of %u\n",
		info->capacity, size_text(info->capacity, text, sizeof(text)),
		info->capacity / info->block_size, info->block_size);
	if (info->tail_bytes != 0)
		fprintf(out, "unused       %u bytes at the end, less than a block%s\n",
			info->tail_bytes, info->capacity == 0 ? ": the disk has no block" : "");
	else if (info->capacity == 0)
		fprintf(out, "unused       the disk is empty\n");
	fprintf(out, "topology     physical block %u, offset of the first %u",
		info->physical_block_size, info->alignment_offset);
	if (info->min_io_size != 0)
		fprintf(out, ", least I/O %" PRIu64, info->min_io_size);
	if (info->opt_io_size != 0)
		fprintf(out, ", best I/O %" PRIu64, info->opt_io_size);
	if (info->cylinders != 0)
		fprintf(out, "\ngeometry     %u cylinders, %u heads, %u sectors", info->cylinders,
			info->heads, info->sectors_per_track);
	fprintf(out, "\nsegments     %u in a request, ", info->seg_max);
	if (info->size_max != 0)
		fprintf(out, "of at most %u bytes\n", info->size_max);
	else
		fprintf(out, "of any size\n");
}

static void print_cache(const struct kl_blk_info *info, FILE *out)
{
	fprintf(out, "write cache  %s%s; %s\n", info->is_writeback ? "writeback" : "writethrough",
		info->cache_can_be_set ? ", can be switched" : "",
		info->fua_is_emulated ? "FUA is a write and a flush" : "no flush is needed");
	fprintf(out, "access       %s\n", info->is_read_only ? "read-only" : "read and write");
}

static void print_limits(const char *name, const struct kl_blk_range_limits *limits, FILE *out)
{
	char text[32];

	if (!limits->is_offered) {
		fprintf(out, "%-12s not offered\n", name);
		return;
	}
	fprintf(out, "%-12s %u range%s of at most %s", name, limits->max_ranges,
		limits->max_ranges == 1 ? "" : "s",
		size_text(limits->max_bytes, text, sizeof(text)));
	if (limits->alignment != 0)
		fprintf(out, ", best at multiples of %" PRIu64, limits->alignment);
	fputc('\n', out);
}

/* Prints nothing for disks that are not host-managed. */
static void print_zones(const struct kl_blk_zones *zones, FILE *out)
{
	char text[32];

	if (zones->zone_bytes == 0)
		return;
	fprintf(out, "zones        host-managed, of %s, written in multiples of %u",
		size_text(zones->zone_bytes, text, sizeof(text)), zones->write_granularity);
	if (zones->max_append_bytes != 0)
		fprintf(out, ", appends of at most %s",
			size_text(zones->max_append_bytes, text, sizeof(text)));
	fprintf(out, "\n             open %u, active %u at most (0: any number)\n", zones->max_open,
		zones->max_active);
}

static void print_path(const struct tool *tool, FILE *out)
{
	struct kl_blk_queue_info queue;
	uint32_t policy_ns;

	if (kl_blk_queue_info_get(tool->blk, 0, &queue) != 0)
		return;
	policy_ns = queue.kick.wait_ns;
	fprintf(out, "queues       %u of at most %u entries\n", kl_blk_info(tool->blk)->max_queues,
		kl_blk_info(tool->blk)->ring_max);
	fprintf(out, "path         %s ring of %u, %s, %u segments in a request\n", queue.ring,
		queue.size, queue.path, queue.segments);
	fprintf(out, "kicks        %s", kick_mode_name(queue.kick.mode));
	if (queue.kick.mode != KL_KICK_EAGER)
		fprintf(out, ", waiting up to %u ns", policy_ns);
	fprintf(out, "\nsleeping     %s\n",
		queue.can_sleep ? "on the queue's interrupt" : "no interrupt of its own: polled");
}

static void print_features(const struct tool *tool, FILE *out)
{
	const struct kl_device_info *info = kl_device_info(tool->device);
	char names[NAMES_BYTES];

	fprintf(out, "offered      %s\n",
		kl_device_feature_names(tool->device, &info->offered, names, sizeof(names)));
	fprintf(out, "taken        %s\n",
		kl_device_feature_names(tool->device, &info->accepted, names, sizeof(names)));
	for (unsigned int bit = 0; bit < KL_FEATURE_BITS; bit++) {
		struct kl_features one = {0};

		if (!kl_features_has(&info->offered, bit) || kl_features_has(&info->accepted, bit))
			continue;
		kl_features_set(&one, bit);
		fprintf(out, "not taken    %s: %s\n",
			kl_device_feature_names(tool->device, &one, names, sizeof(names)),
			explain_refusal(tool->device, bit));
	}
}

static void print_info(const struct tool *tool)
{
	const struct kl_device_info *device = kl_device_info(tool->device);
	const struct kl_blk_info *info = kl_blk_info(tool->blk);
	FILE *out = tool->out;
	char text[SHOWN_BYTES];

	fprintf(out, "device       %s, %s, NUMA node %d\n", show_text(device->name, text),
		device->transport, device->numa_node);
	fprintf(out, "reached by   %s%s\n", device->access,
		device->is_isolated ? ", isolated" : "");
	fprintf(out, "serial       %s\n", tool->serial[0] != '\0' ? tool->serial : "none");
	print_sizes(info, out);
	print_cache(info, out);
	print_limits("discard", &info->discard, out);
	print_limits("write zeroes", &info->write_zeroes, out);
	print_limits("secure erase", &info->secure_erase, out);
	print_zones(&info->zones, out);
	print_path(tool, out);
	print_features(tool, out);
}

int verb_info(struct tool *tool)
{
	int rc;

	/* A device without a serial number is no error. */
	(void)read_serial(tool);
	rc = target_start(tool, 0);
	if (rc != 0)
		return rc;
	print_info(tool);
	info_to_json(tool, tool->json);
	return 0;
}
