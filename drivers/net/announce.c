/* SPDX-License-Identifier: BSD-3-Clause */
#include "announce.h"

#include <rte_arp.h>

#include <kickless/log.h>

#include "state.h"
#include "wire_control.h"

/* Sending is the application's: the transmit queues belong to its threads. */
void net_announce_asked(struct kl_net *net)
{
	if (!kl_device_has(net->device, VIRTIO_NET_F_GUEST_ANNOUNCE))
		return;
	net->info.announcements++;
	/* A failure has been logged, and the next change of the configuration tries again. */
	(void)net_control_send(net, "the acknowledgement of an announcement",
		VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, NULL, 0);
}

struct rte_mbuf *kl_net_announcement(const struct kl_net *net, struct rte_mempool *pool)
{
	struct rte_ether_addr mac;
	struct rte_mbuf *packet;
	char *padding;

	memcpy(mac.addr_bytes, net->info.mac, sizeof(mac.addr_bytes));
	packet = rte_net_make_rarp_packet(pool, &mac);
	if (packet == NULL)
		return NULL;
	padding = rte_pktmbuf_append(packet,
		RTE_ETHER_MIN_LEN - RTE_ETHER_CRC_LEN - packet->data_len);
	if (padding != NULL)
		memset(padding, 0,
			(size_t)(packet->data_len - (padding - rte_pktmbuf_mtod(packet, char *))));
	return packet;
}
