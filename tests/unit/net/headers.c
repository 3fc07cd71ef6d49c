/* SPDX-License-Identifier: BSD-3-Clause */
/* Length of the header before each packet, both ways, for each feature that changes it: 5.1.9. */
#include <string.h>

#include <criterion/criterion.h>

#include <rte_ethdev.h>

#include "control_fixture.h"
#include "spec/features.h"

static struct control_fixture fixture;
static struct fake_chain chain;

/* NTX-01: before the packet lie so many bytes, all of them zero, as no offload was requested. */
static void expect_sent_after(uint32_t header)
{
	uint32_t at = 0;

	cr_assert_eq(net_send(&fixture.net, net_packet(&fixture.net, 60, 5)), 1);
	cr_assert(fake_pop(fixture.net.fake, FIXTURE_TX, &chain));
	cr_expect_eq(chain.readable_bytes, header + 60, "%u", (unsigned int)chain.readable_bytes);
	for (unsigned int i = 0; i < chain.count; i++)
		for (uint32_t byte = 0; byte < chain.segment[i].length; byte++, at++)
			cr_assert_eq(chain.segment[i].data[byte],
				at < header ? 0 : net_pattern(5, at - header), "byte %u", at);
	/* NETL-03: what the device claims to have written there means nothing. */
	fake_complete(fixture.net.fake, FIXTURE_TX, chain.head, UINT32_MAX);
	kl_net_tx_kick(fixture.net.net, 0);
}

/* NRX-01: and so many before one that arrives. */
static void expect_received_after(uint32_t header)
{
	struct rte_mbuf *packet;

	cr_assert(fake_pop(fixture.net.fake, FIXTURE_RX, &chain));
	cr_assert_eq(chain.count, 1);
	memset(chain.segment[0].data, 0, header);
	if (header >= 12)
		chain.segment[0].data[10] = 1;
	for (uint32_t i = 0; i < 60; i++)
		chain.segment[0].data[header + i] = net_pattern(6, i);
	fake_complete(fixture.net.fake, FIXTURE_RX, chain.head, header + 60);
	packet = net_receive(&fixture.net);
	net_expect_packet(packet, 60, 6);
}

static void expect_header(uint32_t bytes)
{
	control_start(&fixture, NULL);
	fixture.net.fake->queue[FIXTURE_TX].kicks = FAKE_KICKS_ANY;
	fixture.net.fake->queue[FIXTURE_RX].kicks = FAKE_KICKS_ANY;
	for (unsigned int i = 0; i < 3; i++) {
		expect_sent_after(bytes);
		expect_received_after(bytes);
	}
	control_close(&fixture);
}

/* NRX-02: what makes it longer than 20 bytes is offered, and not accepted. */
Test(headers, modern)
{
	for (unsigned int features = 0; features < 4; features++) {
		control_prepare(&fixture);
		for (unsigned int bit = 65; bit <= 70; bit++)
			fake_offer(fixture.net.fake, bit);
		if ((features & 1) == 0)
			fake_offer_not(fixture.net.fake, FIXTURE_MRG_RXBUF);
		if ((features & 2) != 0) {
			fake_offer(fixture.net.fake, FIXTURE_HASH_REPORT);
			fixture.net.conf.rx_offloads = RTE_ETH_RX_OFFLOAD_RSS_HASH;
		}
		expect_header((features & 2) != 0 ? 20 : 12);
	}
}

/* NETL-01, NETL-02: bytes as the machine has them, which are those of later devices here. */
Test(headers, legacy)
{
	for (unsigned int mergeable = 0; mergeable < 2; mergeable++) {
		ONLY_IF(!ring_is("packed") && !ring_is("in_order"));
		net_prepare(&fixture.net);
		fixture.net.fake->script.interfaces = FAKE_LEGACY;
		fixture.net.fake->script.next_iova = UINT64_C(1) << 32;
		fake_offer_not(fixture.net.fake, VIRTIO_F_VERSION_1);
		fake_offer(fixture.net.fake, VIRTIO_F_ANY_LAYOUT);
		if (mergeable == 0)
			fake_offer_not(fixture.net.fake, FIXTURE_MRG_RXBUF);
		fake_rebuild(fixture.net.fake);
		expect_header(mergeable == 0 ? 10 : 12);
	}
}
