/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/vhost_memory.h"

#include <errno.h>
#include <string.h>

#include <kickless/log.h>

/* Memory may change while it is being read; it does not change this often in a row. */
#define MAX_TRIES 16

static struct vhost_user_region wire_region(const struct kl__shared_region *region)
{
	return (struct vhost_user_region){
		.guest_address = region->iova,
		.size = region->size,
		.user_address = region->address,
		.file_offset = region->offset,
	};
}

/* Without acknowledgements an answer to something else shows that the back end has got so far. */
static int wait_until_seen(struct kl__vhost_memory *memory)
{
	union vhost_user_payload payload = {0};

	if (memory->socket->acks)
		return 0;
	return kl__vhost_request(memory->socket, VHOST_USER_GET_FEATURES, &payload, 0,
		sizeof(payload.value));
}

static int send_table(struct kl__vhost_memory *memory, const struct kl__shared_region *regions,
	unsigned int count)
{
	union vhost_user_payload payload = {.memory = {.count = count}};
	int fds[VHOST_USER_MAX_REGIONS], rc;

	for (unsigned int i = 0; i < count; i++) {
		payload.memory.region[i] = wire_region(&regions[i]);
		fds[i] = regions[i].fd;
	}
	rc = kl__vhost_send(memory->socket, VHOST_USER_SET_MEM_TABLE, &payload,
		offsetof(struct vhost_user_memory, region) +
			count * sizeof(struct vhost_user_region),
		fds, count);
	if (rc == 0)
		rc = wait_until_seen(memory);
	if (rc != 0)
		return rc;
	memcpy(memory->sent, regions, count * sizeof(*regions));
	memory->count = count;
	return 0;
}

static int add_region(struct kl__vhost_memory *memory, const struct kl__shared_region *region)
{
	union vhost_user_payload payload = {.single = {.region = wire_region(region)}};
	int rc;

	if (memory->count == memory->limit) {
		kl_error(
			"%s: the back end can have %u regions of memory, and there are more; run with the "
			"EAL option --single-file-segments",
			memory->socket->name, memory->limit);
		return -E2BIG;
	}
	rc = kl__vhost_send(memory->socket, VHOST_USER_ADD_MEM_REG, &payload,
		sizeof(payload.single), &region->fd, 1);
	if (rc == 0)
		rc = wait_until_seen(memory);
	if (rc == 0)
		memory->sent[memory->count++] = *region;
	return rc;
}

static int remove_region(struct kl__vhost_memory *memory, unsigned int index)
{
	union vhost_user_payload payload = {
		.single = {.region = wire_region(&memory->sent[index])}};
	int rc = kl__vhost_send(memory->socket, VHOST_USER_REM_MEM_REG, &payload,
		sizeof(payload.single), NULL, 0);

	memory->sent[index] = memory->sent[--memory->count];
	return rc;
}

static uint64_t end_of(const struct kl__shared_region *region)
{
	return region->address + region->size;
}

static bool overlaps_any(const struct kl__shared_region *region,
	const struct kl__shared_region *others, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (region->address < end_of(&others[i]) && others[i].address < end_of(region))
			return true;
	return false;
}

/* The first address from this one on that the back end has not been sent. */
static uint64_t skip_known(const struct kl__vhost_memory *memory, uint64_t address)
{
	bool has_moved = true;

	while (has_moved) {
		has_moved = false;
		for (unsigned int i = 0; i < memory->count; i++) {
			if (address < memory->sent[i].address ||
				address >= end_of(&memory->sent[i]))
				continue;
			address = end_of(&memory->sent[i]);
			has_moved = true;
		}
	}
	return address;
}

/* The first range of region, from address on, that the back end has not been sent; size 0: none. */
static struct kl__shared_region unknown_range(const struct kl__vhost_memory *memory,
	const struct kl__shared_region *region, uint64_t address)
{
	struct kl__shared_region range = *region;
	uint64_t end = end_of(region);

	address = skip_known(memory, address);
	for (unsigned int i = 0; i < memory->count; i++)
		if (memory->sent[i].address > address && memory->sent[i].address < end)
			end = memory->sent[i].address;
	range.address = address;
	range.size = address < end ? end - address : 0;
	range.iova += address - region->address;
	range.offset += address - region->address;
	return range;
}

/*
 * A region that has only shrunk stays as it is, since it can't be removed without the range that is
 * in use. Nothing points to what is no longer ours.
 */
static int update_slots(struct kl__vhost_memory *memory, const struct kl__shared_region *regions,
	unsigned int count)
{
	int rc = 0;

	for (unsigned int i = memory->count; i-- > 0 && rc == 0;)
		if (!overlaps_any(&memory->sent[i], regions, count))
			rc = remove_region(memory, i);
	for (unsigned int i = 0; i < count && rc == 0; i++) {
		struct kl__shared_region range = unknown_range(memory, &regions[i],
			regions[i].address);

		for (; range.size > 0 && rc == 0;
			range = unknown_range(memory, &regions[i], end_of(&range)))
			rc = add_region(memory, &range);
	}
	return rc;
}

static int update_regions(struct kl__vhost_memory *memory, const struct kl__shared_region *regions,
	unsigned int count)
{
	if (memory->has_slots)
		return update_slots(memory, regions, count);
	if (count > memory->limit) {
		kl_error(
			"%s: the protocol can name %u regions of memory, and there are %u; run with the EAL "
			"option --single-file-segments",
			memory->socket->name, memory->limit, count);
		return -E2BIG;
	}
	if (memory->is_sent && count == memory->count &&
		memcmp(regions, memory->sent, count * sizeof(*regions)) == 0)
		return 0;
	return send_table(memory, regions, count);
}

/* Any thread. What fails has been logged; the back end refuses what lies there. */
static int on_change(void *context, const struct kl__shared_region *regions, int count)
{
	struct kl__vhost_memory *memory = context;
	int rc = count < 0 ? count : 0;

	pthread_mutex_lock(&memory->lock);
	memory->changes++;
	if (memory->is_sent && count >= 0)
		rc = update_regions(memory, regions, (unsigned int)count);
	pthread_mutex_unlock(&memory->lock);
	/* A back end that has gone is sent all of it when it is there again. */
	return rc == -ENOTCONN || rc == -EIO ? 0 : rc;
}

int kl__vhost_memory_open(struct kl__vhost_memory *memory, struct kl__vhost_socket *socket,
	struct kl__shared_memory *source)
{
	*memory = (struct kl__vhost_memory){.source = source, .socket = socket};
	pthread_mutex_init(&memory->lock, NULL);
	return source->watch(source, on_change, memory);
}

void kl__vhost_memory_close(struct kl__vhost_memory *memory)
{
	memory->source->unwatch(memory->source);
}

void kl__vhost_memory_begin(struct kl__vhost_memory *memory, uint64_t slots)
{
	pthread_mutex_lock(&memory->lock);
	memory->has_slots = slots != 0;
	memory->limit = slots == 0             ? VHOST_USER_MAX_REGIONS :
		slots < KL__SHARED_REGIONS_MAX ? (unsigned int)slots :
						 KL__SHARED_REGIONS_MAX;
	memory->is_sent = false;
	memory->count = 0;
	pthread_mutex_unlock(&memory->lock);
}

/* 0, -errno, or -EAGAIN when memory has changed since it was read. */
static int send_if_unchanged(struct kl__vhost_memory *memory, unsigned int changes,
	const struct kl__shared_region *regions, unsigned int count)
{
	int rc = -EAGAIN;

	pthread_mutex_lock(&memory->lock);
	if (memory->changes == changes) {
		rc = update_regions(memory, regions, count);
		memory->is_sent = rc == 0;
	}
	pthread_mutex_unlock(&memory->lock);
	return rc;
}

int kl__vhost_memory_send(struct kl__vhost_memory *memory)
{
	struct kl__shared_region regions[KL__SHARED_REGIONS_MAX];
	int rc = -EAGAIN;

	for (unsigned int tries = 0; rc == -EAGAIN && tries < MAX_TRIES; tries++) {
		unsigned int changes;
		int count;

		pthread_mutex_lock(&memory->lock);
		changes = memory->changes;
		rc = memory->is_sent ? 0 : -EAGAIN;
		pthread_mutex_unlock(&memory->lock);
		if (rc == 0)
			return 0;
		count = memory->source->regions(memory->source, regions, KL__SHARED_REGIONS_MAX);
		rc = count < 0 ? count :
				 send_if_unchanged(memory, changes, regions, (unsigned int)count);
	}
	return rc;
}
