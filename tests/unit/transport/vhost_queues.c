/* SPDX-License-Identifier: BSD-3-Clause */
/* The order in which a back end hears of its queues, and one that refuses a queue. */
#include "transport/vhost_queues.h"

#include <errno.h>

#include <criterion/criterion.h>

#include "spec/status.h"
#include "transport/vhost_user.h"
#include "vhost_fixture.h"

#define RUNNING \
	(VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK | \
		VIRTIO_STATUS_DRIVER_OK)

static struct back_end back_end;
static struct kl__transport *transport;

static int set_up(uint16_t index)
{
	const struct kl__queue_setup setup = {.index = index, .size = 64, .vector = -1};
	struct kl_notifier notifier;

	return transport->ops->queue_enable(transport, &setup, &notifier);
}

static void open_it(void)
{
	back_end_start(&back_end);
	cr_assert_eq(kl__vhost_user_open(back_end.path, &fixture_client, 1, &fixture_memory,
			     &transport),
		0, "%s", log_text());
}

static void close_all(void)
{
	transport->ops->close(transport);
	back_end_finish(&back_end);
}

/* Until it knows all queues, a back end may refuse to enable the first of a pair. */
Test(vhost_queues, enabled_when_all_are_set_up)
{
	unsigned int enabled = 0, status_at = 0;

	open_it();
	for (uint16_t index = 0; index < 4; index++)
		cr_assert_eq(set_up(index), 0, "%s", log_text());
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_VRING_ENABLE, NULL), 0);
	transport->ops->set_status(transport, RUNNING);
	cr_expect_eq(transport->ops->get_status(transport), RUNNING);
	for (unsigned int i = 0; i < back_end.count; i++) {
		const struct seen *seen = &back_end.seen[i];

		if (seen->request == VHOST_USER_SET_STATUS)
			status_at = i;
		if (seen->request != VHOST_USER_SET_VRING_ENABLE)
			continue;
		cr_expect_eq(seen->payload.state.index, enabled);
		cr_expect_eq(seen->payload.state.number, 1);
		cr_expect_eq(status_at, 0, "before the back end hears that the driver runs");
		enabled++;
	}
	cr_expect_eq(enabled, 4);
	/* Once for each start. */
	transport->ops->set_status(transport, RUNNING);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_VRING_ENABLE, NULL), 4);
	transport->ops->set_status(transport, VIRTIO_STATUS_RESET);
	cr_assert_eq(set_up(2), 0);
	transport->ops->set_status(transport, RUNNING);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_VRING_ENABLE, NULL), 5);
	close_all();
}

/* One that the back end does not have is refused; the device can't run, and is reset as usual. */
Test(vhost_queues, refused)
{
	open_it();
	cr_assert_eq(set_up(3), 0);
	back_end.fault = REPLY_REFUSE;
	back_end.fault_request = VHOST_USER_SET_VRING_ENABLE;
	transport->ops->set_status(transport, RUNNING);
	cr_expect(logged("SET_VRING_ENABLE: the back end refuses it") && logged("queue 3"), "%s",
		log_text());
	cr_expect_neq(transport->ops->get_status(transport) & VIRTIO_STATUS_NEEDS_RESET, 0);
	transport->ops->set_status(transport, VIRTIO_STATUS_RESET);
	cr_expect_eq(transport->ops->get_status(transport), 0);
	back_end.fault = REPLY_CORRECT;
	cr_expect_eq(set_up(3), 0);
	transport->ops->set_status(transport, RUNNING);
	cr_expect_eq(transport->ops->get_status(transport), RUNNING);
	close_all();
}
