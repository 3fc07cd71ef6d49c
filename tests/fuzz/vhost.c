/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A vhost-user back end whose answers are the input: correct ones, late ones, of the wrong size,
 * for another request, none, or the end of the connection. It may come back. Our front end connects
 * and does all that a driver requests of its transport.
 *
 * Invariants: each sent message is one of the protocol, with the payload that its header names. No
 * descriptor is left open. Every call ends.
 *
 * The linker puts this back end where the endpoint and the socket's sendmsg(2) were.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <kickless/log.h>

#include "input.h"
#include "spec/vhost_user.h"
#include "transport/vhost_endpoint.h"
#include "transport/vhost_socket.h"
#include "transport/vhost_user.h"

#define REGION_BYTES (1u << 20)

static struct input script;
static int back_end = -1;
static int channel = -1; /* the back end's end of its own */

int __wrap_kl__vhost_endpoint_open(struct kl__vhost_endpoint *endpoint, const char *name,
	const char *path, const struct kl__transport_choice *unused);
void __wrap_kl__vhost_endpoint_close(struct kl__vhost_endpoint *endpoint);
int __wrap_kl__vhost_endpoint_connect(struct kl__vhost_endpoint *endpoint);
int __wrap_kl__vhost_endpoint_connect_first(struct kl__vhost_endpoint *endpoint);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);

static void hang_up(void)
{
	if (back_end >= 0)
		close(back_end);
	back_end = -1;
	if (channel >= 0)
		close(channel);
	channel = -1;
}

int __wrap_kl__vhost_endpoint_open(struct kl__vhost_endpoint *endpoint, const char *name,
	const char *path, const struct kl__transport_choice *unused)
{
	(void)path;
	(void)unused;
	endpoint->name = name;
	return 0;
}

void __wrap_kl__vhost_endpoint_close(struct kl__vhost_endpoint *endpoint)
{
	(void)endpoint;
}

int __wrap_kl__vhost_endpoint_connect(struct kl__vhost_endpoint *endpoint)
{
	int fds[2];

	(void)endpoint;
	if (take8(&script) % 4 == 3)
		return -EAGAIN;
	hang_up();
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
	back_end = fds[1];
	return fds[0];
}

int __wrap_kl__vhost_endpoint_connect_first(struct kl__vhost_endpoint *endpoint)
{
	return __wrap_kl__vhost_endpoint_connect(endpoint);
}

static void send_bytes(const void *bytes, size_t size)
{
	if (back_end >= 0)
		(void)!write(back_end, bytes, size);
}

/* The reply of a back end that has every feature, with some bytes changed. */
static void fill(uint32_t request, union vhost_user_payload *payload)
{
	if (request == VHOST_USER_GET_FEATURES || request == VHOST_USER_GET_PROTOCOL_FEATURES)
		payload->value = UINT64_MAX;
	else if (request == VHOST_USER_GET_STATUS)
		payload->value = 0xf;
	else if (request == VHOST_USER_GET_QUEUE_NUM || request == VHOST_USER_GET_MAX_MEM_SLOTS)
		payload->value = 8;
	for (unsigned int i = take8(&script) % 4; i > 0; i--)
		((uint8_t *)payload)[take8(&script) % 16] = take8(&script);
}

static bool has_reply(uint32_t request)
{
	return request == VHOST_USER_GET_FEATURES || request == VHOST_USER_GET_PROTOCOL_FEATURES ||
		request == VHOST_USER_GET_QUEUE_NUM || request == VHOST_USER_GET_MAX_MEM_SLOTS ||
		request == VHOST_USER_GET_STATUS || request == VHOST_USER_GET_VRING_BASE ||
		request == VHOST_USER_GET_CONFIG;
}

static void answer(const struct vhost_user_header *request, union vhost_user_payload *payload)
{
	struct vhost_user_header header = {request->request, VHOST_USER_VERSION | VHOST_USER_REPLY,
		request->size};
	uint8_t what = take8(&script);

	if (request->request != VHOST_USER_GET_VRING_BASE &&
		request->request != VHOST_USER_GET_CONFIG)
		header.size = sizeof(payload->value);
	if (!has_reply(request->request))
		payload->value = 0;
	if (what >= 0xe0) {
		header.request ^= what == 0xe0;
		header.flags ^= what == 0xe1 ? take8(&script) : 0;
		header.size = what == 0xe2 ? take32(&script) : header.size;
		payload->value += what == 0xe3;
		if (what == 0xe4)
			hang_up();
		if (what == 0xe5)
			return;
	}
	if (what >= 0x80)
		fill(request->request, payload);
	send_bytes(&header, sizeof(header));
	send_bytes(payload, header.size < sizeof(*payload) ? header.size : sizeof(*payload));
	if (what == 0xe6)
		send_bytes(payload, take8(&script));
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
	static uint8_t bytes[sizeof(struct vhost_user_header) + sizeof(union vhost_user_payload)];
	struct vhost_user_header header;
	union vhost_user_payload payload = {0};
	size_t at = 0;

	(void)fd;
	(void)flags;
	if (back_end < 0) {
		errno = EPIPE;
		return -1;
	}
	for (size_t i = 0; i < message->msg_iovlen; i++) {
		const struct iovec *part = &message->msg_iov[i];

		MUST(at + part->iov_len <= sizeof(bytes));
		/* An empty part may have no address. */
		if (part->iov_len > 0)
			memcpy(bytes + at, part->iov_base, part->iov_len);
		at += part->iov_len;
	}
	MUST(at >= sizeof(header));
	memcpy(&header, bytes, sizeof(header));
	MUST((header.flags & ~VHOST_USER_NEED_REPLY) == VHOST_USER_VERSION);
	MUST(header.size == at - sizeof(header));
	memcpy(&payload, bytes + sizeof(header), header.size);
	if (header.request == VHOST_USER_SET_BACKEND_REQ_FD) {
		int end;

		MUST(message->msg_controllen == CMSG_SPACE(sizeof(int)));
		memcpy(&end, CMSG_DATA(CMSG_FIRSTHDR(message)), sizeof(end));
		if (channel >= 0)
			close(channel);
		channel = dup(end);
	}
	if (has_reply(header.request) || (header.flags & VHOST_USER_NEED_REPLY) != 0)
		answer(&header, &payload);
	return (ssize_t)at;
}

/* Requests of the back end's own, or anything else. Nobody reads the answers. */
static void speak(uint8_t how)
{
	struct vhost_user_header header = {how % 8, VHOST_USER_VERSION, 0};
	uint8_t bytes[64];

	if (channel < 0)
		return;
	if ((how & 8) != 0)
		header.flags |= VHOST_USER_NEED_REPLY;
	if (how >= 0xc0) {
		for (unsigned int i = 0; i < sizeof(bytes); i++)
			bytes[i] = take8(&script);
		(void)!send(channel, bytes, how % sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL);
		return;
	}
	for (unsigned int i = 0; i < (how & 16 ? 100u : 1u); i++)
		(void)!send(channel, &header, sizeof(header), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int memory_fd = -1;
static kl__shared_memory_changed *changed;
static void *changed_context;

static int regions(struct kl__shared_memory *memory, struct kl__shared_region *shared,
	unsigned int limit)
{
	(void)memory;
	MUST(limit >= 2);
	for (unsigned int i = 0; i < 2; i++)
		shared[i] = (struct kl__shared_region){.address = 0x1000000 * (i + 1),
			.iova = 0x1000000 * (i + 1),
			.size = REGION_BYTES,
			.offset = REGION_BYTES * i,
			.fd = memory_fd};
	return 2;
}

static int watch(struct kl__shared_memory *memory, kl__shared_memory_changed *function,
	void *context)
{
	(void)memory;
	changed = function;
	changed_context = context;
	return 0;
}

static void unwatch(struct kl__shared_memory *memory)
{
	(void)memory;
	changed = NULL;
}

static void memory_changes(void)
{
	struct kl__shared_region shared[2];
	int count = take8(&script) % 4;

	(void)regions(NULL, shared, 2);
	if (count == 2)
		shared[1].size = REGION_BYTES / 2;
	if (changed != NULL)
		changed(changed_context, shared, count > 2 ? -ENOMEM : count);
}

static void enable(struct kl__transport *transport, uint16_t index)
{
	const struct kl__queue_setup setup = {.index = index,
		.size = 16,
		.desc = 0x1000000,
		.driver = 0x1001000,
		.device = 0x1002000,
		.vector = take8(&script) % 3 - 1};
	struct kl_notifier notifier = {0};

	if (transport->ops->queue_is_enabled(transport, index) ||
		transport->ops->queue_enable(transport, &setup, &notifier) != 0)
		return;
	MUST(notifier.doorbell == NULL && notifier.notify != NULL);
	notifier.notify(&notifier, 0);
}

static void step(struct kl__transport *transport, const int *fds)
{
	const struct kl__transport_ops *ops = transport->ops;
	struct kl_features features = {{UINT64_MAX & ~(UINT64_C(1) << 30), 0}};
	uint8_t what = take8(&script);
	uint32_t at = what / 16 * 4u;

	switch (what % 12) {
	case 0:
		ops->set_status(transport, 0);
		break;
	case 1:
		ops->set_status(transport, what / 12 % 16);
		break;
	case 2:
		(void)ops->get_status(transport);
		break;
	case 3:
		ops->get_features(transport, &features);
		ops->set_features(transport, &features);
		break;
	case 4:
		if (at + 4 <= transport->config_size)
			(void)ops->config_read(transport, at, 4);
		break;
	case 5:
		if (at + 4 <= transport->config_size)
			ops->config_write(transport, at, 1u << what / 16 % 3, what);
		break;
	case 6:
	case 7:
		if (what / 12 < ops->queue_count(transport))
			enable(transport, what / 12);
		break;
	case 8:
		(void)ops->set_interrupts(transport, what / 12 % 3, fds);
		break;
	case 9:
		memory_changes();
		break;
	case 10:
		if (ops->reconnect != NULL)
			(void)ops->reconnect(transport);
		break;
	default:
		if (what / 12 % 4 == 1)
			ops->event_take(transport);
		else if (what / 12 % 4 != 0)
			speak(take8(&script));
		else
			hang_up();
	}
}

static void discard_message(enum kl_log_level level, const char *message, void *context)
{
	(void)level;
	(void)message;
	(void)context;
}

/* Of the kinds that the transport opens; the fuzzer and the sanitizer have others. */
static unsigned int descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned int count = 0;

	MUST(folder != NULL);
	for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
		char what[32] = "";

		(void)!readlinkat(dirfd(folder), entry->d_name, what, sizeof(what) - 1);
		count += strncmp(what, "socket:", 7) == 0 || strncmp(what, "anon_inode:", 11) == 0;
	}
	closedir(folder);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kl__shared_memory memory = {regions, watch, unwatch};
	static unsigned int before, runs;
	static int fds[3] = {-1, -1, -1};
	struct kl__transport_choice choice = {.timeout_ms = 1};
	struct kl__transport *transport;

	kl_log_set(KL_LOG_ERROR, discard_message, NULL);
	if (memory_fd < 0) {
		memory_fd = memfd_create("fuzzed", MFD_CLOEXEC);
		for (unsigned int i = 0; i < 3; i++)
			fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	}
	script = (struct input){data, size};
	choice.is_server = take8(&script) % 2 != 0;
	if (kl__vhost_user_open("nowhere", &choice, 2, &memory, &transport) == 0) {
		while (script.left > 0)
			step(transport, fds);
		transport->ops->close(transport);
	}
	MUST(changed == NULL);
	hang_up();
	/* Now and then, since looking takes longer than a run. */
	if (before == 0)
		before = descriptors();
	else if (++runs % 256 == 0)
		MUST(descriptors() <= before);
	return 0;
}
