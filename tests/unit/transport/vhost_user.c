/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages to a back end, in each form of the protocol. It may disconnect and come back. */
#include "transport/vhost_user.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "core/device.h"
#include "spec/status.h"
#include "transport/vhost_endpoint.h"
#include "transport/vhost_state.h"
#include "vhost_fixture.h"

static struct back_end back_end;
static struct kl__transport *transport;

#define PROTOCOL(name) (UINT64_C(1) << VHOST_USER_PROTOCOL_F_##name)

/* Number of calls of poll of this thread that still end as if by a signal. */
static __thread unsigned int poll_interruptions;

int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	if (poll_interruptions == 0)
		return __real_poll(fds, count, timeout);
	poll_interruptions--;
	errno = EINTR;
	return -1;
}

static void open_it(void)
{
	cr_assert_eq(kl__vhost_user_open(back_end.path, &fixture_client, 1, &fixture_memory,
			     &transport),
		0, "%s", log_text());
}

static void close_all(void)
{
	transport->ops->close(transport);
	back_end_finish(&back_end);
}

static int enable(uint16_t index, struct kl_notifier *notifier)
{
	const struct kl__queue_setup setup = {
		.index = index,
		.size = 64,
		.desc = 0x1000,
		.driver = 0x2000,
		.device = 0x3000,
		.vector = -1,
	};

	return transport->ops->queue_enable(transport, &setup, notifier);
}

static void accept_features(uint64_t bits)
{
	struct kl_features features = {{bits, 0}};

	transport->ops->set_features(transport, &features);
}

/* The status is the back end's own where it keeps one, and then it decides about FEATURES_OK. */
Test(vhost_user, status_of_the_back_end)
{
	back_end_start(&back_end);
	open_it();
	transport->ops->set_status(transport, VIRTIO_STATUS_ACKNOWLEDGE);
	cr_expect_eq(back_end.status, VIRTIO_STATUS_ACKNOWLEDGE);
	back_end.status |= VIRTIO_STATUS_NEEDS_RESET;
	cr_expect_eq(transport->ops->get_status(transport),
		VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_NEEDS_RESET);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_RESET_DEVICE, NULL), 0);
	transport->ops->set_status(transport, VIRTIO_STATUS_RESET);
	cr_expect_eq(transport->ops->get_status(transport), 0);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_RESET_DEVICE, NULL), 0);
	close_all();
}

Test(vhost_user, status_of_our_own)
{
	back_end_start(&back_end);
	back_end.protocol &= ~PROTOCOL(STATUS);
	open_it();
	transport->ops->set_status(transport, VIRTIO_STATUS_ACKNOWLEDGE);
	cr_expect_eq(transport->ops->get_status(transport), VIRTIO_STATUS_ACKNOWLEDGE);
	transport->ops->set_status(transport, VIRTIO_STATUS_RESET);
	cr_expect_eq(transport->ops->get_status(transport), 0);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_STATUS, NULL), 0);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_RESET_DEVICE, NULL), 1);
	close_all();
}

/* A back end from before all extensions: neither acknowledgements nor an enabling message. */
Test(vhost_user, no_protocol_features)
{
	struct kl_notifier notifier;
	struct kl_features offered;

	back_end_start(&back_end);
	back_end.features = FIXTURE_VERSION_1;
	open_it();
	transport->ops->get_features(transport, &offered);
	cr_expect_eq(offered.word[0], FIXTURE_VERSION_1);
	cr_expect_eq(transport->config_size, 0);
	cr_expect_eq(transport->ops->queue_count(transport), 2);
	cr_expect_eq(transport->ops->queue_max_size(transport, 2), 0);
	accept_features(FIXTURE_VERSION_1);
	cr_expect_eq(enable(1, &notifier), 0);
	/* An answer to this means that all before it has been seen. */
	transport->ops->set_status(transport, VIRTIO_STATUS_RESET);
	cr_expect_eq(back_end.accepted, FIXTURE_VERSION_1,
		"bit 30 is echoed only where it was offered");
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_GET_PROTOCOL_FEATURES, NULL), 0);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_VRING_ENABLE, NULL), 0);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_VRING_KICK, NULL), 1);
	close_all();
}

Test(vhost_user, what_is_not_known_is_not_agreed_on)
{
	struct seen seen;

	back_end_start(&back_end);
	open_it();
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_PROTOCOL_FEATURES, &seen), 1);
	cr_expect_eq(seen.payload.value,
		PROTOCOL(MQ) | PROTOCOL(REPLY_ACK) | PROTOCOL(BACKEND_REQ) | PROTOCOL(CONFIG) |
			PROTOCOL(RESET_DEVICE) | PROTOCOL(CONFIGURE_MEM_SLOTS) | PROTOCOL(STATUS));
	close_all();
}

/* Some count pairs; a number that no protocol has is cut. */
Test(vhost_user, numbers_of_queues)
{
	const struct {
		uint64_t says, queues;
	} all[] = {{1, 2}, {4, 8}, {128, 256}, {129, 256}, {UINT64_MAX, 256}};

	back_end_start(&back_end);
	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		back_end.queues = all[i].says;
		open_it();
		cr_expect_eq(transport->ops->queue_count(transport), all[i].queues);
		transport->ops->close(transport);
	}
	back_end_finish(&back_end);
}

static void expect_start(uint64_t accepted, uint32_t start)
{
	struct kl_notifier notifier;
	struct seen seen;

	back_end_forget(&back_end);
	accept_features(accepted);
	cr_expect_eq(enable(3, &notifier), 0);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_VRING_BASE, &seen), 1);
	cr_expect_eq(seen.payload.state.index, 3);
	cr_expect_eq(seen.payload.state.number, start, "0x%x", seen.payload.state.number);
	transport->ops->set_status(transport, VIRTIO_STATUS_RESET);
}

/* 2.8.1: both wrap counters of a packed ring start at 1. */
Test(vhost_user, where_rings_start)
{
	back_end_start(&back_end);
	open_it();
	expect_start(FIXTURE_VERSION_1, 0);
	expect_start(FIXTURE_VERSION_1 | FIXTURE_PACKED, 0x80008000);
	expect_start(FIXTURE_VERSION_1, 0);
	close_all();
}

Test(vhost_user, a_queue)
{
	struct kl_notifier notifier;
	uint64_t kicks = 0;
	struct seen seen;

	back_end_start(&back_end);
	open_it();
	accept_features(FIXTURE_VERSION_1);
	cr_expect_not(transport->ops->queue_is_enabled(transport, 3));
	cr_expect_eq(enable(3, &notifier), 0);
	cr_expect(transport->ops->queue_is_enabled(transport, 3));
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_VRING_NUM, &seen), 1);
	cr_expect_eq(seen.payload.state.number, 64);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_VRING_ADDR, &seen), 1);
	cr_expect_eq(seen.payload.address.index, 3);
	cr_expect_eq(seen.payload.address.descriptor, 0x1000);
	cr_expect_eq(seen.payload.address.available, 0x2000);
	cr_expect_eq(seen.payload.address.used, 0x3000);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_VRING_KICK, &seen), 1);
	cr_expect(seen.fds == 1 && seen.payload.value == 3);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_VRING_CALL, &seen), 1);
	cr_expect(seen.fds == 1 && seen.payload.value == 3);
	transport->ops->set_status(transport, VIRTIO_STATUS_DRIVER_OK);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_VRING_ENABLE, &seen), 1);
	cr_expect(seen.payload.state.index == 3 && seen.payload.state.number == 1);
	kl_notify(&notifier, 5);
	cr_expect_eq(read((int)notifier.address, &kicks, sizeof(kicks)), 8);
	cr_expect_eq(kicks, 1);
	transport->ops->set_status(transport, VIRTIO_STATUS_RESET);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_GET_VRING_BASE, &seen), 1);
	cr_expect_eq(seen.payload.state.index, 3);
	cr_expect_not(transport->ops->queue_is_enabled(transport, 3));
	close_all();
}

static void *kick_once(void *notifier)
{
	kl_notify(notifier, 0);
	return NULL;
}

/* Whoever has an eventfd can make it one that blocks, also for the others. */
static void make_it_block(int fd)
{
	cr_assert_eq(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK), 0);
}

/* The back end fills the counter of kicks and makes them block. A read of the status helps. */
Test(vhost_user, kicks_that_block)
{
	struct timespec end;
	struct kl_notifier notifier;
	pthread_t thread;

	back_end_start(&back_end);
	open_it();
	cr_assert_eq(enable(3, &notifier), 0);
	make_it_block((int)notifier.address);
	cr_assert_eq(eventfd_write((int)notifier.address, UINT64_MAX - 1), 0);
	cr_assert_eq(pthread_create(&thread, NULL, kick_once, &notifier), 0);
	usleep(50000);
	(void)transport->ops->get_status(transport);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 5;
	cr_assert_eq(pthread_timedjoin_np(thread, NULL, &end), 0, "the kick still blocks");
	cr_expect(logged("queue 3: the back end has made its kicks block"), "%s", log_text());
	close_all();
}

Test(vhost_user, a_read_that_would_block)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	uint64_t count;

	make_it_block(fd);
	cr_expect_not(kl__eventfd_read(fd, &count));
	cr_expect_eq(errno, EAGAIN);
	cr_expect_eq(eventfd_write(fd, 7), 0);
	cr_expect(kl__eventfd_read(fd, &count) && count == 7);
	close(fd);
}

Test(vhost_user, interrupts)
{
	const struct kl__queue_setup setup = {.size = 64, .vector = 1};
	int fds[2] = {-1, eventfd(0, EFD_NONBLOCK)};
	struct kl_notifier notifier;
	struct seen seen;

	back_end_start(&back_end);
	open_it();
	cr_expect_eq(transport->ops->set_interrupts(transport, 258, NULL), -ENOTSUP);
	cr_expect_eq(transport->ops->set_interrupts(transport, 2, fds), 0);
	cr_expect_eq(transport->ops->set_config_vector(transport, 0), 0);
	cr_expect_eq(transport->ops->queue_enable(transport, &setup, &notifier), 0);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_VRING_CALL, &seen), 1);
	cr_expect_eq(seen.fds, 1);
	/* Ours stays ours. */
	cr_expect_eq(eventfd_write(fds[1], 1), 0);
	close(fds[1]);
	close_all();
}

Test(vhost_user, configuration)
{
	struct seen seen;

	back_end_start(&back_end);
	for (unsigned int i = 0; i < sizeof(back_end.config); i++)
		back_end.config[i] = (uint8_t)(i + 1);
	open_it();
	cr_expect_eq(transport->config_size, 256);
	cr_expect_eq(transport->ops->config_read(transport, 8, 4), 0x0c0b0a09);
	cr_expect_eq(transport->ops->config_read(transport, 59, 1), 60);
	transport->ops->config_write(transport, 32, 1, 7);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_CONFIG, &seen), 1);
	cr_expect_eq(seen.payload.config.offset, 32);
	cr_expect_eq(seen.payload.config.size, 1);
	cr_expect_eq(seen.payload.config.bytes[0], 7);
	cr_expect_eq(seen.size, 13);
	/* Beyond its end there is nothing, which it reports with an empty answer. */
	cr_expect_eq(transport->ops->config_read(transport, 60, 4), UINT32_MAX);
	cr_expect(logged("GET_CONFIG: the back end refuses it"), "%s", log_text());
	cr_expect_eq(transport->ops->get_status(transport), VIRTIO_STATUS_GONE);
	close_all();
}

/* The two halves of the capacity, and another field, come in messages of their own. */
Test(vhost_user, a_configuration_that_changes_is_read_as_one_state)
{
	struct kl_device device = {0};
	uint64_t capacity;
	uint32_t other;
	const struct kl_config_field fields[] = {{0, 8, 1, &capacity}, {20, 4, 1, &other}};

	back_end_start(&back_end);
	open_it();
	device.transport = transport;
	memset(back_end.next_config, 0x22, sizeof(back_end.next_config));
	for (unsigned int readings = 1; readings < 10; readings++) {
		memset(back_end.config, 0x11, sizeof(back_end.config));
		back_end.readings_left = readings;
		cr_expect_eq(kl_device_config_read(&device, fields, 2), 0, "%s", log_text());
		cr_expect((capacity == UINT64_C(0x1111111111111111) && other == 0x11111111) ||
				(capacity == UINT64_C(0x2222222222222222) && other == 0x22222222),
			"after %u readings: 0x%llx, 0x%x", readings, (unsigned long long)capacity,
			other);
	}
	close_all();
}

static bool has_event(void)
{
	struct pollfd pfd = {.fd = transport->ops->event_fd(transport), .events = POLLIN};

	return poll(&pfd, 1, 2000) == 1;
}

Test(vhost_user, gone_and_back)
{
	struct kl_notifier notifier;

	back_end_start(&back_end);
	open_it();
	cr_expect_eq(enable(0, &notifier), 0);
	back_end_stop(&back_end);
	cr_expect(has_event(), "the end is an event");
	cr_expect_eq(transport->ops->get_status(transport), VIRTIO_STATUS_GONE);
	/* A kick into the void neither blocks nor fails. */
	kl_notify(&notifier, 0);
	transport->ops->set_status(transport, VIRTIO_STATUS_RESET);
	cr_expect_eq(transport->ops->get_status(transport), VIRTIO_STATUS_GONE);
	cr_expect_not(transport->ops->queue_is_enabled(transport, 0));
	forget_log();
	for (int i = 0; i < 3; i++)
		cr_expect_eq(transport->ops->reconnect(transport), -EAGAIN);
	cr_expect_eq(log_text()[0], '\0', "nothing to log: %s", log_text());
	back_end.protocol &= ~PROTOCOL(CONFIG);
	back_end_serve(&back_end);
	back_end_forget(&back_end);
	cr_expect_eq(transport->ops->reconnect(transport), 0);
	cr_expect_eq(transport->ops->get_status(transport), 0);
	cr_expect_eq(transport->config_size, 0, "this one has none");
	cr_expect_eq(enable(0, &notifier), 0);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_ADD_MEM_REG, NULL), 2,
		"a new one knows nothing");
	close_all();
}

/* It is there, and ends while it is talked to; then one that talks nonsense. */
Test(vhost_user, back_for_a_moment)
{
	back_end_start(&back_end);
	open_it();
	back_end_stop(&back_end);
	cr_expect_eq(transport->ops->get_status(transport), VIRTIO_STATUS_GONE);
	back_end.fault = REPLY_HANG_UP;
	back_end.fault_request = VHOST_USER_GET_QUEUE_NUM;
	back_end_serve(&back_end);
	cr_expect_eq(transport->ops->reconnect(transport), -EAGAIN);
	cr_expect_eq(transport->ops->get_status(transport), VIRTIO_STATUS_GONE);
	back_end.fault = REPLY_SHORT;
	cr_expect_eq(transport->ops->reconnect(transport), -EPROTO);
	back_end.fault = REPLY_CORRECT;
	cr_expect_eq(transport->ops->reconnect(transport), 0);
	close_all();
}

/* With a queue enabled at a back end that keeps its connection open. */
static void open_with_queue(void)
{
	struct kl_notifier notifier;

	back_end_start(&back_end);
	back_end.holds_connection = true;
	open_it();
	cr_expect_eq(enable(0, &notifier), 0);
	transport->ops->set_status(transport, VIRTIO_STATUS_DRIVER_OK);
}

static void expect_no_reset(void)
{
	uint8_t status = transport->ops->get_status(transport);

	cr_expect_eq(status, VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_NEEDS_RESET, "0x%02x", status);
	cr_expect(transport->ops->queue_is_enabled(transport, 0));
}

/*
 * While it has queues, a back end may still write to them: that is no reset, and not gone. Its own
 * end of the connection shows that it has seen ours.
 */
static void expect_no_reset_until_its_end(void)
{
	struct kl_notifier notifier;

	expect_no_reset();
	transport->ops->set_status(transport, VIRTIO_STATUS_RESET);
	expect_no_reset();
	cr_expect_eq(transport->ops->config_read(transport, 0, 1), UINT32_MAX);
	expect_no_reset();
	back_end.fault = REPLY_CORRECT;
	back_end_stop(&back_end);
	cr_expect_eq(transport->ops->get_status(transport), VIRTIO_STATUS_GONE);
	back_end_serve(&back_end);
	cr_expect_eq(transport->ops->reconnect(transport), 0);
	cr_expect_not(transport->ops->queue_is_enabled(transport, 0));
	cr_expect_eq(enable(0, &notifier), 0);
	close_all();
}

Test(vhost_user, silent_with_queues)
{
	open_with_queue();
	kl__vhost(transport)->socket.timeout_ms = 50;
	back_end.fault = REPLY_SILENCE;
	back_end.fault_request = VHOST_USER_GET_VRING_BASE;
	transport->ops->set_status(transport, VIRTIO_STATUS_RESET);
	kl__vhost(transport)->socket.timeout_ms = 5000;
	expect_no_reset_until_its_end();
}

Test(vhost_user, sends_unasked_with_queues)
{
	open_with_queue();
	back_end_send_unasked(&back_end);
	expect_no_reset_until_its_end();
}

/* Wrong answers: of the status, of a queue's stop, of the configuration. */
static void answer_wrongly(enum reply_fault fault, uint32_t request)
{
	open_with_queue();
	back_end.fault = fault;
	back_end.fault_request = request;
	if (request == VHOST_USER_GET_VRING_BASE)
		transport->ops->set_status(transport, VIRTIO_STATUS_RESET);
	else if (request == VHOST_USER_GET_CONFIG)
		cr_expect_eq(transport->ops->config_read(transport, 0, 1), UINT32_MAX);
	expect_no_reset_until_its_end();
}

Test(vhost_user, wrong_status_with_queues)
{
	answer_wrongly(REPLY_SHORT, VHOST_USER_GET_STATUS);
}

Test(vhost_user, wrong_stop_of_a_queue)
{
	answer_wrongly(REPLY_OTHER_REQUEST, VHOST_USER_GET_VRING_BASE);
}

Test(vhost_user, refused_stop_of_a_queue)
{
	answer_wrongly(REPLY_EMPTY, VHOST_USER_GET_VRING_BASE);
}

Test(vhost_user, wrong_configuration_with_queues)
{
	answer_wrongly(REPLY_EMPTY, VHOST_USER_GET_CONFIG);
}

/* Nothing is shared on a connection that has not been agreed on, so it may be tried again. */
Test(vhost_user, silent_when_it_is_back)
{
	struct kl_notifier notifier;

	back_end_start(&back_end);
	open_it();
	cr_expect_eq(enable(0, &notifier), 0);
	back_end_stop(&back_end);
	cr_expect_eq(transport->ops->get_status(transport), VIRTIO_STATUS_GONE);
	transport->ops->set_status(transport, VIRTIO_STATUS_RESET);
	kl__vhost(transport)->socket.timeout_ms = 50;
	back_end.fault = REPLY_SILENCE;
	back_end.fault_request = VHOST_USER_GET_FEATURES;
	back_end_serve(&back_end);
	cr_expect_eq(transport->ops->reconnect(transport), -EAGAIN);
	cr_expect_eq(transport->ops->get_status(transport), VIRTIO_STATUS_GONE);
	kl__vhost(transport)->socket.timeout_ms = 5000;
	back_end.fault = REPLY_CORRECT;
	cr_expect_eq(transport->ops->reconnect(transport), 0);
	cr_expect_eq(transport->ops->get_status(transport), 0);
	close_all();
}

/* A signal's handler that runs meanwhile means nothing for the back end. */
Test(vhost_user, interrupted_by_signals)
{
	back_end_start(&back_end);
	back_end.protocol &= ~PROTOCOL(STATUS);
	open_it();
	poll_interruptions = 3;
	cr_expect_eq(transport->ops->get_status(transport), 0, "%s", log_text());
	cr_expect_eq(poll_interruptions, 0);
	close_all();
}

static void *connect_soon(void *context)
{
	back_end_connect(context);
	return NULL;
}

Test(vhost_user, we_listen)
{
	pthread_t connector;
	struct stat info;

	back_end_start(&back_end);
	back_end_stop(&back_end);
	pthread_create(&connector, NULL, connect_soon, &back_end);
	cr_assert_eq(kl__vhost_user_open(back_end.path, &fixture_server, 1, &fixture_memory,
			     &transport),
		0, "%s", log_text());
	pthread_join(connector, NULL);
	cr_expect_eq(stat(back_end.path, &info), 0);
	cr_expect_eq(info.st_mode & 0777, 0600, "nobody else may connect");
	back_end_stop(&back_end);
	cr_expect_eq(transport->ops->get_status(transport), VIRTIO_STATUS_GONE);
	cr_expect_eq(transport->ops->reconnect(transport), -EAGAIN);
	back_end_connect(&back_end);
	cr_expect_eq(transport->ops->reconnect(transport), 0);
	transport->ops->close(transport);
	cr_expect_neq(stat(back_end.path, &info), 0, "the file goes with us");
	back_end_finish(&back_end);
}

Test(vhost_user, where_one_can_listen)
{
	back_end_start(&back_end);
	kl__vhost_connect_timeout_ms = 20;
	cr_expect_eq(kl__vhost_user_open(back_end.path, &fixture_server, 1, &fixture_memory,
			     &transport),
		-EADDRINUSE);
	cr_expect(logged("can't listen there"), "%s", log_text());
	back_end_stop(&back_end);
	/* Nobody comes. */
	cr_expect_eq(kl__vhost_user_open(back_end.path, &fixture_server, 1, &fixture_memory,
			     &transport),
		-ETIMEDOUT);
	/* A socket of a killed process is replaced; a file that is no socket is not. */
	cr_expect_eq(symlink("/nowhere", back_end.path), 0);
	cr_expect_neq(kl__vhost_user_open(back_end.path, &fixture_server, 1, &fixture_memory,
			      &transport),
		0);
	cr_expect_eq(unlink(back_end.path), 0, "it is still there");
	cr_expect_eq(kl__vhost_user_open(back_end.path, &fixture_client, 1, &fixture_memory,
			     &transport),
		-ENOENT);
	back_end_serve(&back_end);
	back_end_finish(&back_end);
}
