/* SPDX-License-Identifier: BSD-3-Clause */
#include "announce.h"

#include <inttypes.h>

#include <rte_arp.h>

#include <kickless/log.h>

#include "control.h"
#include "state.h"
#include "wire_control.h"

/* Requests that may come at once; after them one in a second is acknowledged. */
#define REQUESTS_AT_ONCE 8

void net_announce_requested(struct kl_net *net)
{
	struct net_announce *announce = &net->announce;
	uint64_t *suppressed = &announce->limit.suppressed;

	if (!kl_device_has(net->device, VIRTIO_NET_F_GUEST_ANNOUNCE))
		return;
	announce->is_pending = !net_limit_take(&announce->limit, REQUESTS_AT_ONCE, 1);
	if (announce->is_pending)
		return;
	/* Requests that were not answered are logged with the next one that is. */
	if (*suppressed > 0)
		kl_warning("%s: the device requests announcements all the time; %" PRIu64
			   " were not answered, one in a second is",
			kl_device_info(net->device)->name, *suppressed);
	*suppressed = 0;
	net->info.announcements++;
	(void)net_control_send(net, "the acknowledgement of an announcement",
		VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, NULL, 0);
}

/*
 * Clears the bytes behind the message, which are an earlier packet's, and trims the
 * frame check sequence.
 */
static void pad_packet(struct rte_mbuf *packet)
{
	const uint16_t used = RTE_ETHER_HDR_LEN + sizeof(struct rte_arp_hdr);
	const uint16_t frame = RTE_ETHER_MIN_LEN - RTE_ETHER_CRC_LEN;

	if (packet->data_len < frame)
		return;
	rte_pktmbuf_trim(packet, packet->data_len - frame);
	memset(rte_pktmbuf_mtod_offset(packet, void *, used), 0, frame - used);
}

struct rte_mbuf *kl_net_announcement_create(const struct kl_net *net, struct rte_mempool *pool)
{
	struct rte_ether_addr mac;
	struct rte_mbuf *packet;

	memcpy(mac.addr_bytes, net->info.mac, sizeof(mac.addr_bytes));
	packet = rte_net_make_rarp_packet(pool, &mac);
	if (packet != NULL)
		pad_packet(packet);
	return packet;
}
