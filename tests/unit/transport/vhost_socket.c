/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each way in which an answer can be wrong is refused by name, in bounded time, and without harm.
 */
#include "transport/vhost_socket.h"

#include <errno.h>
#include <stdio.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "spec/status.h"
#include "transport/vhost_state.h"
#include "transport/vhost_user.h"
#include "vhost_fixture.h"

static struct back_end back_end;

/* Only silence is to be waited for; all else is an answer, however slow this machine may be. */
static unsigned int timeout_for(enum reply_fault fault)
{
	return fault == REPLY_SILENCE ? 50 : 5000;
}

struct wrong_answer {
	enum reply_fault fault;
	uint32_t about;
	int rc;
	char words[64];
};

/* At the first meeting: nothing is open afterwards. */
ParameterizedTestParameters(vhost_socket, at_the_first_meeting)
{
	static struct wrong_answer all[] = {
		{REPLY_OTHER_REQUEST, VHOST_USER_GET_FEATURES, -EPROTO,
			"GET_FEATURES: the back end answers request 2"},
		{REPLY_SHORT, VHOST_USER_GET_FEATURES, -EPROTO,
			"answers with 4 bytes, and should have sent 8"},
		{REPLY_LONG, VHOST_USER_GET_FEATURES, -EPROTO, "answers with 12 bytes"},
		{REPLY_HUGE, VHOST_USER_GET_FEATURES, -EPROTO, "answers with 4294967295 bytes"},
		{REPLY_EMPTY, VHOST_USER_GET_FEATURES, -EPROTO, "refuses it with an empty answer"},
		{REPLY_TORN, VHOST_USER_GET_FEATURES, -EIO, "has gone away"},
		{REPLY_NO_REPLY_FLAG, VHOST_USER_GET_FEATURES, -EPROTO, "answers with flags 0x1"},
		{REPLY_VERSION, VHOST_USER_GET_FEATURES, -EPROTO, "answers with flags 0x6"},
		{REPLY_WITH_FD, VHOST_USER_GET_FEATURES, -EPROTO,
			"file descriptors, and should have sent none"},
		{REPLY_HANG_UP, VHOST_USER_GET_FEATURES, -EIO, "has gone away"},
		{REPLY_SILENCE, VHOST_USER_GET_FEATURES, -ETIMEDOUT,
			"does not answer within 50 ms (option timeout_ms)"},
		{REPLY_SHORT, VHOST_USER_GET_PROTOCOL_FEATURES, -EPROTO, "GET_PROTOCOL_FEATURES"},
		{REPLY_SHORT, VHOST_USER_GET_QUEUE_NUM, -EPROTO, "GET_QUEUE_NUM"},
		{REPLY_SHORT, VHOST_USER_GET_MAX_MEM_SLOTS, -EPROTO, "GET_MAX_MEM_SLOTS"},
		{REPLY_HANG_UP, VHOST_USER_SET_PROTOCOL_FEATURES, -EIO, "has gone away"},
	};

	return cr_make_param_array(struct wrong_answer, all, sizeof(all) / sizeof(all[0]));
}

ParameterizedTest(struct wrong_answer *wrong, vhost_socket, at_the_first_meeting)
{
	const struct kl__transport_choice choice = {.timeout_ms = timeout_for(wrong->fault)};
	struct kl__transport *transport = NULL;
	unsigned int files;

	back_end_start(&back_end);
	files = open_files();
	back_end.fault = wrong->fault;
	back_end.fault_request = wrong->about;
	cr_expect_eq(kl__vhost_user_open(back_end.path, &choice, 1, &fixture_memory, &transport),
		wrong->rc);
	cr_expect(logged(wrong->words), "\"%s\" is not in: %s", wrong->words, log_text());
	back_end_stop(&back_end);
	back_end_serve(&back_end);
	cr_expect_eq(open_files(), files, "nothing stays open");
	back_end_finish(&back_end);
}

/* Acknowledgements, later on: the device counts as gone, or as one that refuses. */
ParameterizedTestParameters(vhost_socket, acknowledgements)
{
	static struct wrong_answer all[] = {
		{REPLY_OTHER_REQUEST, VHOST_USER_SET_STATUS, -EPROTO,
			"SET_STATUS: the back end answers request 40"},
		{REPLY_SHORT, VHOST_USER_SET_STATUS, -EPROTO, "answers with 4 bytes"},
		{REPLY_EMPTY, VHOST_USER_SET_STATUS, -EPROTO, "acknowledges with 0 bytes"},
		{REPLY_TORN, VHOST_USER_SET_STATUS, -EIO, "has gone away"},
		{REPLY_WITH_FD, VHOST_USER_SET_STATUS, -EPROTO, "file descriptors"},
		{REPLY_SILENCE, VHOST_USER_SET_STATUS, -ETIMEDOUT, "does not answer"},
		{REPLY_SILENCE, VHOST_USER_GET_STATUS, -ETIMEDOUT,
			"GET_STATUS: the back end does not answer"},
	};

	return cr_make_param_array(struct wrong_answer, all, sizeof(all) / sizeof(all[0]));
}

ParameterizedTest(struct wrong_answer *wrong, vhost_socket, acknowledgements)
{
	struct kl__transport *transport;

	back_end_start(&back_end);
	cr_assert_eq(kl__vhost_user_open(back_end.path, &fixture_client, 1, &fixture_memory,
			     &transport),
		0);
	kl__vhost(transport)->socket.timeout_ms = timeout_for(wrong->fault);
	back_end.fault = wrong->fault;
	back_end.fault_request = wrong->about;
	transport->ops->set_status(transport, VIRTIO_STATUS_ACKNOWLEDGE);
	cr_expect_eq(transport->ops->get_status(transport), VIRTIO_STATUS_GONE);
	cr_expect(logged(wrong->words), "\"%s\" is not in: %s", wrong->words, log_text());
	forget_log();
	cr_expect_eq(transport->ops->get_status(transport), VIRTIO_STATUS_GONE);
	cr_expect_eq(log_text()[0], '\0', "logged once: %s", log_text());
	transport->ops->close(transport);
	back_end_finish(&back_end);
}

Test(vhost_socket, a_refusal_is_not_the_end)
{
	struct kl__transport *transport;
	struct kl_features features = {{FIXTURE_VERSION_1, 0}};

	back_end_start(&back_end);
	cr_assert_eq(kl__vhost_user_open(back_end.path, &fixture_client, 1, &fixture_memory,
			     &transport),
		0);
	back_end.fault = REPLY_REFUSE;
	back_end.fault_request = VHOST_USER_SET_FEATURES;
	transport->ops->set_features(transport, &features);
	cr_expect(logged("SET_FEATURES: the back end refuses it with 1"), "%s", log_text());
	transport->ops->set_status(transport,
		VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK);
	cr_expect_eq(transport->ops->get_status(transport),
		VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	transport->ops->close(transport);
	back_end_finish(&back_end);
}

/* A back end that hangs up, or sends without a request, is noticed without a message. */
Test(vhost_socket, the_end_is_seen)
{
	struct kl__transport *transport;

	back_end_start(&back_end);
	back_end.protocol = 0;
	cr_assert_eq(kl__vhost_user_open(back_end.path, &fixture_client, 1, &fixture_memory,
			     &transport),
		0);
	cr_expect_eq(transport->ops->get_status(transport), 0);
	back_end_stop(&back_end);
	cr_expect_eq(transport->ops->get_status(transport), VIRTIO_STATUS_GONE);
	cr_expect(logged("the back end has gone away"), "%s", log_text());
	transport->ops->close(transport);
	back_end_serve(&back_end);
	back_end_finish(&back_end);
}
