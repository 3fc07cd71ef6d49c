/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/vhost_user.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <kickless/log.h>

#include "spec/features.h"
#include "spec/status.h"
#include "transport/vhost_queues.h"

/* The queues of a back end without MQ: enough for two data queues. */
#define QUEUES_WITHOUT_MQ 2

static const struct kl_feature_name known[] = {
	{VHOST_USER_PROTOCOL_F_MQ, "MQ"},
	{VHOST_USER_PROTOCOL_F_REPLY_ACK, "REPLY_ACK"},
	{VHOST_USER_PROTOCOL_F_BACKEND_REQ, "BACKEND_REQ"},
	{VHOST_USER_PROTOCOL_F_CONFIG, "CONFIG"},
	{VHOST_USER_PROTOCOL_F_RESET_DEVICE, "RESET_DEVICE"},
	{VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS, "CONFIGURE_MEM_SLOTS"},
	{VHOST_USER_PROTOCOL_F_STATUS, "STATUS"},
};
#define KNOWN (sizeof(known) / sizeof(known[0]))

/* The protocol knows no largest size; this one is taken when the user names no other. */
#define DEFAULT_QUEUE_SIZE 256
#define MAX_QUEUE_SIZE 32768

static bool parse_server(const char *value, struct kl__transport_choice *choice)
{
	choice->is_server = value[0] == '1';
	return strcmp(value, "0") == 0 || strcmp(value, "1") == 0;
}

/* Octal, as chmod(1) takes it. A right to write to the file of a socket is one to connect. */
static bool parse_mode(const char *value, struct kl__transport_choice *choice)
{
	size_t digits = strspn(value, "01234567");
	unsigned long mode = strtoul(value, NULL, 8);

	choice->has_mode = true;
	choice->mode = (uint16_t)mode;
	return value[digits] == '\0' && (digits == 3 || digits == 4) && mode <= 0777 &&
		(mode & 0222) != 0;
}

static bool parse_group(const char *value, struct kl__transport_choice *choice)
{
	const struct group *group = getgrnam(value);
	unsigned long number;
	char *end;

	choice->has_group = true;
	if (group != NULL) {
		choice->group = group->gr_gid;
		return true;
	}
	errno = 0;
	number = strtoul(value, &end, 10);
	choice->group = (uint32_t)number;
	/* The largest one means "as it is" to chown(2). */
	return value[0] >= '0' && value[0] <= '9' && *end == '\0' && errno == 0 &&
		number < UINT32_MAX;
}

const struct kl__transport_option kl__vhost_user_options[] = {
	{"server", "0 or 1", parse_server},
	{"mode",
		"permissions in octal with which somebody may write, from 0002 to 0777, such as 0660",
		parse_mode},
	{"group", "the name of a group of this machine, or a number", parse_group},
	{0},
};

static int send_value(struct kl__vhost_user *user, enum vhost_user_request request, uint64_t value)
{
	union vhost_user_payload payload = {.value = value};

	return kl__vhost_send(&user->socket, request, &payload, sizeof(payload.value), NULL, 0);
}

static void get_features(struct kl__transport *transport, struct kl_features *offered)
{
	offered->word[0] = kl__vhost(transport)->offered &
		~(UINT64_C(1) << VHOST_USER_F_PROTOCOL_FEATURES);
	offered->word[1] = 0;
}

static void set_features(struct kl__transport *transport, const struct kl_features *accepted)
{
	struct kl__vhost_user *user = kl__vhost(transport);

	user->accepted = accepted->word[0];
	user->refuses_features =
		send_value(user, VHOST_USER_SET_FEATURES,
			user->accepted |
				(user->offered & UINT64_C(1) << VHOST_USER_F_PROTOCOL_FEATURES)) !=
		0;
}

/*
 * A back end that is no longer talked to, but has queues, may still be touching them: it is neither
 * reset nor gone until it has closed its end of the connection.
 */
static bool needs_peer_end(struct kl__vhost_user *user)
{
	return kl__vhost_is_ending(&user->socket) && kl__vhost_has_queues(user);
}

static uint8_t get_status(struct kl__transport *transport)
{
	struct kl__vhost_user *user = kl__vhost(transport);
	union vhost_user_payload payload = {0};
	bool is_there;

	kl__vhost_release_threads(transport);
	is_there = !needs_peer_end(user) && kl__vhost_is_alive(&user->socket);

	if (is_there && kl__vhost_has(user, VHOST_USER_PROTOCOL_F_STATUS)) {
		is_there = kl__vhost_request(&user->socket, VHOST_USER_GET_STATUS, &payload, 0,
				   sizeof(payload.value)) == 0;
		if (is_there)
			user->status = (uint8_t)payload.value;
	}
	if (is_there)
		return user->status | (user->refuses_queues ? VIRTIO_STATUS_NEEDS_RESET : 0);
	return needs_peer_end(user) ? user->status | VIRTIO_STATUS_NEEDS_RESET : VIRTIO_STATUS_GONE;
}

static int reset_device(struct kl__vhost_user *user)
{
	int rc = kl__vhost_stop_queues(user);

	user->refuses_features = false;
	user->refuses_queues = false;
	if (rc == 0 && !kl__vhost_has(user, VHOST_USER_PROTOCOL_F_STATUS) &&
		kl__vhost_has(user, VHOST_USER_PROTOCOL_F_RESET_DEVICE))
		rc = kl__vhost_send(&user->socket, VHOST_USER_RESET_DEVICE, NULL, 0, NULL, 0);
	return rc;
}

static void set_status(struct kl__transport *transport, uint8_t status)
{
	struct kl__vhost_user *user = kl__vhost(transport);
	int rc = 0;

	if (needs_peer_end(user))
		return;
	if (status == VIRTIO_STATUS_RESET)
		rc = reset_device(user);
	/* 3.1.1: what a device does that can't do with these features. */
	if (user->refuses_features)
		status &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
	/* Not before all are set up: a back end may check that it knows the other of a pair. */
	if ((status & ~user->status & VIRTIO_STATUS_DRIVER_OK) != 0) {
		rc = kl__vhost_enable_queues(user);
		user->refuses_queues = rc != 0;
	}
	if (rc == 0 && kl__vhost_has(user, VHOST_USER_PROTOCOL_F_STATUS))
		rc = send_value(user, VHOST_USER_SET_STATUS, status);
	if (rc == 0)
		user->status = status;
}

/*
 * The protocol moves blocks of bytes, and back ends copy them from the start of the space. No more
 * than is needed is requested, since a back end refuses what lies beyond its own.
 */
static uint32_t config_read(struct kl__transport *transport, uint32_t offset, unsigned int width)
{
	struct kl__vhost_user *user = kl__vhost(transport);
	union vhost_user_payload payload = {.config = {.size = offset + width}};
	size_t size = offsetof(struct vhost_user_config, bytes) + offset + width;
	uint32_t value = 0;

	if (kl__vhost_request(&user->socket, VHOST_USER_GET_CONFIG, &payload, size, size) != 0) {
		/* As with registers: one that can't be read is gone. */
		kl__vhost_end(&user->socket);
		return UINT32_MAX;
	}
	if (user->config_end < offset + width)
		user->config_end = (uint16_t)(offset + width);
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
	if (kl__vhost_send(&kl__vhost(transport)->socket, VHOST_USER_SET_CONFIG, &payload,
		    offsetof(struct vhost_user_config, bytes) + width, NULL, 0) != 0)
		kl_warning("%s: the configuration was not changed", transport->name);
}

static uint16_t queue_count(struct kl__transport *transport)
{
	return kl__vhost(transport)->queue_count;
}

static uint16_t queue_max_size(struct kl__transport *transport, uint16_t index)
{
	return index < kl__vhost(transport)->queue_count ? MAX_QUEUE_SIZE : 0;
}

static bool queue_is_enabled(struct kl__transport *transport, uint16_t index)
{
	return kl__vhost(transport)->kick_fd[index] >= 0;
}

/* Configuration changes come by event_fd, so the vector for them has no meaning. */
static int set_config_vector(struct kl__transport *transport, unsigned int vector)
{
	(void)transport;
	(void)vector;
	return 0;
}

static int event_fd(struct kl__transport *transport)
{
	return kl__vhost(transport)->event_fd;
}

/*
 * Back ends exist that open the channel, and change their configuration without a word on it. Once
 * a connection has ended, whoever saw that first has left no event.
 */
static bool reports_changes(struct kl__transport *transport)
{
	struct kl__vhost_socket *sock = &kl__vhost(transport)->socket;

	return kl__vhost_is_connected(sock) &&
		(transport->config_size == 0 || kl__vhost_reports_changes(sock));
}

static bool event_take(struct kl__transport *transport)
{
	struct kl__vhost_user *user = kl__vhost(transport);
	uint8_t before = user->status, status = get_status(transport);
	uint64_t count;

	kl__vhost_serve_channel(&user->socket);
	/* Before the configuration is read: a change after that is another event. */
	if (kl__eventfd_read(user->socket.channel.change_fd, &count))
		return true;
	/* One that has gone has all bits. */
	if ((status & VIRTIO_STATUS_NEEDS_RESET) != 0 || (before & ~status) != 0)
		return true;
	/* Of more than a driver reads a back end may have none, and refuse it. */
	if (user->config_end > 0 && !reports_changes(transport))
		kl__vhost_poll_config(&user->socket, user->config_end);
	return false;
}

static int request_value(struct kl__vhost_user *user, enum vhost_user_request request,
	uint64_t *value)
{
	union vhost_user_payload payload = {0};
	int rc = kl__vhost_request(&user->socket, request, &payload, 0, sizeof(payload.value));

	*value = payload.value;
	return rc;
}

static int agree_on_protocol(struct kl__vhost_user *user)
{
	uint64_t offered, ours = 0;
	int rc;

	if ((user->offered >> VHOST_USER_F_PROTOCOL_FEATURES & 1) == 0)
		return 0;
	rc = request_value(user, VHOST_USER_GET_PROTOCOL_FEATURES, &offered);
	if (rc != 0)
		return rc;
	for (unsigned int i = 0; i < KNOWN; i++)
		ours |= UINT64_C(1) << known[i].bit;
	/* Without a configuration it has nothing to send there that would be of use here. */
	if ((offered >> VHOST_USER_PROTOCOL_F_CONFIG & 1) == 0)
		ours &= ~(UINT64_C(1) << VHOST_USER_PROTOCOL_F_BACKEND_REQ);
	user->protocol = offered & ours;
	rc = send_value(user, VHOST_USER_SET_PROTOCOL_FEATURES, user->protocol);
	user->socket.acks = rc == 0 && kl__vhost_has(user, VHOST_USER_PROTOCOL_F_REPLY_ACK);
	return rc;
}

/* The channel on which the back end reports changes of its configuration. */
static int open_channel(struct kl__vhost_user *user)
{
	if (!kl__vhost_has(user, VHOST_USER_PROTOCOL_F_BACKEND_REQ))
		return 0;
	return kl__vhost_open_channel(&user->socket, user->event_fd);
}

/*
 * Some back ends count pairs of queues, those of types that have pairs, and the answer does not
 * show which. The back end refuses to enable a queue that it does not have.
 */
static int count_queues(struct kl__vhost_user *user)
{
	uint64_t count = QUEUES_WITHOUT_MQ;
	int rc = 0;

	if (kl__vhost_has(user, VHOST_USER_PROTOCOL_F_MQ)) {
		rc = request_value(user, VHOST_USER_GET_QUEUE_NUM, &count);
		count = count < KL__VHOST_MAX_QUEUES ? 2 * count : KL__VHOST_MAX_QUEUES;
	}
	user->queue_count = (uint16_t)(count < KL__VHOST_MAX_QUEUES ? count : KL__VHOST_MAX_QUEUES);
	return rc;
}

static int count_slots(struct kl__vhost_user *user)
{
	uint64_t slots = 0;
	int rc = 0;

	if (kl__vhost_has(user, VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS))
		rc = request_value(user, VHOST_USER_GET_MAX_MEM_SLOTS, &slots);
	kl__vhost_memory_begin(&user->memory, slots);
	return rc;
}

/*
 * The first exchange on a new connection: what the back end offers, and which parts of the
 * protocol. What was known of an earlier one is void.
 */
static int agree_on_features(struct kl__vhost_user *user, int fd)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP};
	int rc;

	/* Another thread that adds memory must not send it before the slots are known. */
	kl__vhost_memory_begin(&user->memory, 0);
	kl__vhost_attach(&user->socket, fd);
	/* Closing the connection takes it out again. */
	epoll_ctl(user->event_fd, EPOLL_CTL_ADD, fd, &event);
	user->status = 0;
	user->protocol = 0;
	user->accepted = 0;
	user->config_end = 0;
	user->refuses_features = false;
	user->refuses_queues = false;
	rc = request_value(user, VHOST_USER_GET_FEATURES, &user->offered);
	if (rc == 0)
		rc = kl__vhost_send(&user->socket, VHOST_USER_SET_OWNER, NULL, 0, NULL, 0);
	if (rc == 0)
		rc = agree_on_protocol(user);
	if (rc == 0)
		rc = count_queues(user);
	if (rc == 0)
		rc = count_slots(user);
	if (rc == 0)
		rc = open_channel(user);
	user->transport.config_size = kl__vhost_has(user, VHOST_USER_PROTOCOL_F_CONFIG) ?
		VHOST_USER_MAX_CONFIG :
		0;
	if (rc != 0)
		kl__vhost_disconnect(&user->socket);
	return rc;
}

static void keep_last(struct kl__vhost_user *user)
{
	user->last_protocol = user->protocol;
	user->last_queue_count = user->queue_count;
}

/* Another program may serve the path now: what it lacks explains what fails later. */
static void compare_with_last(struct kl__vhost_user *user)
{
	uint64_t lost = user->last_protocol & ~user->protocol;
	char names[128] = "";
	size_t length = 0;

	for (unsigned int i = 0; i < KNOWN; i++)
		if ((lost >> known[i].bit & 1) != 0)
			length += (size_t)snprintf(names + length, sizeof(names) - length, " %s",
				known[i].name);
	if (lost != 0)
		kl_warning("%s: the back end that is there now lacks features of the protocol:%s",
			user->transport.name, names);
	if (user->queue_count < user->last_queue_count)
		kl_warning("%s: the back end that is there now has %u queues; before it had %u",
			user->transport.name, user->queue_count, user->last_queue_count);
}

/* The shortest timeout of a message of a handshake with a back end that has come back. */
#define RECONNECT_MS 1000

/*
 * The control thread waits during a handshake, and a back end that accepts a connection and does
 * not answer may be replaced by one that does. So the first handshakes time out early. A slow back
 * end is given twice the time at each further one, up to the timeout of any message.
 */
static int handshake_again(struct kl__vhost_user *user, int fd)
{
	unsigned int doublings = user->unanswered < 8 ? user->unanswered : 8;
	unsigned int timeout_ms = RECONNECT_MS << doublings;
	int rc;

	user->socket.early_ms = timeout_ms < user->socket.timeout_ms ? timeout_ms : 0;
	rc = agree_on_features(user, fd);
	user->socket.early_ms = 0;
	user->unanswered = rc == -ETIMEDOUT ? user->unanswered + 1 : 0;
	return rc;
}

static int connect_again(struct kl__transport *transport)
{
	struct kl__vhost_user *user = kl__vhost(transport);
	int fd = kl__vhost_endpoint_connect(&user->endpoint);
	int rc;

	if (fd < 0)
		return fd;
	kl__vhost_forget_queues(user);
	rc = handshake_again(user, fd);
	if (rc == 0) {
		kl_notice("%s: the back end is there again", transport->name);
		compare_with_last(user);
		keep_last(user);
	}
	/* One that ends while it is talked to, or does not answer yet, may be back soon. */
	return rc == -EIO || rc == -ENOTCONN || rc == -ETIMEDOUT ? -EAGAIN : rc;
}

static void close_transport(struct kl__transport *transport)
{
	struct kl__vhost_user *user = kl__vhost(transport);

	for (unsigned int i = 0; i < KL__VHOST_MAX_QUEUES; i++)
		if (user->kick_fd[i] >= 0)
			close(user->kick_fd[i]);
	kl__vhost_memory_close(&user->memory);
	kl__vhost_disconnect(&user->socket);
	kl__vhost_destroy(&user->socket);
	kl__vhost_endpoint_close(&user->endpoint);
	if (user->event_fd >= 0)
		close(user->event_fd);
	free(user);
}

static const struct kl__transport_ops vhost_user_ops = {
	.name = "vhost-user",
	.get_features = get_features,
	.set_features = set_features,
	.get_status = get_status,
	.set_status = set_status,
	.config_read = config_read,
	.config_write = config_write,
	.queue_count = queue_count,
	.queue_max_size = queue_max_size,
	.queue_is_enabled = queue_is_enabled,
	.queue_enable = kl__vhost_queue_enable,
	.set_interrupts = kl__vhost_set_interrupts,
	.set_config_vector = set_config_vector,
	.event_fd = event_fd,
	.event_take = event_take,
	.reports_changes = reports_changes,
	.reconnect = connect_again,
	.release_threads = kl__vhost_release_threads,
	.close = close_transport,
};

static int connect_first(struct kl__vhost_user *user, const char *path,
	const struct kl__transport_choice *choice)
{
	int rc = kl__vhost_endpoint_open(&user->endpoint, user->transport.name, path, choice);

	if (rc != 0)
		return rc;
	rc = kl__vhost_endpoint_connect_first(&user->endpoint);
	if (rc < 0)
		return rc;
	rc = agree_on_features(user, rc);
	keep_last(user);
	return rc;
}

/* The sources of events change with the connection, and the application keeps one descriptor. */
static bool open_event_fd(struct kl__vhost_user *user)
{
	struct epoll_event event = {.events = EPOLLIN};

	user->event_fd = epoll_create1(EPOLL_CLOEXEC);
	return user->event_fd >= 0 &&
		epoll_ctl(user->event_fd, EPOLL_CTL_ADD, user->socket.channel.change_fd, &event) ==
		0;
}

/* 0, or after a message -errno. Until then no function of user->socket may be called. */
static int open_fds(struct kl__vhost_user *user, const struct kl__transport_choice *choice)
{
	unsigned int timeout_ms = choice->timeout_ms != 0 ? choice->timeout_ms : KL__TIMEOUT_MS;

	if (kl__vhost_init(&user->socket, user->transport.name, timeout_ms) == 0 &&
		open_event_fd(user))
		return 0;
	return kl_no_descriptor(user->transport.name);
}

/* FNV-1a, 32 bits. */
static uint32_t hash_text(const char *text)
{
	uint32_t hash = 2166136261u;

	for (; *text != '\0'; text++)
		hash = (hash ^ (uint8_t)*text) * 16777619u;
	return hash;
}

/*
 * Of a path that is too long the end, which a person knows it by, behind a number that tells it
 * from others with the same end: a device is found by its name, and messages have it.
 */
static void set_name(struct kl__transport *transport, const char *path)
{
	static const char prefix[] = "vhost-user:";
	const size_t room = sizeof(transport->name) - sizeof(prefix), length = strlen(path);
	char cut[16] = "";

	if (length > room)
		snprintf(cut, sizeof(cut), "%08x...", hash_text(path));
	snprintf(transport->name, sizeof(transport->name), "%s%s%s", prefix, cut,
		length > room ? path + length - (room - strlen(cut)) : path);
}

int kl__vhost_user_open(const char *path, const struct kl__transport_choice *choice, uint32_t type,
	struct kl__shared_memory *memory, struct kl__transport **transport)
{
	struct kl__vhost_user *user = calloc(1, sizeof(*user));
	int rc, watched;

	if (user == NULL)
		return kl_no_memory(path, sizeof(*user));
	for (unsigned int i = 0; i < KL__VHOST_MAX_QUEUES; i++)
		user->kick_fd[i] = -1;
	user->endpoint.listener = -1;
	user->transport.ops = &vhost_user_ops;
	user->transport.type = type;
	user->transport.numa_node = -1;
	user->transport.quirks = KL__QUIRK_DATA_QUEUES_ONLY;
	user->transport.default_queue_size = DEFAULT_QUEUE_SIZE;
	set_name(&user->transport, path);
	kl_features_set(&user->transport.features, VIRTIO_F_VERSION_1);
	user->event_fd = -1;
	rc = open_fds(user, choice);
	/* In any case, since close_transport ends it. */
	watched = kl__vhost_memory_open(&user->memory, &user->socket, memory);
	if (rc == 0)
		rc = watched;
	if (rc == 0)
		rc = connect_first(user, path, choice);
	if (rc != 0) {
		close_transport(&user->transport);
		return rc;
	}
	*transport = &user->transport;
	return 0;
}
