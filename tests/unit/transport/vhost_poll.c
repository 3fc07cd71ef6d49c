/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration of a back end that may not report its changes is read from time to time, and a
 * back end that stands still meanwhile is waited for without harm.
 */
#include <poll.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include <kickless/driver/config.h>
#include <kickless/driver/driver.h>

#include "attach_device.h"
#include "fake_device.h"
#include "spec/status.h"
#include "transport/vhost_state.h"
#include "transport/vhost_user.h"
#include "vhost_fixture.h"

#define TYPE 62
#define PROTOCOL(name) (UINT64_C(1) << VHOST_USER_PROTOCOL_F_##name)

static struct back_end back_end;
static struct kl__transport *transport;
static struct fake_device *fake; /* its host */
static struct kl_device *device;
static unsigned int changes;
static uint8_t value; /* the first byte of the configuration, as last read */

static int read_value(struct kl_device *read)
{
	const struct kl_config_field field = {0, 1, 1, &value};

	return kl_device_config_read(read, &field, 1);
}

static void count_change(struct kl_device *changed)
{
	changes++;
	(void)read_value(changed);
}

static void remove_nothing(struct kl_device *removed)
{
	(void)removed;
}

static const uint32_t types[] = {TYPE, 0};
static const struct kl_feature_name no_names[] = {{0, NULL}};
static struct kl_driver driver = {
	.name = "polled",
	.types = types,
	.feature_names = no_names,
	.probe = read_value,
	.remove = remove_nothing,
	.config_changed = count_change,
};
KL_DRIVER(driver)

static void run_without(uint64_t protocol)
{
	const struct kl_features none = {0};

	back_end_start(&back_end);
	back_end.protocol &= ~protocol;
	fake = fake_new(TYPE);
	cr_assert_eq(kl__vhost_user_open(back_end.path, &fixture_client, TYPE, &fixture_memory,
			     &transport),
		0, "%s", log_text());
	cr_assert_eq(attach_device(transport, &fake->host, NULL, &device), 0, "%s", log_text());
	cr_assert_eq(kl_device_negotiate(device, &none), 0, "%s", log_text());
	cr_assert_eq(kl__device_run(device), 0);
	kl__device_set_state(device, KL_DEVICE_RUNNING);
	forget_log();
}

static void close_all(void)
{
	kl__device_set_state(device, KL_DEVICE_STOPPED);
	kl_device_close(device);
	finish(fake);
	back_end_finish(&back_end);
}

static bool waits_for_event(void)
{
	struct pollfd event = {.fd = kl_device_event_fd(device), .events = POLLIN};

	return poll(&event, 1, 5000) == 1;
}

/* As about a second after the last time. */
static void send_poll(void)
{
	if (kl__vhost(transport)->socket.poll.sent_ms != 0)
		kl__vhost(transport)->socket.poll.sent_ms -= 1000;
	kl_device_event_handle(device);
}

static void take_answer(void)
{
	cr_assert(waits_for_event(), "an answer is an event");
	kl_device_event_handle(device);
}

static void set_config(uint8_t first)
{
	pthread_mutex_lock(&back_end.lock);
	back_end.config[0] = first;
	pthread_mutex_unlock(&back_end.lock);
}

static void expect_alive(void)
{
	cr_expect_not(kl_device_needs_reset(device));
	cr_expect_eq(log_text()[0], '\0', "%s", log_text());
}

static void find_changes(void)
{
	send_poll();
	take_answer();
	cr_expect_eq(changes, 1, "the first answer may differ from what was read before");
	send_poll();
	take_answer();
	cr_expect_eq(changes, 1);
	set_config(9);
	send_poll();
	take_answer();
	cr_expect_eq(changes, 2);
	cr_expect_eq(value, 9);
	expect_alive();
	close_all();
}

Test(vhost_poll, changes)
{
	run_without(PROTOCOL(STATUS));
	find_changes();
}

Test(vhost_poll, changes_without_a_channel)
{
	run_without(PROTOCOL(STATUS) | PROTOCOL(BACKEND_REQ));
	find_changes();
}

Test(vhost_poll, changes_beside_a_status)
{
	run_without(0);
	find_changes();
}

/* As in a debugger, or while a virtual machine is moved. */
static void pause_back_end(uint64_t without)
{
	unsigned int before;

	run_without(without);
	kl__vhost(transport)->socket.timeout_ms = 40;
	before = back_end_saw(&back_end, VHOST_USER_GET_CONFIG, NULL);
	/* It stops at the next message. */
	pthread_mutex_lock(&back_end.lock);
	for (unsigned int i = 0; i < 3; i++) {
		send_poll();
		usleep(30000);
		expect_alive();
	}
	pthread_mutex_unlock(&back_end.lock);
	kl__vhost(transport)->socket.timeout_ms = 5000;
	cr_expect(waits_for_event());
	expect_alive();
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_GET_CONFIG, NULL), before + 1,
		"one at a time");
	kl_device_event_handle(device);
	set_config(7);
	send_poll();
	take_answer();
	cr_expect_eq(value, 7);
	expect_alive();
	close_all();
}

Test(vhost_poll, a_pause)
{
	pause_back_end(PROTOCOL(STATUS));
}

Test(vhost_poll, a_pause_without_a_channel)
{
	pause_back_end(PROTOCOL(STATUS) | PROTOCOL(BACKEND_REQ));
}

/* Whoever saw the end first, as a command of another thread may, has taken the event with it. */
Test(vhost_poll, the_end_of_a_connection_without_a_configuration)
{
	run_without(PROTOCOL(STATUS));
	transport->config_size = 0;
	device->handled_ms = 0;
	cr_expect_not(kl_device_event_is_due(device));
	back_end_stop(&back_end);
	cr_expect_eq(transport->ops->get_status(transport), VIRTIO_STATUS_GONE);
	cr_expect(kl_device_event_is_due(device));
	kl__device_set_state(device, KL_DEVICE_STOPPED);
	kl_device_close(device);
	finish(fake);
	cr_expect_eq(rmdir(back_end.folder), 0);
}

/* Answers come in the order of messages. */
Test(vhost_poll, messages_behind_a_poll)
{
	run_without(PROTOCOL(REPLY_ACK));
	set_config(5);
	send_poll();
	cr_expect_eq(read_value(device), 0);
	cr_expect_eq(value, 5);
	send_poll();
	cr_expect_not(kl_device_needs_reset(device));
	expect_alive();
	close_all();
}

static void poll_with(enum reply_fault fault)
{
	run_without(PROTOCOL(STATUS));
	back_end.fault = fault;
	back_end.fault_request = VHOST_USER_GET_CONFIG;
	send_poll();
	cr_expect(waits_for_event());
}

Test(vhost_poll, refused)
{
	poll_with(REPLY_EMPTY);
	kl_device_event_handle(device);
	cr_expect_eq(changes, 0);
	expect_alive();
	close_all();
}

Test(vhost_poll, a_wrong_answer)
{
	poll_with(REPLY_OTHER_REQUEST);
	cr_expect(kl_device_needs_reset(device));
	cr_expect(logged("GET_CONFIG: the back end answers request 25"), "%s", log_text());
	cr_expect_not(logged("unrequested"), "%s", log_text());
	close_all();
}

/* Changes that are reported are not searched for. */
Test(vhost_poll, a_back_end_that_reports)
{
	unsigned int before, per_reading;

	run_without(PROTOCOL(STATUS));
	device->handled_ms = 0;
	cr_expect(kl_device_event_is_due(device));
	back_end_request(&back_end, VHOST_USER_BACKEND_CONFIG_CHANGE_MSG, 0, 0);
	kl_device_event_handle(device);
	cr_expect_eq(changes, 1);
	device->handled_ms = 0;
	cr_expect_not(kl_device_event_is_due(device));
	before = back_end_saw(&back_end, VHOST_USER_GET_CONFIG, NULL);
	cr_expect_eq(read_value(device), 0);
	per_reading = back_end_saw(&back_end, VHOST_USER_GET_CONFIG, NULL) - before;
	kl_device_event_handle(device);
	cr_expect_eq(read_value(device), 0);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_GET_CONFIG, NULL),
		before + 2 * per_reading);
	expect_alive();
	close_all();
}

/* A driver learns that its device has gone as it does of a change. */
Test(vhost_poll, the_end)
{
	run_without(PROTOCOL(STATUS));
	back_end_stop(&back_end);
	kl_device_event_handle(device);
	cr_expect_eq(changes, 1);
	cr_expect(logged("has gone away"), "%s", log_text());
	back_end_serve(&back_end);
	close_all();
}
