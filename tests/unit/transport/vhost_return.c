/* SPDX-License-Identifier: BSD-3-Clause */
/* Another back end serves the path than before: what it lacks is named, and the rest works. */
#include <errno.h>

#include <criterion/criterion.h>

#include "spec/status.h"
#include "transport/vhost_user.h"
#include "vhost_fixture.h"

#define PROTOCOL(name) (UINT64_C(1) << VHOST_USER_PROTOCOL_F_##name)

static struct back_end back_end;
static struct kl__transport *transport;

static int enable(uint16_t index)
{
	const struct kl__queue_setup setup = {.index = index, .size = 64, .vector = -1};
	struct kl_notifier notifier;

	return transport->ops->queue_enable(transport, &setup, &notifier);
}

/* With a queue that the next back end may not have. */
static void open_and_leave(void)
{
	back_end_start(&back_end);
	cr_assert_eq(kl__vhost_user_open(back_end.path, &fixture_client, 1, &fixture_memory,
			     &transport),
		0, "%s", log_text());
	cr_assert_eq(enable(7), 0);
	back_end_stop(&back_end);
	cr_expect_eq(transport->ops->get_status(transport), VIRTIO_STATUS_GONE);
	transport->ops->set_status(transport, VIRTIO_STATUS_RESET);
	forget_log();
}

static void return_and_expect(const char *words)
{
	back_end_serve(&back_end);
	cr_assert_eq(transport->ops->reconnect(transport), 0, "%s", log_text());
	cr_expect(logged(words), "\"%s\" is not in: %s", words, log_text());
}

static void expect_works(void)
{
	transport->ops->set_status(transport, VIRTIO_STATUS_ACKNOWLEDGE);
	cr_expect_eq(transport->ops->get_status(transport), VIRTIO_STATUS_ACKNOWLEDGE);
	cr_expect_eq(enable(0), 0, "%s", log_text());
	transport->ops->set_status(transport, VIRTIO_STATUS_RESET);
	cr_expect_eq(transport->ops->get_status(transport), 0);
	transport->ops->close(transport);
	back_end_finish(&back_end);
}

Test(vhost_return, the_same)
{
	open_and_leave();
	return_and_expect("is there again");
	cr_expect_not(logged("there now"), "%s", log_text());
	expect_works();
}

Test(vhost_return, without_any_part_of_the_protocol)
{
	open_and_leave();
	back_end.features = FIXTURE_VERSION_1;
	return_and_expect("lacks features of the protocol: MQ REPLY_ACK BACKEND_REQ CONFIG "
			  "RESET_DEVICE CONFIGURE_MEM_SLOTS STATUS");
	cr_expect(logged("has 2 queues; before it had 8"), "%s", log_text());
	cr_expect_eq(transport->config_size, 0);
	expect_works();
}

Test(vhost_return, each_part_of_the_protocol)
{
	static const struct {
		uint64_t lost;
		const char *words;
	} all[] = {
		{PROTOCOL(REPLY_ACK), "protocol: REPLY_ACK"},
		{PROTOCOL(BACKEND_REQ), "protocol: BACKEND_REQ"},
		{PROTOCOL(CONFIG), "protocol: BACKEND_REQ CONFIG"},
		{PROTOCOL(RESET_DEVICE), "protocol: RESET_DEVICE"},
		{PROTOCOL(CONFIGURE_MEM_SLOTS), "protocol: CONFIGURE_MEM_SLOTS"},
		{PROTOCOL(STATUS), "protocol: STATUS"},
		{PROTOCOL(STATUS) | PROTOCOL(RESET_DEVICE), "protocol: RESET_DEVICE STATUS"},
	};

	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		open_and_leave();
		back_end.protocol = ~all[i].lost;
		return_and_expect(all[i].words);
		expect_works();
	}
}

Test(vhost_return, with_fewer_queues)
{
	open_and_leave();
	back_end.queues = 1;
	return_and_expect("has 2 queues; before it had 8");
	cr_expect_eq(transport->ops->queue_count(transport), 2);
	cr_expect_eq(transport->ops->queue_max_size(transport, 7), 0);
	cr_expect_not(transport->ops->queue_is_enabled(transport, 7));
	expect_works();
}

Test(vhost_return, without_queues)
{
	open_and_leave();
	back_end.queues = 0;
	return_and_expect("has 0 queues; before it had 8");
	cr_expect_eq(transport->ops->queue_max_size(transport, 0), 0);
	transport->ops->close(transport);
	back_end_finish(&back_end);
}

/* Regions that fitted into slots are more than a table can name. */
Test(vhost_return, without_slots_for_all_memory)
{
	open_and_leave();
	fixture_memory_set(VHOST_USER_MAX_REGIONS + 1);
	back_end.protocol = ~PROTOCOL(CONFIGURE_MEM_SLOTS);
	return_and_expect("protocol: CONFIGURE_MEM_SLOTS");
	cr_expect_eq(enable(0), -E2BIG);
	cr_expect(logged("8 regions of memory, and there are 9"), "%s", log_text());
	fixture_memory_set(2);
	cr_expect_eq(transport->ops->get_status(transport), 0, "it is there still");
	transport->ops->set_status(transport, VIRTIO_STATUS_RESET);
	expect_works();
}

/* A later return is compared with the last one. */
Test(vhost_return, twice_the_same)
{
	open_and_leave();
	back_end.queues = 1;
	return_and_expect("has 2 queues; before it had 8");
	back_end_stop(&back_end);
	cr_expect_eq(transport->ops->get_status(transport), VIRTIO_STATUS_GONE);
	forget_log();
	return_and_expect("is there again");
	cr_expect_not(logged("there now"), "%s", log_text());
	expect_works();
}
