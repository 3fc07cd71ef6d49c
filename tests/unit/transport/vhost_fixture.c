/* SPDX-License-Identifier: BSD-3-Clause */
#include "vhost_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

const struct kl__transport_choice fixture_client = {.timeout_ms = 5000};
const struct kl__transport_choice fixture_server = {.is_server = true, .timeout_ms = 5000};
struct kl__shared_region fixture_regions[KL__SHARED_REGIONS_MAX];
int fixture_region_count;
static kl__shared_memory_changed *changed;
static void *changed_context;

static int regions(struct kl__shared_memory *memory, struct kl__shared_region *shared,
	unsigned int limit)
{
	(void)memory;
	cr_assert_leq(fixture_region_count, (int)limit);
	if (fixture_region_count < 0)
		return fixture_region_count;
	memcpy(shared, fixture_regions, (size_t)fixture_region_count * sizeof(*shared));
	return fixture_region_count;
}

static int watch(struct kl__shared_memory *memory, kl__shared_memory_changed *function,
	void *context)
{
	(void)memory;
	changed = function;
	changed_context = context;
	/* As any call may leave it. */
	errno = 0;
	return 0;
}

static void unwatch(struct kl__shared_memory *memory)
{
	(void)memory;
	changed = NULL;
}

struct kl__shared_memory fixture_memory = {regions, watch, unwatch};

void fixture_memory_set(unsigned int count)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("fixture", MFD_CLOEXEC);
	fixture_region_count = (int)count;
	for (unsigned int i = 0; i < count; i++)
		fixture_regions[i] = (struct kl__shared_region){
			.address = UINT64_C(0x100000000) * (i + 1),
			.iova = UINT64_C(0x100000000) * (i + 1),
			.size = 0x200000,
			.offset = 0x200000 * (uint64_t)i,
			.fd = fd,
		};
}

int fixture_memory_change(void)
{
	return changed != NULL ? changed(changed_context, fixture_regions, fixture_region_count) :
				 0;
}

/* False at the end of the connection, or of the fixture. */
static bool take(struct back_end *back_end, void *data, size_t size, unsigned int *fds)
{
	size_t have = 0;

	while (have < size) {
		char control[CMSG_SPACE(16 * sizeof(int))];
		struct iovec iov = {(char *)data + have, size - have};
		struct msghdr message = {.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control)};
		struct pollfd pfd[2] = {{.fd = back_end->connection, .events = POLLIN},
			{.fd = back_end->stop[0], .events = POLLIN}};
		struct cmsghdr *cmsg;
		ssize_t got;

		poll(pfd, 2, -1);
		if (pfd[1].revents != 0)
			return false;
		got = recvmsg(back_end->connection, &message, 0);
		if (got <= 0)
			return false;
		have += (size_t)got;
		cmsg = CMSG_FIRSTHDR(&message);
		if (cmsg == NULL || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		*fds = (unsigned int)((cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		for (unsigned int i = 0; i < *fds; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(fd));
			if (back_end->received_fd >= 0)
				close(back_end->received_fd);
			back_end->received_fd = fd;
		}
	}
	return true;
}

/* The size of the answer, 0 for none. */
static uint32_t answer(struct back_end *back_end, const struct vhost_user_header *header,
	union vhost_user_payload *payload)
{
	uint64_t value = payload->value;

	switch (header->request) {
	case VHOST_USER_GET_FEATURES:
		payload->value = back_end->features;
		break;
	case VHOST_USER_SET_FEATURES:
		back_end->accepted = value;
		payload->value = 0;
		return 0;
	case VHOST_USER_GET_PROTOCOL_FEATURES:
		payload->value = back_end->protocol;
		break;
	case VHOST_USER_GET_QUEUE_NUM:
		payload->value = back_end->queues;
		break;
	case VHOST_USER_GET_MAX_MEM_SLOTS:
		payload->value = back_end->slots;
		break;
	case VHOST_USER_SET_STATUS:
		back_end->status = value;
		payload->value = 0;
		return 0;
	case VHOST_USER_GET_STATUS:
		payload->value = back_end->status;
		break;
	case VHOST_USER_GET_VRING_BASE:
		payload->state.number = 7;
		return sizeof(payload->state);
	case VHOST_USER_GET_CONFIG:
		if (payload->config.size > sizeof(back_end->config))
			return UINT32_MAX;
		memcpy(payload->config.bytes, back_end->config, payload->config.size);
		if (back_end->readings_left > 0 && --back_end->readings_left == 0)
			memcpy(back_end->config, back_end->next_config, sizeof(back_end->config));
		return header->size;
	default:
		payload->value = 0;
		return 0;
	}
	return sizeof(payload->value);
}

/* Puts one descriptor beside the bytes of a message. */
static void attach_fd(struct msghdr *message, char *control, int fd)
{
	struct cmsghdr *cmsg = (struct cmsghdr *)control;

	memset(control, 0, CMSG_SPACE(sizeof(int)));
	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(sizeof(int));
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
}

static bool reply(struct back_end *back_end, struct vhost_user_header header,
	const union vhost_user_payload *payload, enum reply_fault fault)
{
	char bytes[sizeof(header) + 2 * sizeof(*payload)] = {0}, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {bytes, 0};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	header.flags = VHOST_USER_VERSION | VHOST_USER_REPLY;
	memcpy(bytes + sizeof(header), payload, sizeof(*payload));
	switch (fault) {
	case REPLY_OTHER_REQUEST:
		header.request++;
		break;
	case REPLY_SHORT:
		header.size -= 4;
		break;
	case REPLY_LONG:
		header.size += 4;
		break;
	case REPLY_EMPTY:
		header.size = 0;
		break;
	case REPLY_NO_REPLY_FLAG:
		header.flags = VHOST_USER_VERSION;
		break;
	case REPLY_VERSION:
		header.flags = 2 | VHOST_USER_REPLY;
		break;
	case REPLY_REFUSE:
		bytes[sizeof(header)] = 1;
		break;
	default:
		break;
	}
	iov.iov_len = sizeof(header) + header.size;
	if (fault == REPLY_HUGE)
		header.size = UINT32_MAX;
	if (fault == REPLY_TORN)
		iov.iov_len -= header.size / 2;
	if (fault == REPLY_WITH_FD)
		attach_fd(&message, control, 0);
	memcpy(bytes, &header, sizeof(header));
	return sendmsg(back_end->connection, &message, MSG_NOSIGNAL) >= 0 && fault != REPLY_TORN;
}

static void keep(struct back_end *back_end, const struct vhost_user_header *header,
	const union vhost_user_payload *payload, unsigned int fds)
{
	if (back_end->count == sizeof(back_end->seen) / sizeof(back_end->seen[0]))
		return;
	back_end->seen[back_end->count++] = (struct seen){
		.request = header->request,
		.size = header->size,
		.fds = fds,
		.payload = *payload,
	};
}

static void drop_fd(struct back_end *back_end)
{
	if (back_end->received_fd >= 0)
		close(back_end->received_fd);
	back_end->received_fd = -1;
}

static void set_channel(struct back_end *back_end, int fd)
{
	if (back_end->channel >= 0)
		close(back_end->channel);
	back_end->channel = fd;
}

/* False when the connection is to end. */
static bool serve_one(struct back_end *back_end)
{
	union vhost_user_payload payload = {0};
	struct vhost_user_header header;
	enum reply_fault fault = REPLY_CORRECT;
	unsigned int fds = 0;
	uint32_t size;

	drop_fd(back_end);
	if (!take(back_end, &header, sizeof(header), &fds) || header.size > sizeof(payload) ||
		!take(back_end, &payload, header.size, &fds))
		return false;
	pthread_mutex_lock(&back_end->lock);
	keep(back_end, &header, &payload, fds);
	size = answer(back_end, &header, &payload);
	if (header.request == VHOST_USER_SET_BACKEND_REQ_FD) {
		set_channel(back_end, back_end->received_fd);
		back_end->received_fd = -1;
	}
	pthread_mutex_unlock(&back_end->lock);
	if (header.request == back_end->fault_request)
		fault = back_end->fault;
	if (fault == REPLY_HANG_UP)
		return false;
	if (fault == REPLY_SILENCE)
		return true;
	if (size == 0 && (header.flags & VHOST_USER_NEED_REPLY) == 0)
		return true;
	header.size = size == 0 ? sizeof(payload.value) : size == UINT32_MAX ? 0 : size;
	return reply(back_end, header, &payload, fault);
}

static bool wait_for_one(struct back_end *back_end)
{
	struct pollfd pfd[2] = {{.fd = back_end->listener, .events = POLLIN},
		{.fd = back_end->stop[0], .events = POLLIN}};

	poll(pfd, 2, -1);
	if (pfd[1].revents != 0)
		return false;
	back_end->connection = accept(back_end->listener, NULL, NULL);
	return back_end->connection >= 0;
}

static void wait_for_stop(struct back_end *back_end)
{
	struct pollfd pfd = {.fd = back_end->stop[0], .events = POLLIN};

	poll(&pfd, 1, -1);
}

static void *run(void *context)
{
	struct back_end *back_end = context;

	while (back_end->is_client || wait_for_one(back_end)) {
		pthread_mutex_lock(&back_end->lock);
		back_end->connections++;
		back_end->status = 0;
		pthread_mutex_unlock(&back_end->lock);
		while (serve_one(back_end))
			;
		if (back_end->holds_connection)
			wait_for_stop(back_end);
		close(back_end->connection);
		drop_fd(back_end);
		set_channel(back_end, -1);
		if (back_end->is_client)
			break;
	}
	return NULL;
}

static struct sockaddr_un address_of(const struct back_end *back_end)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strcpy(address.sun_path, back_end->path);
	return address;
}

static void launch(struct back_end *back_end)
{
	cr_assert_eq(pipe(back_end->stop), 0);
	cr_assert_eq(pthread_create(&back_end->thread, NULL, run, back_end), 0);
}

void back_end_serve(struct back_end *back_end)
{
	struct sockaddr_un address = address_of(back_end);

	back_end->is_client = false;
	back_end->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(back_end->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(back_end->listener, 1), 0);
	launch(back_end);
}

void back_end_connect(struct back_end *back_end)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	struct sockaddr_un address = address_of(back_end);

	back_end->is_client = true;
	back_end->listener = -1;
	back_end->connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	for (int tries = 0; tries < 500; tries++) {
		if (connect(back_end->connection, (struct sockaddr *)&address, sizeof(address)) ==
			0) {
			launch(back_end);
			return;
		}
		nanosleep(&pause, NULL);
	}
	cr_assert_fail("nobody listens on %s", back_end->path);
}

void back_end_start(struct back_end *back_end)
{
	capture_log();
	*back_end = (struct back_end){
		.received_fd = -1,
		.channel = -1,
		.features = FIXTURE_PROTOCOL_BIT | FIXTURE_VERSION_1 | FIXTURE_PACKED,
		.protocol = UINT64_MAX,
		.queues = 4,
		.slots = 8,
		.folder = "/tmp/kickless-XXXXXX",
	};
	pthread_mutex_init(&back_end->lock, NULL);
	cr_assert_neq(mkdtemp(back_end->folder), NULL);
	snprintf(back_end->path, sizeof(back_end->path), "%s/socket", back_end->folder);
	fixture_memory_set(2);
	back_end_serve(back_end);
}

void back_end_stop(struct back_end *back_end)
{
	cr_expect_eq(write(back_end->stop[1], "", 1), 1);
	pthread_join(back_end->thread, NULL);
	close(back_end->stop[0]);
	close(back_end->stop[1]);
	if (back_end->listener < 0)
		return;
	close(back_end->listener);
	unlink(back_end->path);
}

void back_end_finish(struct back_end *back_end)
{
	back_end_stop(back_end);
	cr_expect_eq(rmdir(back_end->folder), 0, "%s", strerror(errno));
}

unsigned int back_end_saw(struct back_end *back_end, uint32_t request, struct seen *seen)
{
	unsigned int times = 0;

	pthread_mutex_lock(&back_end->lock);
	for (unsigned int i = 0; i < back_end->count; i++) {
		if (back_end->seen[i].request != request)
			continue;
		if (seen != NULL)
			*seen = back_end->seen[i];
		times++;
	}
	pthread_mutex_unlock(&back_end->lock);
	return times;
}

ssize_t back_end_send(struct back_end *back_end, const void *bytes, size_t size)
{
	return send(back_end->channel, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void back_end_request(struct back_end *back_end, uint32_t request, uint32_t flags, uint32_t size)
{
	struct {
		struct vhost_user_header header;
		uint8_t payload[256];
	} message = {.header = {request, VHOST_USER_VERSION | flags, size}};

	cr_assert_leq(size, sizeof(message.payload));
	cr_expect_eq(back_end_send(back_end, &message, sizeof(message.header) + size),
		(ssize_t)(sizeof(message.header) + size));
}

void back_end_request_with_fd(struct back_end *back_end, uint32_t request, uint32_t flags)
{
	struct vhost_user_header header = {request, VHOST_USER_VERSION | flags, 0};
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {&header, sizeof(header)};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	attach_fd(&message, control, 0);
	cr_expect_eq(sendmsg(back_end->channel, &message, MSG_NOSIGNAL), (ssize_t)sizeof(header));
}

static bool wait_for_channel(const struct back_end *back_end)
{
	struct pollfd pfd = {.fd = back_end->channel, .events = POLLIN};

	return poll(&pfd, 1, 5000) == 1;
}

int64_t back_end_answer(struct back_end *back_end, uint32_t request)
{
	struct {
		struct vhost_user_header header;
		uint64_t value;
	} __attribute__((packed)) answer;

	if (!wait_for_channel(back_end) ||
		recv(back_end->channel, &answer, sizeof(answer), MSG_DONTWAIT) !=
			(ssize_t)sizeof(answer) ||
		answer.header.request != request ||
		answer.header.flags != (VHOST_USER_VERSION | VHOST_USER_REPLY) ||
		answer.header.size != sizeof(answer.value))
		return -1;
	return (int64_t)answer.value;
}

bool back_end_channel_ends(struct back_end *back_end)
{
	char rest[64];
	ssize_t got;

	while (wait_for_channel(back_end)) {
		got = recv(back_end->channel, rest, sizeof(rest), MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno == ECONNRESET))
			return true;
	}
	return false;
}

void back_end_send_unasked(struct back_end *back_end)
{
	cr_expect_eq(send(back_end->connection, "", 1, MSG_NOSIGNAL), 1);
}

void back_end_forget(struct back_end *back_end)
{
	pthread_mutex_lock(&back_end->lock);
	back_end->count = 0;
	pthread_mutex_unlock(&back_end->lock);
}

unsigned int open_files(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned int count = 0;

	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}
