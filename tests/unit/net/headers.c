/* SPDX-License-Identifier: BSD-3-Clause */
/* How long the header before each packet is, both ways, for each feature that says so: 5.1.9. */
#include <string.h>

#include <criterion/criterion.h>

#include <rte_ethdev.h>

#include "control_rig.h"
#include "spec/features.h"

static struct control_rig rig;
static struct model_chain chain;

/* NTX-01: before the packet lie so many bytes, all of them zero, as no offload was asked for. */
static void expect_sent_after(uint32_t header)
{
	uint32_t at = 0;

	cr_assert_eq(net_send(&rig.net, net_packet(&rig.net, 60, 5)), 1);
	cr_assert(model_pop(rig.net.model, RIG_TX, &chain));
	cr_expect_eq(chain.readable_bytes, header + 60, "%u", (unsigned int)chain.readable_bytes);
	for (unsigned int i = 0; i < chain.count; i++)
		for (uint32_t byte = 0; byte < chain.piece[i].length; byte++, at++)
			cr_assert_eq(chain.piece[i].data[byte],
				at < header ? 0 : net_pattern(5, at - header), "byte %u", at);
	/* NETL-03: what the device claims to have written there means nothing. */
	model_complete(rig.net.model, RIG_TX, chain.head, UINT32_MAX);
	kl_net_tx_kick(rig.net.net, 0);
}

/* NRX-01: and so many before one that arrives. */
static void expect_received_after(uint32_t header)
{
	struct rte_mbuf *packet;

	cr_assert(model_pop(rig.net.model, RIG_RX, &chain));
	cr_assert_eq(chain.count, 1);
	memset(chain.piece[0].data, 0, header);
	if (header >= 12)
		chain.piece[0].data[10] = 1;
	for (uint32_t i = 0; i < 60; i++)
		chain.piece[0].data[header + i] = net_pattern(6, i);
	model_complete(rig.net.model, RIG_RX, chain.head, header + 60);
	packet = net_receive(&rig.net);
	net_expect_packet(packet, 60, 6);
}

static void expect_header(uint32_t bytes)
{
	control_start(&rig, NULL);
	rig.net.model->queue[RIG_TX].kicks = MODEL_KICKS_ANY;
	rig.net.model->queue[RIG_RX].kicks = MODEL_KICKS_ANY;
	for (unsigned int i = 0; i < 3; i++) {
		expect_sent_after(bytes);
		expect_received_after(bytes);
	}
	control_close(&rig);
}

/* NRX-02: what makes it longer than 20 bytes is offered, and not accepted. */
Test(headers, modern)
{
	for (unsigned int features = 0; features < 4; features++) {
		control_prepare(&rig);
		for (unsigned int bit = 65; bit <= 70; bit++)
			model_offer(rig.net.model, bit);
		if ((features & 1) == 0)
			model_offer_not(rig.net.model, RIG_MRG_RXBUF);
		if ((features & 2) != 0) {
			model_offer(rig.net.model, RIG_HASH_REPORT);
			rig.net.conf.rx_offloads = RTE_ETH_RX_OFFLOAD_RSS_HASH;
		}
		expect_header((features & 2) != 0 ? 20 : 12);
	}
}

/* NETL-01, NETL-02: bytes as the machine has them, which are those of later devices here. */
Test(headers, legacy)
{
	for (unsigned int mergeable = 0; mergeable < 2; mergeable++) {
		ONLY_IF(!ring_is("packed") && !ring_is("in_order"));
		net_prepare(&rig.net);
		rig.net.model->script.interfaces = MODEL_LEGACY;
		rig.net.model->script.next_iova = UINT64_C(1) << 32;
		model_offer_not(rig.net.model, VIRTIO_F_VERSION_1);
		model_offer(rig.net.model, VIRTIO_F_ANY_LAYOUT);
		if (mergeable == 0)
			model_offer_not(rig.net.model, RIG_MRG_RXBUF);
		model_rebuild(rig.net.model);
		expect_header(mergeable == 0 ? 10 : 12);
	}
}
