/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "device_fixture.h"

static struct device_fixture fixture;

static bool is_readable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) == 1;
}

static void open_negotiated(unsigned int vectors)
{
	fixture_prepare(&fixture);
	fixture.fake->script.msix_vectors = vectors;
	fake_rebuild(fixture.fake);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	cr_assert_eq(fixture_negotiate(&fixture), 0);
}

static void add_and_run(uint16_t vector)
{
	const struct kl_queue_conf conf = {.index = 0, .vector = vector};
	struct kl_queue *queue;

	cr_assert_eq(kl_device_queue_add(fixture.device, &conf, &queue), 0, "%s", log_text());
	cr_assert_eq(kl__device_run(fixture.device), 0);
}

Test(interrupts, configuration_changes)
{
	open_negotiated(1);
	cr_expect_eq(kl_device_event_fd(fixture.device), -1);
	cr_expect_eq(kl_device_interrupts_enable(fixture.device, 0), 0);
	cr_assert_geq(kl_device_event_fd(fixture.device), 0);
	cr_expect_eq(kl_device_queue_event_fd(fixture.device, 0), -1);
	cr_expect_eq(kl_device_queue_event_fd(fixture.device, 1), -1);
	add_and_run(0);
	cr_expect_not(is_readable(kl_device_event_fd(fixture.device)));
	fake_change_config(fixture.fake, 0, 9);
	cr_expect(is_readable(kl_device_event_fd(fixture.device)));
	kl_device_event_handle(fixture.device);
	cr_expect_eq(fixture_changes, 1);
	cr_expect_not(is_readable(kl_device_event_fd(fixture.device)));
	/* A spurious call, or one where nothing came, does no harm. */
	kl_device_event_handle(fixture.device);
	cr_expect_eq(fixture_changes, 2);
	cr_expect_eq(fixture.fake->isr_reads, 0);
	fixture_close(&fixture);
}

Test(interrupts, a_vector_per_queue)
{
	open_negotiated(3);
	cr_expect_eq(kl_device_interrupts_enable(fixture.device, 2), 0);
	cr_expect_geq(kl_device_queue_event_fd(fixture.device, 1), 0);
	cr_expect_geq(kl_device_queue_event_fd(fixture.device, 2), 0);
	cr_expect_eq(kl_device_queue_event_fd(fixture.device, 3), -1);
	add_and_run(2);
	cr_expect_eq(fixture.fake->queue[0].vector, 2);
	cr_expect_eq(fixture.fake->config_vector, 0);
	fixture_close(&fixture);
}

/* PCI-34, PCI-35: fewer vectors than requested; the configuration's comes first. */
Test(interrupts, too_few_vectors)
{
	open_negotiated(2);
	cr_expect_eq(kl_device_interrupts_enable(fixture.device, 2), -ENOTSUP);
	cr_expect_geq(kl_device_event_fd(fixture.device), 0);
	cr_expect_eq(kl_device_queue_event_fd(fixture.device, 1), -1);
	cr_expect(logged("too few MSI-X vectors"), "%s", log_text());
	add_and_run(0);
	fake_change_config(fixture.fake, 0, 9);
	cr_expect(is_readable(kl_device_event_fd(fixture.device)));
	fixture_close(&fixture);
}

static void expect_polled(void)
{
	cr_expect_eq(kl_device_interrupts_enable(fixture.device, 1), -ENOTSUP);
	cr_expect_eq(kl_device_event_fd(fixture.device), -1);
	cr_expect_eq(kl_device_queue_event_fd(fixture.device, 1), -1);
	add_and_run(0);
	kl_device_event_handle(fixture.device);
	cr_expect_eq(fixture_changes, 1);
	fixture_close(&fixture);
}

Test(interrupts, no_msix_at_all)
{
	open_negotiated(0);
	expect_polled();
}

Test(interrupts, the_function_has_none)
{
	open_negotiated(4);
	fixture.fake->script.interrupts_fail = true;
	expect_polled();
}

/* PCI-37: a mapping is read back; NO_VECTOR is a refusal. */
Test(interrupts, the_configuration_vector_is_refused)
{
	open_negotiated(4);
	fixture.fake->script.vectors_refused_from = 0;
	expect_polled();
	cr_expect_not(logged("error"));
}

Test(interrupts, a_queue_vector_is_refused)
{
	const struct kl_queue_conf conf = {.index = 0, .vector = 1};
	struct kl_queue *queue;

	open_negotiated(4);
	fixture.fake->script.vectors_refused_from = 1;
	cr_expect_eq(kl_device_interrupts_enable(fixture.device, 1), 0);
	cr_expect_eq(kl_device_queue_add(fixture.device, &conf, &queue), -EPROTO);
	cr_expect(logged("queue 0") && logged("vector 1"), "%s", log_text());
	/* The device may know where the ring is: only a reset frees it. */
	cr_expect_eq(fixture.fake->allocated, 1);
	cr_expect_eq(kl__device_reset(fixture.device, NULL, NULL), 0);
	cr_expect_eq(fixture.fake->allocated, 0);
	fixture_close(&fixture);
}

/*
 * PCI-38: a reset undoes every mapping, so they are made again, with the eventfds that somebody
 * may wait for.
 */
static void restart(unsigned int vectors, int expected, uint16_t vector)
{
	int waited_for = -1;

	open_negotiated(vectors);
	for (unsigned int round = 0; round < 3; round++) {
		cr_expect_eq(kl_device_interrupts_enable(fixture.device, 2), expected);
		/* A number that is given away anew would look the same; a copy does not. */
		if (round == 0)
			waited_for = dup(kl_device_event_fd(fixture.device));
		cr_expect_eq(kl_device_queue_event_fd(fixture.device, 1) >= 0, expected == 0);
		add_and_run(vector);
		cr_expect_eq(fixture.fake->config_vector, 0);
		fake_change_config(fixture.fake, 0, (uint8_t)round);
		cr_expect(is_readable(waited_for));
		kl_device_event_handle(fixture.device);
		cr_expect_not(is_readable(waited_for));
		cr_expect_eq(kl__device_reset(fixture.device, NULL, NULL), 0);
		cr_expect_eq(fixture.fake->config_vector, FAKE_NO_VECTOR);
		cr_assert_eq(fixture_negotiate(&fixture), 0);
	}
	close(waited_for);
	fixture_close(&fixture);
}

Test(interrupts, again_after_a_reset)
{
	restart(4, 0, 1);
}

Test(interrupts, again_after_a_reset_with_too_few)
{
	restart(2, -ENOTSUP, 0);
}

Test(interrupts, needs_reset_raises_one)
{
	open_negotiated(1);
	cr_expect_eq(kl_device_interrupts_enable(fixture.device, 0), 0);
	add_and_run(0);
	fake_need_reset(fixture.fake);
	cr_expect(is_readable(kl_device_event_fd(fixture.device)));
	cr_expect(kl_device_needs_reset(fixture.device));
	fixture_close(&fixture);
}

static unsigned int open_fds(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += lseek(fd, 0, SEEK_CUR) >= 0 || errno != EBADF;
	return count;
}

Test(interrupts, eventfds_are_closed)
{
	unsigned int before = open_fds();

	open_negotiated(8);
	for (unsigned int i = 0; i < 4; i++)
		cr_expect_eq(kl_device_interrupts_enable(fixture.device, 5), 0);
	cr_expect_eq(open_fds(), before + 6);
	fixture_close(&fixture);
	cr_expect_eq(open_fds(), before);
}

/* A line, over either interface: PCI-32, the status is read once, and both its bits are used. */
static void use_line(enum fake_interfaces interfaces)
{
	int fd;

	fixture_prepare(&fixture);
	fixture.fake->script.interfaces = interfaces;
	fixture.fake->script.next_iova = 1 << 20;
	fixture.fake->script.msix_vectors = 0;
	fixture.fake->script.has_line = true;
	fake_rebuild(fixture.fake);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	cr_assert_eq(fixture_negotiate(&fixture), 0);
	cr_expect_eq(kl_device_interrupts_enable(fixture.device, 1), -ENOTSUP);
	fd = kl_device_event_fd(fixture.device);
	cr_assert_geq(fd, 0);
	cr_expect_eq(kl_device_queue_event_fd(fixture.device, 1), -1, "queues are polled");
	add_and_run(0);
	cr_expect_not(is_readable(fd));
	fixture_changes = 0;
	fake_change_config(fixture.fake, 0, 9);
	fake_change_config(fixture.fake, 0, 10);
	cr_expect(is_readable(fd));
	kl_device_event_handle(fixture.device);
	cr_expect_eq(fixture_changes, 1);
	cr_expect_eq(fixture.fake->isr_reads, 1);
	cr_expect_eq(fixture.fake->line_rearms, 1);
	cr_expect_not(is_readable(fd));
	/* A queue's interrupt is no news of the configuration; the next one of that kind comes. */
	fake_line_interrupt(fixture.fake, 1);
	cr_expect(is_readable(fd));
	kl_device_event_handle(fixture.device);
	cr_expect_eq(fixture_changes, 1);
	fake_change_config(fixture.fake, 0, 11);
	cr_expect(is_readable(fd));
	kl_device_event_handle(fixture.device);
	cr_expect_eq(fixture_changes, 2);
	fixture_close(&fixture);
}

Test(interrupts, one_line_for_everything)
{
	use_line(FAKE_MODERN);
	use_line(FAKE_LEGACY);
}

/* A function with MSI-X, reached by a way that can't give it. */
Test(interrupts, a_line_where_vectors_can_t_be_had)
{
	fixture_prepare(&fixture);
	fixture.fake->script.has_line = true;
	fixture.fake->access.msix_vectors = 0;
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	cr_assert_eq(fixture_negotiate(&fixture), 0);
	cr_expect_eq(kl_device_interrupts_enable(fixture.device, 1), -ENOTSUP);
	cr_expect_geq(kl_device_event_fd(fixture.device), 0);
	add_and_run(0);
	cr_expect_eq(fake_trace_count(fixture.fake, "queue_msix_vector", true), 0);
	cr_expect_eq(fake_trace_count(fixture.fake, "config_msix_vector", true), 0);
	fixture_close(&fixture);
}

/* After a reset the descriptor is the same, since somebody may wait for it. */
Test(interrupts, a_line_outlives_a_reset)
{
	int fd;

	fixture_prepare(&fixture);
	fixture.fake->script.has_line = true;
	fixture.fake->access.msix_vectors = 0;
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	cr_assert_eq(fixture_negotiate(&fixture), 0);
	kl_device_interrupts_enable(fixture.device, 1);
	fd = kl_device_event_fd(fixture.device);
	cr_assert_eq(kl__device_reset(fixture.device, NULL, NULL), 0);
	cr_expect_eq(kl_device_event_fd(fixture.device), fd);
	cr_assert_eq(fixture_negotiate(&fixture), 0);
	kl_device_interrupts_enable(fixture.device, 1);
	cr_expect_eq(kl_device_event_fd(fixture.device), fd);
	fixture_close(&fixture);
}

static void expect_due(bool is_due)
{
	cr_expect_eq(kl_device_event_is_due(fixture.device), is_due);
}

/* With an interrupt nothing is due until it comes; a recovery handles it as well. */
Test(interrupts, an_event_is_due_when_it_comes)
{
	open_negotiated(1);
	cr_expect_eq(kl_device_interrupts_enable(fixture.device, 0), 0);
	add_and_run(0);
	expect_due(false);
	fake_change_config(fixture.fake, 0, 9);
	expect_due(false);
	kl__device_set_state(fixture.device, KL_DEVICE_RUNNING);
	expect_due(true);
	cr_expect_eq(kl_device_recover(fixture.device), 0);
	cr_expect_eq(fixture_changes, 1);
	expect_due(false);
	fixture.device->handled_ms = 0;
	expect_due(false);
	kl__device_set_state(fixture.device, KL_DEVICE_STOPPED);
	fixture_close(&fixture);
}

/* Without one the device is read about once a second, however often that is requested. */
Test(interrupts, without_one_an_event_is_due_once_a_second)
{
	open_negotiated(0);
	cr_expect_eq(kl_device_interrupts_enable(fixture.device, 0), -ENOTSUP);
	add_and_run(0);
	kl__device_set_state(fixture.device, KL_DEVICE_RUNNING);
	expect_due(true);
	for (unsigned int i = 0; i < 100; i++)
		cr_expect_eq(kl_device_recover(fixture.device), 0);
	cr_expect_eq(fixture_changes, 1);
	expect_due(false);
	fixture.device->handled_ms -= 999;
	fixture.device->looked_ms -= 999;
	expect_due(false);
	fixture.device->handled_ms -= 1;
	expect_due(true);
	cr_expect_eq(kl_device_recover(fixture.device), 0);
	cr_expect_eq(fixture_changes, 2);
	kl__device_set_state(fixture.device, KL_DEVICE_STOPPED);
	fixture_close(&fixture);
}
