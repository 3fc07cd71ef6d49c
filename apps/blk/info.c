/* SPDX-License-Identifier: BSD-3-Clause */
/* The verbs that only look: info and id. */
#include "info.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/number.h"
#include "common/message.h"
#include "target.h"

#define NAMES_BYTES 1024

/*
 * The serial number is asked for before the device is started for good, since that is when it can
 * be.
 */
static int read_serial(struct tool *tool)
{
	int rc = kl_blk_id_read(tool->blk, tool->serial);

	if (rc != 0)
		tool->serial[0] = '\0';
	return rc;
}

int verb_id(struct tool *tool)
{
	int rc = read_serial(tool);

	if (rc != 0) {
		print_error("%s does not tell its serial number: %s",
			kl_device_info(tool->device)->name, strerror(-rc));
		return rc == -EINVAL ? -EIO : rc;
	}
	fprintf(tool->out, "%s\n", tool->serial);
	json_object_set_new(tool->json, "serial", json_string(tool->serial));
	return 0;
}

static void print_sizes(const struct kl_blk_info *info, FILE *out)
{
	char text[32];

	fprintf(out, "capacity     %" PRIu64 " bytes (%s), %" PRIu64 " blocks of %u\n",
		info->capacity, size_text(info->capacity, text, sizeof(text)),
		info->capacity / info->block_size, info->block_size);
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

/* Nothing of disks that are not host-managed. */
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
		queue.can_sleep ? "on the queue's interrupt" :
				  "no interrupt of its own, so it polls");
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
			why_not_taken(tool->device, bit));
	}
}

static void print(const struct tool *tool)
{
	const struct kl_device_info *device = kl_device_info(tool->device);
	const struct kl_blk_info *info = kl_blk_info(tool->blk);
	FILE *out = tool->out;

	fprintf(out, "device       %s, %s, NUMA node %d\n", device->name, device->transport,
		device->numa_node);
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
	print(tool);
	info_to_json(tool, tool->json);
	return 0;
}
