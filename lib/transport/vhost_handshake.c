/* SPDX-License-Identifier: BSD-3-Clause */
/* The first words with a vhost-user back end: what it offers, and which parts of the protocol. */
#include <string.h>
#include <sys/epoll.h>

#include "transport/vhost_state.h"

/* What a back end without MQ has: enough for two data queues. */
#define QUEUES_WITHOUT_MQ 2

static const unsigned int known[] = {
	VHOST_USER_PROTOCOL_F_MQ,
	VHOST_USER_PROTOCOL_F_REPLY_ACK,
	VHOST_USER_PROTOCOL_F_CONFIG,
	VHOST_USER_PROTOCOL_F_RESET_DEVICE,
	VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS,
	VHOST_USER_PROTOCOL_F_STATUS,
};

static int send_value(struct kl__vhost_user *user, enum vhost_user_request request, uint64_t value)
{
	union vhost_user_payload payload = {.value = value};

	return kl__vhost_send(&user->socket, request, &payload, sizeof(payload.value), NULL, 0);
}

static int ask_value(struct kl__vhost_user *user, enum vhost_user_request request, uint64_t *value)
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
	rc = ask_value(user, VHOST_USER_GET_PROTOCOL_FEATURES, &offered);
	if (rc != 0)
		return rc;
	for (unsigned int i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		ours |= UINT64_C(1) << known[i];
	user->protocol = offered & ours;
	rc = send_value(user, VHOST_USER_SET_PROTOCOL_FEATURES, user->protocol);
	user->socket.acks = rc == 0 && kl__vhost_has(user, VHOST_USER_PROTOCOL_F_REPLY_ACK);
	return rc;
}

/*
 * Some back ends count pairs of queues, those of types that have pairs, and the answer does not
 * tell. A queue that it does not have the back end refuses when it is enabled.
 */
static int count_queues(struct kl__vhost_user *user)
{
	uint64_t count = QUEUES_WITHOUT_MQ;
	int rc = 0;

	if (kl__vhost_has(user, VHOST_USER_PROTOCOL_F_MQ)) {
		rc = ask_value(user, VHOST_USER_GET_QUEUE_NUM, &count);
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
		rc = ask_value(user, VHOST_USER_GET_MAX_MEM_SLOTS, &slots);
	kl__vhost_memory_begin(&user->memory, slots);
	return rc;
}

int kl__vhost_handshake(struct kl__vhost_user *user, int fd)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP};
	int rc;

	kl__vhost_attach(&user->socket, fd);
	/* Closing the connection takes it out again. */
	epoll_ctl(user->event_fd, EPOLL_CTL_ADD, fd, &event);
	user->status = 0;
	user->protocol = 0;
	user->accepted = 0;
	user->refuses_features = false;
	rc = ask_value(user, VHOST_USER_GET_FEATURES, &user->offered);
	if (rc == 0)
		rc = kl__vhost_send(&user->socket, VHOST_USER_SET_OWNER, NULL, 0, NULL, 0);
	if (rc == 0)
		rc = agree_on_protocol(user);
	if (rc == 0)
		rc = count_queues(user);
	if (rc == 0)
		rc = count_slots(user);
	user->transport.config_size = kl__vhost_has(user, VHOST_USER_PROTOCOL_F_CONFIG) ?
		VHOST_USER_MAX_CONFIG :
		0;
	if (rc != 0)
		kl__vhost_disconnect(&user->socket);
	return rc;
}
