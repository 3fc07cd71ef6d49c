/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening and starting a device, with something missing each time. */
#include <criterion/criterion.h>

#include "core/device.h"
#include "net_rig.h"
#include "scarce.h"
#include "spec/features.h"

static struct net_rig rig;

static int attach_and_start(void)
{
	int rc = net_attach(&rig, "features=-EVENT_IDX");

	return rc != 0 ? rc : net_start(&rig);
}

static void close_device(void)
{
	kl_device_close(rig.device);
	rig.device = NULL;
	cr_expect_eq(net_buffers_out(&rig), 0);
}

static void expect_works(void)
{
	const struct arrival arrival = {.bytes = 100, .seed = 1};

	cr_assert_eq(net_arrive(&rig, &arrival), 1);
	net_expect_packet(net_receive(&rig), 100, 1);
	cr_assert_eq(net_send(&rig, net_packet(&rig, 100, 2)), 1);
	cr_assert_eq(net_transmit(&rig, 1), 1);
	net_expect_sent(&rig, 100, 2);
}

/*
 * Transport, device, driver, two copies of options, pairs, two blocks per queue and its record, and the
 * spare header; eventfds and where they stand, if the transport has interrupts.
 */
Test(net_scarcity, every_step_of_a_start)
{
	net_prepare(&rig);
	rig.conf.rx_interrupts = true;
	cr_expect_geq(scarce_try_all(&(struct scarce_trial){rig.model, attach_and_start,
			      close_device, expect_works}),
		13);
	net_close(&rig);
}

/* The same without the interrupts' eventfds, through ports. */
Test(net_scarcity, every_step_of_a_legacy_start)
{
	ONLY_IF(!ring_is("packed") && !ring_is("in_order"));
	net_prepare(&rig);
	rig.model->script.interfaces = MODEL_LEGACY;
	rig.model->script.next_iova = UINT64_C(1) << 32;
	model_offer_not(rig.model, VIRTIO_F_VERSION_1);
	model_offer(rig.model, VIRTIO_F_ANY_LAYOUT);
	model_rebuild(rig.model);
	cr_expect_geq(scarce_try_all(&(struct scarce_trial){rig.model, attach_and_start,
			      close_device, expect_works}),
		10);
	net_close(&rig);
}
