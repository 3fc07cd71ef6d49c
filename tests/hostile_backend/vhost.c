/* SPDX-License-Identifier: BSD-3-Clause */
/* The vhost-user protocol, back end's side, as QEMU's docs/interop/vhost-user describes it. */
#include "back_end.h"
#include "overwrite.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_FDS 8
#define F_PROTOCOL 30
#define PROTOCOL_MQ 1u
#define PROTOCOL_REPLY_ACK (1u << 3)
#define PROTOCOL_CONFIG (1u << 9)
#define NEED_REPLY 8u
#define REPLY 4u
#define VERSION 1u
#define NO_FD 0x100u

enum request {
	GET_FEATURES = 1,
	SET_FEATURES = 2,
	SET_MEM_TABLE = 5,
	SET_VRING_NUM = 8,
	SET_VRING_ADDR = 9,
	SET_VRING_BASE = 10,
	GET_VRING_BASE = 11,
	SET_VRING_KICK = 12,
	SET_VRING_CALL = 13,
	GET_PROTOCOL_FEATURES = 15,
	SET_PROTOCOL_FEATURES = 16,
	GET_QUEUE_NUM = 17,
	SET_VRING_ENABLE = 18,
	GET_CONFIG = 24,
};

struct header {
	uint32_t request;
	uint32_t flags;
	uint32_t size;
};

struct message {
	struct header header;
	union {
		uint64_t value;
		struct {
			uint32_t index;
			uint32_t number;
		} state;
		struct {
			uint32_t index;
			uint32_t flags;
			uint64_t descriptor, used, available, log;
		} address;
		struct {
			uint32_t count;
			uint32_t padding;
			struct {
				uint64_t guest, size, user, offset;
			} region[8];
		} memory;
		struct {
			uint32_t offset, size, flags;
			uint8_t bytes[256];
		} config;
	};
	int fd[MOST_FDS];
	unsigned int fds;
};

static void *find(struct back_end *back_end, uint64_t address, uint64_t size, bool is_guest)
{
	for (unsigned int i = back_end->old_regions; i < back_end->regions; i++) {
		const struct region *region = &back_end->region[i];
		uint64_t at = address - (is_guest ? region->guest : region->user);

		if (at < region->size && size <= region->size - at)
			return region->at + at;
	}
	return NULL;
}

void *vhost_guest_memory(void *context, uint64_t address, uint64_t size)
{
	return find(context, address, size, true);
}

static void *ring_memory(void *context, uint64_t address, uint64_t size)
{
	return find(context, address, size, false);
}

static void replace_fd(int *fd, int with)
{
	if (*fd >= 0)
		close(*fd);
	*fd = with;
}

static void stop(struct ring *ring)
{
	ring->runs = false;
	replace_fd(&ring->kick, -1);
	replace_fd(&ring->call, -1);
}

static bool is_kept(const struct back_end *back_end, const struct region *region)
{
	for (unsigned int i = 0; i < back_end->kept_regions; i++)
		if (back_end->kept[i].file == region->file &&
			back_end->kept[i].map_size >= region->map_size)
			return true;
	return false;
}

/* A back end that overwrites memory goes on with it when the driver has closed the connection. */
static void keep_or_unmap(struct back_end *back_end, const struct region *region)
{
	if (overwrite_is_on() && !is_kept(back_end, region) &&
		back_end->kept_regions < KEPT_REGIONS)
		back_end->kept[back_end->kept_regions++] = *region;
	else
		munmap(region->map, region->map_size);
}

void vhost_unmap_kept(struct back_end *back_end)
{
	for (unsigned int i = 0; i < back_end->kept_regions; i++)
		munmap(back_end->kept[i].map, back_end->kept[i].map_size);
	back_end->kept_regions = 0;
}

void vhost_hang_up(struct back_end *back_end)
{
	if (back_end->connection < 0)
		return;
	overwrite_lock();
	close(back_end->connection);
	back_end->connection = -1;
	back_end->ignores_messages = false;
	for (unsigned int i = 0; i < RINGS; i++) {
		stop(&back_end->ring[i]);
		back_end->enabled[i] = false;
	}
	overwrite_forget_buffers();
	memset(back_end->area, 0, sizeof(back_end->area));
	for (unsigned int i = 0; i < back_end->regions; i++)
		keep_or_unmap(back_end, &back_end->region[i]);
	back_end->regions = 0;
	back_end->old_regions = 0;
	overwrite_unlock();
}

static bool receive(struct back_end *back_end, void *data, size_t size, struct message *message)
{
	size_t have = 0;

	while (have < size) {
		char control[CMSG_SPACE(MOST_FDS * sizeof(int))];
		struct iovec iov = {(char *)data + have, size - have};
		struct msghdr header = {.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control)};
		ssize_t got = recvmsg(back_end->connection, &header, MSG_CMSG_CLOEXEC);
		struct cmsghdr *cmsg = got > 0 ? CMSG_FIRSTHDR(&header) : NULL;

		if (got <= 0)
			return false;
		have += (size_t)got;
		if (cmsg == NULL || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		message->fds = (unsigned int)((cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(message->fd, CMSG_DATA(cmsg), message->fds * sizeof(int));
	}
	return true;
}

static uint64_t file_of(int fd)
{
	struct stat info = {0};

	return fstat(fd, &info) == 0 ? (uint64_t)info.st_dev << 32 ^ info.st_ino : 0;
}

static void remove_region(struct back_end *back_end, unsigned int number)
{
	back_end->regions--;
	memmove(&back_end->region[number], &back_end->region[number + 1],
		(back_end->regions - number) * sizeof(back_end->region[0]));
}

/* Takes a region out of the earlier tables that is in the new one too: it stays mapped. */
static bool take_mapped(struct back_end *back_end, struct region *region)
{
	for (unsigned int i = 0; i < back_end->regions; i++) {
		const struct region *old = &back_end->region[i];

		if (old->file != region->file || old->user != region->user ||
			old->guest != region->guest || old->size != region->size)
			continue;
		*region = *old;
		remove_region(back_end, i);
		return true;
	}
	return false;
}

static bool map_region(struct region *region, uint64_t offset, int fd)
{
	region->map_size = offset + region->size;
	region->map = mmap(NULL, region->map_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (region->map == MAP_FAILED)
		return false;
	region->at = (uint8_t *)region->map + offset;
	return true;
}

static void drop_oldest(struct back_end *back_end)
{
	const struct region oldest = back_end->region[0];

	for (unsigned int i = 0; i < RINGS * RING_AREAS; i++)
		if (back_end->area[i].at >= oldest.at &&
			back_end->area[i].at < oldest.at + oldest.size)
			back_end->area[i].bytes = 0;
	overwrite_forget_buffers();
	remove_region(back_end, 0);
	keep_or_unmap(back_end, &oldest);
}

static void map(struct back_end *back_end, const struct message *message)
{
	struct region fresh[MOST_FDS];
	unsigned int count = 0;

	for (uint32_t i = 0; i < message->memory.count && i < message->fds; i++) {
		struct region region = {
			.guest = message->memory.region[i].guest,
			.user = message->memory.region[i].user,
			.size = message->memory.region[i].size,
			.file = file_of(message->fd[i]),
		};

		if (take_mapped(back_end, &region) ||
			map_region(&region, message->memory.region[i].offset, message->fd[i]))
			fresh[count++] = region;
		close(message->fd[i]);
	}
	while (back_end->regions + count > REGIONS)
		drop_oldest(back_end);
	back_end->old_regions = back_end->regions;
	memcpy(&back_end->region[back_end->regions], fresh, count * sizeof(fresh[0]));
	back_end->regions += count;
}

/* All areas of the ring, for the thread that overwrites. */
static void note_areas(struct back_end *back_end, unsigned int index)
{
	const struct ring *ring = &back_end->ring[index];
	struct area *area = &back_end->area[index * RING_AREAS];

	overwrite_lock();
	area[0] = (struct area){(uint8_t *)ring->desc, ring->size * 16u};
	area[1] = (struct area){(uint8_t *)ring->avail, ring_driver_bytes(ring)};
	area[2] = (struct area){(uint8_t *)ring->used, ring_device_bytes(ring)};
	overwrite_unlock();
}

static void start_if_ready(struct back_end *back_end, unsigned int index)
{
	struct ring *ring = &back_end->ring[index];

	if (ring->runs || ring->kick < 0 || ring->address[0] == 0 || ring->size == 0)
		return;
	if ((back_end->accepted >> F_PROTOCOL & 1) != 0 && !back_end->enabled[index])
		return;
	ring->packed = (back_end->accepted >> 34 & 1) != 0;
	ring->event_idx = (back_end->accepted >> VIRTIO_RING_F_EVENT_IDX & 1) != 0;
	ring->runs = ring_start(ring, back_end->base[index], ring_memory, back_end);
	ring->is_overwritten = overwrite_is_on();
	if (ring->runs)
		note_areas(back_end, index);
	else
		back_end->faults++;
	if (index == 0)
		back_end->starts++;
	back_end->fresh = 0;
	back_end->recovered_us = 0;
	back_end->mark = back_end->sent;
}

static void set_address(struct ring *ring, const struct message *message)
{
	ring->address[0] = message->address.descriptor;
	ring->address[1] = message->address.available;
	ring->address[2] = message->address.used;
}

static void set_fd(int *fd, const struct message *message)
{
	bool has_fd = (message->value & NO_FD) == 0 && message->fds == 1;

	replace_fd(fd, has_fd ? message->fd[0] : -1);
}

/* About one ring. Returns the size of the reply, 0 for none. */
static uint32_t handle_ring(struct back_end *back_end, struct message *message)
{
	unsigned int index = message->state.index & 0xff;
	struct ring *ring = &back_end->ring[index];

	if (index >= back_end->device->rings)
		return message->header.request == GET_VRING_BASE ? sizeof(message->state) : 0;
	switch (message->header.request) {
	case SET_VRING_NUM:
		ring->size = (uint16_t)message->state.number;
		break;
	case SET_VRING_ADDR:
		set_address(ring, message);
		break;
	case SET_VRING_BASE:
		back_end->base[index] = message->state.number;
		break;
	case GET_VRING_BASE:
		stop(ring);
		back_end->enabled[index] = false;
		message->state.number = ring->seen | (ring->seen_wrap ? 0x8000u : 0);
		return sizeof(message->state);
	case SET_VRING_KICK:
		set_fd(&ring->kick, message);
		break;
	case SET_VRING_CALL:
		set_fd(&ring->call, message);
		break;
	case SET_VRING_ENABLE:
		back_end->enabled[index] = message->state.number != 0;
		if (!back_end->enabled[index])
			ring->runs = false;
		break;
	}
	start_if_ready(back_end, index);
	return 0;
}

static uint32_t handle(struct back_end *back_end, struct message *message)
{
	switch (message->header.request) {
	case GET_FEATURES:
		message->value = back_end->features | 1ull << F_PROTOCOL;
		return sizeof(message->value);
	case SET_FEATURES:
		back_end->accepted = message->value;
		return 0;
	case GET_PROTOCOL_FEATURES:
		message->value = PROTOCOL_MQ | PROTOCOL_REPLY_ACK |
			(back_end->device->config != NULL ? PROTOCOL_CONFIG : 0);
		return sizeof(message->value);
	case SET_PROTOCOL_FEATURES:
		back_end->protocol = message->value;
		return 0;
	case GET_QUEUE_NUM:
		message->value = back_end->device->rings;
		return sizeof(message->value);
	case SET_MEM_TABLE:
		overwrite_lock();
		map(back_end, message);
		overwrite_unlock();
		return 0;
	case GET_CONFIG:
		if (back_end->device->config != NULL)
			back_end->device->config(message->config.bytes,
				sizeof(message->config.bytes));
		return message->header.size;
	case SET_VRING_NUM:
	case SET_VRING_ADDR:
	case SET_VRING_BASE:
	case GET_VRING_BASE:
	case SET_VRING_KICK:
	case SET_VRING_CALL:
	case SET_VRING_ENABLE:
		return handle_ring(back_end, message);
	default:
		return 0;
	}
}

static bool reply(struct back_end *back_end, struct message *message, uint32_t size)
{
	struct iovec iov[2] = {{&message->header, sizeof(message->header)},
		{&message->value, size}};
	const struct msghdr header = {.msg_iov = iov, .msg_iovlen = 2};

	message->header.flags = VERSION | REPLY;
	message->header.size = size;
	return sendmsg(back_end->connection, &header, MSG_NOSIGNAL) > 0;
}

static bool serve_message(struct back_end *back_end)
{
	const size_t room = offsetof(struct message, fd) - offsetof(struct message, value);
	struct message message = {.fds = 0};
	uint32_t size;
	bool wants_reply;

	if (!receive(back_end, &message.header, sizeof(message.header), &message) ||
		message.header.size > room ||
		!receive(back_end, &message.value, message.header.size, &message))
		return false;
	wants_reply = (message.header.flags & NEED_REPLY) != 0 &&
		(back_end->protocol & PROTOCOL_REPLY_ACK) != 0;
	size = handle(back_end, &message);
	if (size == 0 && wants_reply) {
		message.value = 0;
		size = sizeof(message.value);
	}
	return size == 0 || reply(back_end, &message, size);
}

void vhost_serve(struct back_end *back_end)
{
	if (!serve_message(back_end))
		vhost_hang_up(back_end);
}

void vhost_accept(struct back_end *back_end)
{
	int fd = accept4(back_end->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	vhost_hang_up(back_end);
	back_end->connection = fd;
	back_end->connections++;
	back_end->accepted = 0;
	back_end->protocol = 0;
}
