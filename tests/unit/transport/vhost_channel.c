/* SPDX-License-Identifier: BSD-3-Clause */
/* The back end's own channel: what it reports is an event, and nothing on it harms the device. */
#include "transport/vhost_channel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "device_fixture.h"
#include "spec/status.h"
#include "transport/vhost_state.h"
#include "transport/vhost_user.h"
#include "vhost_fixture.h"

#define PROTOCOL(name) (UINT64_C(1) << VHOST_USER_PROTOCOL_F_##name)
#define CONFIG_CHANGE VHOST_USER_BACKEND_CONFIG_CHANGE_MSG

static struct back_end back_end;
static struct kl__transport *transport;

static bool has_descriptors = true;

int __real_socketpair(int domain, int type, int protocol, int *ends);
int __wrap_socketpair(int domain, int type, int protocol, int *ends);

int __wrap_socketpair(int domain, int type, int protocol, int *ends)
{
	if (has_descriptors)
		return __real_socketpair(domain, type, protocol, ends);
	errno = EMFILE;
	return -1;
}

static void open_it(void)
{
	back_end_start(&back_end);
	cr_assert_eq(kl__vhost_user_open(back_end.path, &fixture_client, 1, &fixture_memory,
			     &transport),
		0, "%s", log_text());
	/* An answer to this means that all before it has been seen. */
	cr_assert_eq(transport->ops->get_status(transport), 0);
}

static void close_all(void)
{
	transport->ops->close(transport);
	back_end_finish(&back_end);
}

static bool has_event(void)
{
	struct pollfd pfd = {.fd = transport->ops->event_fd(transport), .events = POLLIN};

	return poll(&pfd, 1, 0) == 1;
}

static bool has_channel(void)
{
	return kl__vhost(transport)->socket.channel.fd >= 0;
}

/* The device lives, and is used as before. */
static void expect_alive(void)
{
	transport->ops->set_status(transport, VIRTIO_STATUS_ACKNOWLEDGE);
	cr_expect_eq(transport->ops->get_status(transport), VIRTIO_STATUS_ACKNOWLEDGE);
}

static void expect_closed(const char *words)
{
	transport->ops->event_take(transport);
	cr_expect(logged(words), "\"%s\" is not in: %s", words, log_text());
	cr_expect(back_end_channel_ends(&back_end));
	cr_expect_not(has_channel());
	cr_expect_not(has_event());
	forget_log();
	transport->ops->event_take(transport);
	cr_expect_eq(log_text()[0], '\0', "%s", log_text());
	expect_alive();
	close_all();
}

Test(vhost_channel, a_change_is_an_event)
{
	open_it();
	cr_expect(has_channel());
	cr_expect_not(transport->ops->reports_changes(transport), "perhaps not all");
	cr_expect_not(has_event());
	back_end_request(&back_end, CONFIG_CHANGE, 0, 0);
	cr_expect(has_event());
	transport->ops->event_take(transport);
	cr_expect_not(has_event());
	cr_expect(has_channel());
	expect_alive();
	close_all();
}

Test(vhost_channel, requests_are_answered)
{
	open_it();
	back_end_request(&back_end, CONFIG_CHANGE, VHOST_USER_NEED_REPLY, 0);
	back_end_request(&back_end, 1, VHOST_USER_NEED_REPLY, 32);
	back_end_request(&back_end, 4, 0, 8);
	back_end_request(&back_end, 77, VHOST_USER_NEED_REPLY, 256);
	transport->ops->event_take(transport);
	cr_expect_eq(back_end_answer(&back_end, CONFIG_CHANGE), 0);
	cr_expect_eq(back_end_answer(&back_end, 1), 1, "an IOTLB request is refused");
	cr_expect_eq(back_end_answer(&back_end, 77), 1, "so is one that nobody knows");
	cr_expect(has_channel());
	expect_alive();
	close_all();
}

static void *change_and_wait(void *answer)
{
	back_end_request(&back_end, CONFIG_CHANGE, VHOST_USER_NEED_REPLY, 0);
	*(int64_t *)answer = back_end_answer(&back_end, CONFIG_CHANGE);
	return NULL;
}

/* A back end with one thread answers no message while it waits for the answer to its own. */
Test(vhost_channel, both_wait_for_each_other)
{
	int64_t answer = -1;
	pthread_t thread;

	open_it();
	kl__vhost(transport)->socket.timeout_ms = 2000;
	back_end.fault = REPLY_SILENCE;
	back_end.fault_request = VHOST_USER_SET_STATUS;
	cr_assert_eq(pthread_create(&thread, NULL, change_and_wait, &answer), 0);
	transport->ops->set_status(transport, VIRTIO_STATUS_ACKNOWLEDGE);
	pthread_join(thread, NULL);
	cr_expect_eq(answer, 0, "answered while a message was waited for");
	cr_expect(has_event(), "the change is not forgotten");
	close_all();
}

/* A stream has no borders of messages. */
Test(vhost_channel, byte_by_byte)
{
	const struct vhost_user_header header = {CONFIG_CHANGE, VHOST_USER_VERSION, 0};

	open_it();
	for (size_t i = 0; i < sizeof(header); i++) {
		cr_expect_eq(back_end_send(&back_end, (const char *)&header + i, 1), 1);
		kl__vhost_channel_serve(&kl__vhost(transport)->socket.channel);
		cr_expect_eq(has_event(), i + 1 == sizeof(header), "byte %zu", i);
	}
	transport->ops->event_take(transport);
	close_all();
}

Test(vhost_channel, wrong_version)
{
	open_it();
	back_end_request(&back_end, CONFIG_CHANGE, 2, 0);
	expect_closed("sends flags 0x3, which are no request of version 1");
}

Test(vhost_channel, a_reply_to_nothing)
{
	open_it();
	back_end_request(&back_end, CONFIG_CHANGE, VHOST_USER_REPLY, 0);
	expect_closed("sends flags 0x5");
}

Test(vhost_channel, too_large)
{
	const struct vhost_user_header header = {CONFIG_CHANGE, VHOST_USER_VERSION, UINT32_MAX};

	open_it();
	cr_expect_eq(back_end_send(&back_end, &header, sizeof(header)), (ssize_t)sizeof(header));
	expect_closed("sends a request of 4294967295 bytes");
}

Test(vhost_channel, its_end)
{
	open_it();
	cr_assert_eq(shutdown(back_end.channel, SHUT_WR), 0);
	cr_expect(has_event());
	expect_closed("the back end has closed its own channel");
}

Test(vhost_channel, a_flood)
{
	open_it();
	for (unsigned int i = 0; i < 100; i++)
		back_end_request(&back_end, CONFIG_CHANGE, 0, 0);
	transport->ops->event_take(transport);
	cr_expect(logged("sends more than 64 requests within a second"), "%s", log_text());
	cr_expect_not(has_channel());
	cr_expect_not(has_event());
	expect_alive();
	close_all();
}

/* It requests answers, and never takes one. */
Test(vhost_channel, answers_are_not_taken)
{
	const int small = 0;
	bool is_closed = false;

	open_it();
	setsockopt(kl__vhost(transport)->socket.channel.fd, SOL_SOCKET, SO_SNDBUF, &small,
		sizeof(small));
	for (unsigned int i = 0; i < 64 && !is_closed; i++) {
		back_end_request(&back_end, CONFIG_CHANGE, VHOST_USER_NEED_REPLY, 0);
		transport->ops->event_take(transport);
		is_closed = !has_channel();
	}
	cr_expect(logged("does not take the answer to its request 2"), "%s", log_text());
	expect_alive();
	close_all();
}

Test(vhost_channel, refused)
{
	back_end_start(&back_end);
	back_end.fault = REPLY_REFUSE;
	back_end.fault_request = VHOST_USER_SET_BACKEND_REQ_FD;
	cr_assert_eq(kl__vhost_user_open(back_end.path, &fixture_client, 1, &fixture_memory,
			     &transport),
		0, "%s", log_text());
	cr_expect(logged("SET_BACKEND_REQ_FD: the back end refuses it"), "%s", log_text());
	cr_expect_not(has_channel());
	expect_alive();
	close_all();
}

/* It is of use, and not needed: the device works, and comes back, without one. */
Test(vhost_channel, no_descriptor_for_it)
{
	has_descriptors = false;
	open_it();
	cr_expect(logged("SET_BACKEND_REQ_FD: Too many open files; changes"), "%s", log_text());
	cr_expect_not(has_channel());
	expect_alive();
	back_end_stop(&back_end);
	cr_expect_eq(transport->ops->get_status(transport), VIRTIO_STATUS_GONE);
	back_end_serve(&back_end);
	cr_expect_eq(transport->ops->reconnect(transport), 0);
	cr_expect_not(has_channel());
	expect_alive();
	close_all();
}

/* The kernel drops them when nobody takes them. */
Test(vhost_channel, file_descriptors_with_requests)
{
	unsigned int files;

	open_it();
	files = open_files();
	for (unsigned int i = 0; i < 8; i++)
		back_end_request_with_fd(&back_end, CONFIG_CHANGE,
			i < 4 ? 0 : VHOST_USER_NEED_REPLY);
	transport->ops->event_take(transport);
	cr_expect_eq(back_end_answer(&back_end, CONFIG_CHANGE), 0);
	cr_expect_eq(open_files(), files);
	cr_expect(has_channel());
	expect_alive();
	close_all();
}

/* A back end without a configuration has nothing to report. */
Test(vhost_channel, without_a_configuration)
{
	back_end_start(&back_end);
	back_end.protocol &= ~PROTOCOL(CONFIG);
	cr_assert_eq(kl__vhost_user_open(back_end.path, &fixture_client, 1, &fixture_memory,
			     &transport),
		0, "%s", log_text());
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_BACKEND_REQ_FD, NULL), 0);
	cr_expect_not(has_channel());
	cr_expect(transport->ops->reports_changes(transport), "there are none");
	close_all();
}

Test(vhost_channel, a_new_one_after_a_reconnection)
{
	open_it();
	back_end_stop(&back_end);
	cr_expect(has_event());
	transport->ops->event_take(transport);
	cr_expect_eq(transport->ops->get_status(transport), VIRTIO_STATUS_GONE);
	cr_expect_not(has_event());
	back_end_serve(&back_end);
	cr_expect_eq(transport->ops->reconnect(transport), 0);
	cr_expect(has_channel());
	cr_assert_eq(transport->ops->get_status(transport), 0);
	back_end_request(&back_end, CONFIG_CHANGE, 0, 0);
	cr_expect(has_event());
	close_all();
}
