/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/vhost_user.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <kickless/log.h>

#include "spec/features.h"
#include "spec/status.h"
#include "transport/vhost_socket.h"

/* What a back end without MQ has: enough for two data queues. */
#define QUEUES_WITHOUT_MQ 2
#define MAX_QUEUES 256
/* The protocol knows no largest size; this one is taken when nobody asks for another. */
#define DEFAULT_QUEUE_SIZE 256
#define MAX_QUEUE_SIZE 32768

struct vhost_user {
	struct kl__transport transport;
	struct kl__vhost_socket socket;
	kl__shared_memory_fn *memory;
	uint64_t offered;
	uint64_t protocol;
	uint16_t queue_count;
	uint8_t status;
	bool memory_is_told;
	int kick_fd[MAX_QUEUES];
};

static struct vhost_user *vhost(struct kl__transport *transport)
{
	return (struct vhost_user *)transport;
}

static int send_value(struct vhost_user *user, enum vhost_user_request request, uint64_t value)
{
	union vhost_user_payload payload = {.value = value};

	return kl__vhost_send(&user->socket, request, &payload, sizeof(payload.value), NULL, 0);
}

static int ask_value(struct vhost_user *user, enum vhost_user_request request, uint64_t *value)
{
	union vhost_user_payload payload = {0};
	int rc = kl__vhost_ask(&user->socket, request, &payload, 0, sizeof(payload.value));

	*value = payload.value;
	return rc;
}

static bool has_protocol(const struct vhost_user *user, unsigned int bit)
{
	return (user->protocol >> bit & 1) != 0;
}

static void get_features(struct kl__transport *transport, struct kl_features *offered)
{
	offered->word[0] = vhost(transport)->offered &
		~(UINT64_C(1) << VHOST_USER_F_PROTOCOL_FEATURES);
	offered->word[1] = 0;
}

static void set_features(struct kl__transport *transport, const struct kl_features *accepted)
{
	struct vhost_user *user = vhost(transport);
	uint64_t bits = accepted->word[0] |
		(user->offered & UINT64_C(1) << VHOST_USER_F_PROTOCOL_FEATURES);

	if (send_value(user, VHOST_USER_SET_FEATURES, bits) != 0)
		user->status = VIRTIO_STATUS_GONE;
}

static uint8_t get_status(struct kl__transport *transport)
{
	return vhost(transport)->status;
}

/* GET_VRING_BASE stops a queue: when it is answered the back end no longer touches it. */
static int stop_queue(struct vhost_user *user, uint16_t index)
{
	union vhost_user_payload payload = {.state = {.index = index}};
	int rc = kl__vhost_ask(&user->socket, VHOST_USER_GET_VRING_BASE, &payload,
		sizeof(payload.state), sizeof(payload.state));

	close(user->kick_fd[index]);
	user->kick_fd[index] = -1;
	return rc;
}

static int stop_queues(struct vhost_user *user)
{
	int rc = 0;

	for (uint16_t index = 0; index < user->queue_count; index++)
		if (user->kick_fd[index] >= 0 && stop_queue(user, index) != 0)
			rc = -EIO;
	return rc;
}

static void set_status(struct kl__transport *transport, uint8_t status)
{
	struct vhost_user *user = vhost(transport);
	int rc = 0;

	if (user->status == VIRTIO_STATUS_GONE)
		return;
	if (status == VIRTIO_STATUS_RESET) {
		rc = stop_queues(user);
		user->memory_is_told = false;
	}
	if (rc == 0 && has_protocol(user, VHOST_USER_PROTOCOL_F_STATUS))
		rc = send_value(user, VHOST_USER_SET_STATUS, status);
	user->status = rc == 0 ? status : VIRTIO_STATUS_GONE;
}

static uint32_t config_generation(struct kl__transport *transport)
{
	(void)transport;
	return 0;
}

/*
 * The protocol moves blocks of bytes, and back ends copy them from the start of the space. No more
 * than is needed is asked for, since a back end refuses what lies beyond its own.
 */
static uint32_t config_read(struct kl__transport *transport, uint32_t offset, unsigned int width)
{
	struct vhost_user *user = vhost(transport);
	union vhost_user_payload payload = {.config = {.size = offset + width}};
	size_t size = offsetof(struct vhost_user_config, bytes) + offset + width;
	uint32_t value = 0;

	if (kl__vhost_ask(&user->socket, VHOST_USER_GET_CONFIG, &payload, size, size) != 0) {
		user->status = VIRTIO_STATUS_GONE;
		return UINT32_MAX;
	}
	for (unsigned int i = width; i-- > 0;)
		value = value << 8 | payload.config.bytes[offset + i];
	return value;
}

static void config_write(struct kl__transport *transport, uint32_t offset, unsigned int width,
	uint32_t value)
{
	union vhost_user_payload payload = {.config = {.offset = offset, .size = width}};

	for (unsigned int i = 0; i < width; i++)
		payload.config.bytes[i] = (uint8_t)(value >> (8 * i));
	if (kl__vhost_send(&vhost(transport)->socket, VHOST_USER_SET_CONFIG, &payload,
		    offsetof(struct vhost_user_config, bytes) + width, NULL, 0) != 0)
		kl_warning("%s: the configuration was not changed", transport->name);
}

static uint16_t queue_count(struct kl__transport *transport)
{
	return vhost(transport)->queue_count;
}

static uint16_t queue_max_size(struct kl__transport *transport, uint16_t index)
{
	return index < vhost(transport)->queue_count ? MAX_QUEUE_SIZE : 0;
}

static bool queue_is_enabled(struct kl__transport *transport, uint16_t index)
{
	return vhost(transport)->kick_fd[index] >= 0;
}

static int tell_memory(struct vhost_user *user)
{
	struct kl__shared_region regions[VHOST_USER_MAX_REGIONS];
	union vhost_user_payload payload = {0};
	int fds[VHOST_USER_MAX_REGIONS];
	int count = user->memory(regions, VHOST_USER_MAX_REGIONS);

	if (count < 0)
		return count;
	payload.memory.count = (uint32_t)count;
	for (int i = 0; i < count; i++) {
		payload.memory.region[i] = (struct vhost_user_region){
			.guest_address = regions[i].iova,
			.size = regions[i].size,
			.user_address = regions[i].address,
			.file_offset = regions[i].offset,
		};
		fds[i] = regions[i].fd;
	}
	user->memory_is_told = true;
	return kl__vhost_send(&user->socket, VHOST_USER_SET_MEM_TABLE, &payload,
		offsetof(struct vhost_user_memory, region) +
			(size_t)count * sizeof(struct vhost_user_region),
		fds, (size_t)count);
}

static void notify_by_eventfd(const struct kl_notifier *notifier, uint32_t what)
{
	const uint64_t one = 1;

	(void)what;
	/* It can only fail when the counter is full, and then the back end has been told. */
	if (write((int)notifier->address, &one, sizeof(one)) < 0)
		return;
}

static int send_state(struct vhost_user *user, enum vhost_user_request request, uint16_t index,
	uint32_t number)
{
	union vhost_user_payload payload = {.state = {index, number}};

	return kl__vhost_send(&user->socket, request, &payload, sizeof(payload.state), NULL, 0);
}

static int send_addresses(struct vhost_user *user, const struct kl__queue_setup *setup)
{
	/* Here ring addresses are bus addresses; ours are the same as long as IOVA is virtual. */
	union vhost_user_payload payload = {.address = {
						    .index = setup->index,
						    .descriptor = setup->desc,
						    .available = setup->driver,
						    .used = setup->device,
					    }};

	return kl__vhost_send(&user->socket, VHOST_USER_SET_VRING_ADDR, &payload,
		sizeof(payload.address), NULL, 0);
}

/* The low byte is the queue; bit 8 says that no file descriptor comes with it. */
static int send_fd(struct vhost_user *user, enum vhost_user_request request, uint16_t index, int fd)
{
	union vhost_user_payload payload = {.value = index};

	return kl__vhost_send(&user->socket, request, &payload, sizeof(payload.value), &fd, 1);
}

static int tell_queue(struct vhost_user *user, const struct kl__queue_setup *setup, int call_fd)
{
	uint16_t index = setup->index;
	int rc = user->memory_is_told ? 0 : tell_memory(user);

	if (rc == 0)
		rc = send_state(user, VHOST_USER_SET_VRING_NUM, index, setup->size);
	if (rc == 0)
		rc = send_state(user, VHOST_USER_SET_VRING_BASE, index, 0);
	if (rc == 0)
		rc = send_addresses(user, setup);
	if (rc == 0)
		rc = send_fd(user, VHOST_USER_SET_VRING_CALL, index, call_fd);
	if (rc == 0)
		rc = send_fd(user, VHOST_USER_SET_VRING_KICK, index, user->kick_fd[index]);
	if (rc == 0 && user->protocol != 0)
		rc = send_state(user, VHOST_USER_SET_VRING_ENABLE, index, 1);
	return rc;
}

static int queue_enable(struct kl__transport *transport, const struct kl__queue_setup *setup,
	struct kl_notifier *notifier)
{
	struct vhost_user *user = vhost(transport);
	int kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int rc = -errno;

	if (kick_fd < 0 || call_fd < 0)
		goto close_fds;
	user->kick_fd[setup->index] = kick_fd;
	rc = tell_queue(user, setup, call_fd);
	if (rc != 0) {
		user->kick_fd[setup->index] = -1;
		goto close_fds;
	}
	close(call_fd);
	*notifier = (struct kl_notifier){
		.value = setup->index,
		.notify = notify_by_eventfd,
		.address = (uint64_t)kick_fd,
	};
	return 0;
close_fds:
	if (kick_fd >= 0)
		close(kick_fd);
	if (call_fd >= 0)
		close(call_fd);
	return rc;
}

static void close_transport(struct kl__transport *transport)
{
	struct vhost_user *user = vhost(transport);

	for (unsigned int i = 0; i < MAX_QUEUES; i++)
		if (user->kick_fd[i] >= 0)
			close(user->kick_fd[i]);
	kl__vhost_disconnect(&user->socket);
	free(user);
}

static const struct kl__transport_ops vhost_user_ops = {
	.name = "vhost-user",
	.get_features = get_features,
	.set_features = set_features,
	.get_status = get_status,
	.set_status = set_status,
	.config_generation = config_generation,
	.config_read = config_read,
	.config_write = config_write,
	.queue_count = queue_count,
	.queue_max_size = queue_max_size,
	.queue_is_enabled = queue_is_enabled,
	.queue_enable = queue_enable,
	.close = close_transport,
};

static int agree_on_protocol(struct vhost_user *user)
{
	const uint64_t known = UINT64_C(1) << VHOST_USER_PROTOCOL_F_MQ |
		UINT64_C(1) << VHOST_USER_PROTOCOL_F_REPLY_ACK |
		UINT64_C(1) << VHOST_USER_PROTOCOL_F_CONFIG |
		UINT64_C(1) << VHOST_USER_PROTOCOL_F_STATUS;
	int rc;

	if ((user->offered >> VHOST_USER_F_PROTOCOL_FEATURES & 1) == 0)
		return 0;
	rc = ask_value(user, VHOST_USER_GET_PROTOCOL_FEATURES, &user->protocol);
	if (rc != 0)
		return rc;
	user->protocol &= known;
	rc = send_value(user, VHOST_USER_SET_PROTOCOL_FEATURES, user->protocol);
	user->socket.acks = has_protocol(user, VHOST_USER_PROTOCOL_F_REPLY_ACK);
	return rc;
}

static int count_queues(struct vhost_user *user)
{
	uint64_t count = QUEUES_WITHOUT_MQ;
	int rc = 0;

	if (has_protocol(user, VHOST_USER_PROTOCOL_F_MQ))
		rc = ask_value(user, VHOST_USER_GET_QUEUE_NUM, &count);
	user->queue_count = (uint16_t)(count < MAX_QUEUES ? count : MAX_QUEUES);
	return rc;
}

static int meet(struct vhost_user *user)
{
	int rc = ask_value(user, VHOST_USER_GET_FEATURES, &user->offered);

	if (rc == 0)
		rc = send_value(user, VHOST_USER_SET_OWNER, 0);
	if (rc == 0)
		rc = agree_on_protocol(user);
	if (rc == 0)
		rc = count_queues(user);
	return rc;
}

int kl__vhost_user_open(const char *path, uint32_t type, kl__shared_memory_fn *memory,
	struct kl__transport **transport)
{
	struct vhost_user *user = calloc(1, sizeof(*user));
	int rc;

	if (user == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < MAX_QUEUES; i++)
		user->kick_fd[i] = -1;
	user->memory = memory;
	user->transport.ops = &vhost_user_ops;
	user->transport.type = type;
	user->transport.numa_node = -1;
	user->transport.quirks = KL__QUIRK_DATA_QUEUES_ONLY;
	user->transport.default_queue_size = DEFAULT_QUEUE_SIZE;
	snprintf(user->transport.name, sizeof(user->transport.name), "vhost-user:%s", path);
	kl_features_set(&user->transport.features, VIRTIO_F_VERSION_1);
	rc = kl__vhost_connect(&user->socket, user->transport.name, path);
	if (rc == 0)
		rc = meet(user);
	if (rc != 0) {
		close_transport(&user->transport);
		return rc;
	}
	if (has_protocol(user, VHOST_USER_PROTOCOL_F_CONFIG))
		user->transport.config_size = VHOST_USER_MAX_CONFIG;
	*transport = &user->transport;
	return 0;
}
