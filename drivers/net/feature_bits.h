/* SPDX-License-Identifier: BSD-3-Clause */
/* Features of the device that are accepted, and the offloads that they make: virtio 1.x, 5.1.3. */
#ifndef KL_NET_FEATURE_BITS_H
#define KL_NET_FEATURE_BITS_H

#include <rte_ethdev.h>

#include "state.h"

#define NET_TX_CKSUM_OFFLOADS (RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM)
#define NET_TX_SEGMENT_OFFLOADS (RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_UDP_TSO)
#define NET_RX_CKSUM_OFFLOADS (RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM)

/* Names and prerequisites of the type's own bits, for struct kl_driver. */
extern const struct kl_feature_name net_feature_names[];
extern const struct kl_feature_rule net_feature_rules[];

/* Offloads that a device with these features can do, all prerequisites taken into account. */
uint64_t net_tx_offloads_of(const struct kl_features *set);
uint64_t net_rx_offloads_of(const struct kl_features *set);

/* Sets the offloads that a start may request, by the features offered and the user's options. */
void net_offloads_possible(struct kl_net *net);

/*
 * Adds to the offloads what the user insisted on by the names of features. Returns the
 * features to request.
 */
struct kl_features net_features_wanted(const struct kl_net *net, uint64_t *tx_offloads,
	uint64_t *rx_offloads);

/*
 * After the negotiation: sets the offloads in force. -ENOTSUP after a message that names a
 * requested offload which is not possible.
 */
int net_offloads_apply(struct kl_net *net, uint64_t tx_offloads, uint64_t rx_offloads);

/*
 * 0 when a command that needs feature can be sent, or, while the device is stopped, may be possible
 * after the next start. -ENOTSUP after a message that names what, the purpose of the command.
 */
int net_require_feature(const struct kl_net *net, unsigned int feature, const char *what);

#endif
