/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening and starting a device, with something missing each time. */
#include <criterion/criterion.h>

#include "core/device.h"
#include "net_fixture.h"
#include "fault_injection.h"
#include "spec/features.h"

static struct net_fixture fixture;

static int attach_and_start(void)
{
	int rc = net_attach(&fixture, "features=-EVENT_IDX");

	return rc != 0 ? rc : net_start(&fixture);
}

static void close_device(void)
{
	kl_device_close(fixture.device);
	fixture.device = NULL;
	cr_expect_eq(net_buffers_out(&fixture), 0);
}

static void expect_works(void)
{
	const struct arrival arrival = {.bytes = 100, .seed = 1};

	cr_assert_eq(net_arrive(&fixture, &arrival), 1);
	net_expect_packet(net_receive(&fixture), 100, 1);
	cr_assert_eq(net_send(&fixture, net_packet(&fixture, 100, 2)), 1);
	cr_assert_eq(net_transmit(&fixture, 1), 1);
	net_expect_sent(&fixture, 100, 2);
}

/*
 * Refused in turn: transport, device, driver, two copies of options, pairs, two blocks per queue
 * and its record, and the spare header; eventfds and their array, if the transport has interrupts.
 */
Test(fault_injection, every_step_of_a_start)
{
	net_prepare(&fixture);
	fixture.conf.rx_interrupts = true;
	cr_expect_geq(fault_injection_try_all(&(struct fault_trial){fixture.fake, attach_and_start,
			      close_device, expect_works}),
		13);
	net_close(&fixture);
}

/* The same without the interrupts' eventfds, through ports. */
Test(fault_injection, every_step_of_a_legacy_start)
{
	ONLY_IF(!ring_is("packed") && !ring_is("in_order"));
	net_prepare(&fixture);
	fixture.fake->script.interfaces = FAKE_LEGACY;
	fixture.fake->script.next_iova = UINT64_C(1) << 32;
	fake_offer_not(fixture.fake, VIRTIO_F_VERSION_1);
	fake_offer(fixture.fake, VIRTIO_F_ANY_LAYOUT);
	fake_rebuild(fixture.fake);
	cr_expect_geq(fault_injection_try_all(&(struct fault_trial){fixture.fake, attach_and_start,
			      close_device, expect_works}),
		10);
	net_close(&fixture);
}
