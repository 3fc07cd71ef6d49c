/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/vhost_queues.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <kickless/log.h>

#include "spec/features.h"

/* GET_VRING_BASE stops a queue: when it is answered the back end no longer touches it. */
static int stop_queue(struct kl__vhost_user *user, uint16_t index)
{
	union vhost_user_payload payload = {.state = {.index = index}};

	return kl__vhost_request(&user->socket, VHOST_USER_GET_VRING_BASE, &payload,
		sizeof(payload.state), sizeof(payload.state));
}

int kl__vhost_stop_queues(struct kl__vhost_user *user)
{
	int rc = 0;

	for (uint16_t index = 0; index < user->queue_count && rc == 0; index++) {
		if (user->kick_fd[index] < 0)
			continue;
		rc = stop_queue(user, index);
	}
	if (rc != 0) {
		/* A back end that has not confirmed it may still write where the queue is. */
		kl__vhost_end(&user->socket);
		if (kl__vhost_is_ending(&user->socket))
			return rc;
	}
	kl__vhost_forget_queues(user);
	return rc;
}

void kl__vhost_forget_queues(struct kl__vhost_user *user)
{
	for (uint16_t index = 0; index < KL__VHOST_MAX_QUEUES; index++) {
		if (user->kick_fd[index] >= 0)
			close(user->kick_fd[index]);
		user->kick_fd[index] = -1;
	}
}

/*
 * The back end has the same open file as we, so it can clear O_NONBLOCK and fill the counter. The
 * next kick would then sleep until somebody reads it.
 */
static bool release_kick(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	uint64_t count;

	if (flags < 0 || (flags & O_NONBLOCK) != 0)
		return false;
	(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	(void)kl__eventfd_read(fd, &count);
	return true;
}

void kl__vhost_release_threads(struct kl__transport *transport)
{
	struct kl__vhost_user *user = kl__vhost(transport);

	for (unsigned int index = 0; index < KL__VHOST_MAX_QUEUES; index++) {
		if (user->kick_fd[index] < 0 || !release_kick(user->kick_fd[index]))
			continue;
		kl_warning(
			"%s: queue %u: the back end has made its kicks block; it is faulty, and the "
			"connection ends",
			transport->name, index);
		kl__vhost_end(&user->socket);
	}
}

bool kl__vhost_has_queues(const struct kl__vhost_user *user)
{
	for (unsigned int index = 0; index < KL__VHOST_MAX_QUEUES; index++)
		if (user->kick_fd[index] >= 0)
			return true;
	return false;
}

static int send_state(struct kl__vhost_user *user, enum vhost_user_request request, uint16_t index,
	uint32_t number)
{
	union vhost_user_payload payload = {.state = {index, number}};

	return kl__vhost_send(&user->socket, request, &payload, sizeof(payload.state), NULL, 0);
}

static int send_addresses(struct kl__vhost_user *user, const struct kl__queue_setup *setup)
{
	/* Here ring addresses are the process's own; bus addresses are the same here. */
	union vhost_user_payload payload = {.address = {
						    .index = setup->index,
						    .descriptor = setup->desc,
						    .available = setup->driver,
						    .used = setup->device,
					    }};

	return kl__vhost_send(&user->socket, VHOST_USER_SET_VRING_ADDR, &payload,
		sizeof(payload.address), NULL, 0);
}

/* The low byte is the queue; bit 8, which is clear, would mean that no file descriptor comes. */
static int send_fd(struct kl__vhost_user *user, enum vhost_user_request request, uint16_t index,
	int fd)
{
	union vhost_user_payload payload = {.value = index};

	return kl__vhost_send(&user->socket, request, &payload, sizeof(payload.value), &fd, 1);
}

/* The back end knows the ring's format by the features that were accepted. */
static uint32_t ring_start(const struct kl__vhost_user *user)
{
	return (user->accepted >> VIRTIO_F_RING_PACKED & 1) != 0 ? VHOST_USER_PACKED_START : 0;
}

static int send_queue(struct kl__vhost_user *user, const struct kl__queue_setup *setup, int kick_fd,
	int call_fd)
{
	uint16_t index = setup->index;
	int rc = kl__vhost_memory_send(&user->memory);

	if (rc == 0)
		rc = send_state(user, VHOST_USER_SET_VRING_NUM, index, setup->size);
	if (rc == 0)
		rc = send_state(user, VHOST_USER_SET_VRING_BASE, index, ring_start(user));
	if (rc == 0)
		rc = send_addresses(user, setup);
	if (rc == 0)
		rc = send_fd(user, VHOST_USER_SET_VRING_CALL, index, call_fd);
	if (rc == 0)
		rc = send_fd(user, VHOST_USER_SET_VRING_KICK, index, kick_fd);
	return rc;
}

/* Without the bit there is no such message, and a queue starts enabled. */
int kl__vhost_enable_queues(struct kl__vhost_user *user)
{
	int rc = 0;

	if ((user->offered >> VHOST_USER_F_PROTOCOL_FEATURES & 1) == 0)
		return 0;
	for (uint16_t index = 0; index < user->queue_count && rc == 0; index++) {
		if (user->kick_fd[index] < 0)
			continue;
		rc = send_state(user, VHOST_USER_SET_VRING_ENABLE, index, 1);
		if (rc != 0)
			kl_error("%s: queue %u is not enabled; has the back end so many queues?",
				user->transport.name, index);
	}
	return rc;
}

static void notify_by_eventfd(const struct kl_notifier *notifier, uint32_t what)
{
	const uint64_t one = 1;

	(void)what;
	/* It can only fail when the counter is full, and then the back end has been notified. */
	if (write((int)notifier->address, &one, sizeof(one)) < 0)
		return;
}

/* The application's eventfd for the queue's vector, or one that nobody reads. */
static int open_call_fd(const struct kl__vhost_user *user, int vector)
{
	if (vector >= 0 && (unsigned int)vector < user->vectors)
		return dup(user->call_fd[vector]);
	return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

int kl__vhost_queue_enable(struct kl__transport *transport, const struct kl__queue_setup *setup,
	struct kl_notifier *notifier)
{
	struct kl__vhost_user *user = kl__vhost(transport);
	int kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int call_fd = open_call_fd(user, setup->vector), rc;

	if (kick_fd < 0 || call_fd < 0) {
		rc = kl_no_descriptor(user->transport.name);
		goto close_fds;
	}
	/* From here on the back end may know the queue, also when it fails half way. */
	user->kick_fd[setup->index] = kick_fd;
	rc = send_queue(user, setup, kick_fd, call_fd);
	close(call_fd);
	if (rc != 0)
		return rc;
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

int kl__vhost_set_interrupts(struct kl__transport *transport, unsigned int vectors, const int *fds)
{
	struct kl__vhost_user *user = kl__vhost(transport);

	if (vectors > KL__VHOST_MAX_QUEUES + 1)
		return -ENOTSUP;
	user->vectors = vectors;
	if (vectors > 0)
		memcpy(user->call_fd, fds, vectors * sizeof(*fds));
	return 0;
}
