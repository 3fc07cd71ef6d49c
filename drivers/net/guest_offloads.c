/* SPDX-License-Identifier: BSD-3-Clause */
/* Receive offloads of a running device: virtio 1.x, 5.1.9.5.9. */
#include <errno.h>

#include <kickless/log.h>

#include "control.h"
#include "feature_bits.h"
#include "queue.h"
#include "replay.h"
#include "rx.h"
#include "wire_control.h"

#define FEATURE(name) RTE_BIT64(VIRTIO_NET_F_##name)
#define LARGE \
	(FEATURE(GUEST_TSO4) | FEATURE(GUEST_TSO6) | FEATURE(GUEST_ECN) | FEATURE(GUEST_UFO) | \
		FEATURE(GUEST_USO4) | FEATURE(GUEST_USO6))

/* Offloads that the device does and a command can change; VLAN_STRIP is the driver's. */
#define BY_DEVICE (NET_RX_CKSUM_OFFLOADS | RTE_ETH_RX_OFFLOAD_TCP_LRO)
#define CHANGEABLE (BY_DEVICE | RTE_ETH_RX_OFFLOAD_VLAN_STRIP)

/* CTL-26: only what was negotiated. Large packets come without their checksums. */
static uint64_t bits_of(const struct kl_net *net, uint64_t rx_offloads)
{
	uint64_t bits = 0;

	if ((rx_offloads & BY_DEVICE) != 0)
		bits |= FEATURE(GUEST_CSUM);
	if ((rx_offloads & RTE_ETH_RX_OFFLOAD_TCP_LRO) != 0)
		bits |= LARGE;
	return bits & kl_device_info(net->device)->accepted.word[0];
}

static int check_offloads(const struct kl_net *net, uint64_t rx_offloads)
{
	uint64_t negotiated = net_rx_offloads_of(&kl_device_info(net->device)->accepted);
	uint64_t changed = rx_offloads ^ net->rx_offloads;
	uint64_t refused = changed & ~CHANGEABLE;

	refused |= rx_offloads & ~negotiated;
	if (refused == 0)
		return 0;
	refused &= -refused;
	kl_error("%s: the receive offload %s can't change while the device runs; stop it first",
		kl_device_info(net->device)->name,
		kl_net_rx_offload_name(refused) != NULL ? kl_net_rx_offload_name(refused) :
							  "requested");
	return -EINVAL;
}

/*
 * Tags are stripped by the driver, or not. A command changes the device's offloads for packets that
 * it has not delivered yet, so for those the rules stay those of the features. The burst reads one
 * flag, and its own address when it is called.
 */
static void set_stripping(struct kl_net *net, bool on)
{
	for (uint16_t i = 0; i < net->info.queue_pairs; i++) {
		struct net_rxq *rxq = &net->pairs[i].rx;

		rxq->rules.strips_vlan = on;
		rxq->rules.is_needed |= on;
		net_rx_choose(rxq, rxq->is_mergeable);
	}
}

static int apply_offloads(struct kl_net *net, uint64_t rx_offloads)
{
	uint64_t bits = bits_of(net, rx_offloads);
	int rc = 0;

	if (bits != bits_of(net, net->rx_offloads)) {
		rc = net_require_feature(net, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS,
			"a change of receive offloads");
		if (rc == 0)
			rc = net_control_send(net, "the receive offloads",
				VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET,
				&bits, sizeof(bits));
	}
	if (rc != 0)
		return rc;
	set_stripping(net, (rx_offloads & RTE_ETH_RX_OFFLOAD_VLAN_STRIP) != 0);
	net->rx_offloads = rx_offloads;
	return 0;
}

int kl_net_rx_offloads_set(struct kl_net *net, uint64_t rx_offloads)
{
	int rc = net_check_queue(net, 0);

	if (rc == 0)
		rc = net_check_presence(net, "receive offloads can't change");
	if (rc == 0)
		rc = check_offloads(net, rx_offloads);
	if (rc == 0)
		rc = apply_offloads(net, rx_offloads);
	if (rc != 0)
		return rc;
	net_setting_applied(net, KL_NET_SETTING_RX_OFFLOADS);
	net->settings.rx_offloads_set = true;
	net->settings.rx_offloads = rx_offloads;
	return 0;
}

/* Returns -ENOTSUP. */
static int report_missing(const struct kl_net *net, uint64_t offloads)
{
	const char *name = kl_net_rx_offload_name(offloads & -offloads);

	net_report(net,
		"the receive offload %s is not possible: the device has not accepted its features",
		name != NULL ? name : "requested");
	return -ENOTSUP;
}

/* A back end that reconnected may offer less than before. */
int net_rx_offloads_replay(struct kl_net *net)
{
	const uint64_t possible = net_rx_offloads_of(&kl_device_info(net->device)->accepted);
	const uint64_t wanted = net->settings.rx_offloads & CHANGEABLE;
	int rc;

	if (!net->settings.rx_offloads_set)
		return 0;
	net_replay_begin(net, KL_NET_SETTING_RX_OFFLOADS);
	rc = apply_offloads(net, (net->rx_offloads & ~CHANGEABLE) | (wanted & possible));
	if (rc == 0 && (wanted & ~possible) != 0)
		rc = report_missing(net, wanted & ~possible);
	return net_replay_end(net, rc);
}
