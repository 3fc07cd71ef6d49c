/* SPDX-License-Identifier: BSD-3-Clause */
#include "changes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include <kickless/log.h>

/* A list of changes, separated by semicolons. */
struct list {
	char text[768];
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void add_change(struct list *list, const char *format,
	...)
{
	size_t room = sizeof(list->text) - list->length;
	va_list args;

	if (list->length != 0 && room > 2) {
		snprintf(list->text + list->length, room, "; ");
		list->length += 2;
		room -= 2;
	}
	va_start(args, format);
	list->length += (size_t)vsnprintf(list->text + list->length, room, format, args);
	va_end(args);
	if (list->length >= sizeof(list->text))
		list->length = sizeof(list->text) - 1;
}

static void add_number(struct list *list, const char *what, uint64_t before, uint64_t now,
	const char *consequence)
{
	if (before != now)
		add_change(list, "%s %" PRIu64 " instead of %" PRIu64 "%s", what, now, before,
			consequence);
}

static void add_queues(struct list *list, const struct kl_blk *blk,
	const struct kl_blk_info *before)
{
	const uint16_t now = blk->info.max_queues;

	if (now < blk->queue_count)
		add_change(list,
			"queues %u instead of %u: those from %u on take no requests until it has them "
			"again",
			now, before->max_queues, now);
	else
		add_number(list, "queues", before->max_queues, now, "");
}

static void add_features(struct list *list, const struct kl_blk *blk, const char *what,
	struct kl_features set)
{
	char names[384];

	if (set.word[0] != 0 || set.word[1] != 0)
		add_change(list, "%s %s", what,
			kl_device_feature_names(blk->device, &set, names, sizeof(names)));
}

void blk_changes_log(const struct kl_blk *blk, const struct kl_blk_info *before,
	const struct kl_features *features_before)
{
	const struct kl_features *features = &kl_device_info(blk->device)->accepted;
	const struct kl_blk_info *now = &blk->info;
	struct list list = {.length = 0};

	if (now->capacity < before->capacity)
		add_number(&list, "capacity", before->capacity, now->capacity,
			" bytes: requests beyond it fail with ERANGE");
	else
		add_number(&list, "capacity", before->capacity, now->capacity, " bytes");
	add_number(&list, "block size", before->block_size, now->block_size,
		": requests that are no multiple of it fail with EINVAL");
	if (now->is_read_only != before->is_read_only)
		add_change(&list,
			now->is_read_only ? "read-only now: writes fail with EROFS" :
					    "no longer read-only");
	if (before->has_flush && !now->has_flush)
		add_change(&list, "it is taken to have no write cache");
	if (before->discard.is_offered && !now->discard.is_offered)
		add_change(&list, "discards fail with ENOTSUP");
	if (before->write_zeroes.is_offered && !now->write_zeroes.is_offered)
		add_change(&list, "requests to write zeroes fail with ENOTSUP");
	if (before->secure_erase.is_offered && !now->secure_erase.is_offered)
		add_change(&list, "secure erases fail with ENOTSUP");
	add_queues(&list, blk, before);
	add_number(&list, "largest ring", before->ring_max, now->ring_max, " entries");
	add_number(&list, "zone size", before->zones.zone_bytes, now->zones.zone_bytes, " bytes");
	add_features(&list, blk,
		"features lost:", kl_features_without(*features_before, *features));
	add_features(&list, blk, "new features:", kl_features_without(*features, *features_before));
	if (list.length != 0)
		kl_warning("%s: it came back different: %s", kl_device_info(blk->device)->name,
			list.text);
}
