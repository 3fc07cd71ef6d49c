/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Settings of a network device that can change while it runs, over its control queue: receive
 * filters, steering, coalescing, counters. Virtio 1.4, 5.1.9.5.
 *
 * Threads: the device's control thread, one call at a time. Bursts may go on meanwhile. Each
 * command waits for the device's answer, asleep, at most for timeout_ms of the device's name.
 *
 * A setting lasts. Made before a start, or in an earlier run, it is sent to the device by each
 * start and recovery, since a reset makes the device forget it. While the device is stopped it is
 * checked only against the features that the device offers and its name does not decline. A start
 * or a recovery that can't have it (its feature was not accepted, or the device refuses the
 * command) logs a warning and runs without: kl_net_info then has it in unapplied_settings.
 *
 * Errors, after a message:
 *	-ENOTSUP	the device did not offer, or the start did not accept, a feature, which is
 *			named
 *	-EINVAL		a value out of range; the range is named
 *	-EIO		the device refuses the command, answers it wrongly, or needs a reset
 *	-ETIMEDOUT	no answer in time. The command's memory stays the device's. Unless it
 *			answers late, each further command fails in the same way until the
 *			device was stopped
 * After an error the setting is as it was before.
 *
 *	function				thread	states		returns
 *	kl_net_setting_name			any	-		a name, or NULL
 *	kl_net_rx_mode_set			control	all		0 or -errno
 *	kl_net_rx_mode_get			control	all		whether it was set on
 *	kl_net_mac_set, _add, _remove		control	all		0 or -errno
 *	kl_net_mac_get				control	all		an address, or NULL
 *	kl_net_vlan_set				control	all		0 or -errno
 *	kl_net_vlan_get				control	all		whether it was set on
 *	kl_net_rss_set, _get			control	all		0 or -errno
 *	kl_net_hash_tunnels_set			control	all		0 or -errno
 *	kl_net_hash_tunnels_get			control	all		a mask
 *	kl_net_rx_offloads_set			control	running		0 or -errno
 *	kl_net_mtu_set				control	all		0 or -errno
 *	kl_net_coalescing_set			control	all		0 or -errno
 *	kl_net_queue_coalescing_set, _get	control	running		0 or -errno
 *	kl_net_device_counters_get		control	running		a number or -errno
 *	kl_net_announcement_create		control	all		a packet, or NULL
 */
#ifndef KICKLESS_NET_CONTROL_H
#define KICKLESS_NET_CONTROL_H

#include <kickless/net.h>

/** Receive modes: packets beyond those for the device's address and the tables below. 5.1.9.5.1. */
enum kl_net_rx_mode {
	KL_NET_PROMISCUOUS, /* all of them */
	KL_NET_ALL_MULTICAST,
	KL_NET_ALL_UNICAST,
	KL_NET_NO_MULTICAST, /* even if a table has them */
	KL_NET_NO_UNICAST,
	KL_NET_NO_BROADCAST,
	KL_NET_RX_MODES,
};

/** Settings, as bits 1 << setting in unapplied_settings of struct kl_net_info. */
enum kl_net_setting {
	KL_NET_SETTING_PROMISCUOUS = KL_NET_PROMISCUOUS,
	KL_NET_SETTING_ALL_MULTICAST = KL_NET_ALL_MULTICAST,
	KL_NET_SETTING_ALL_UNICAST = KL_NET_ALL_UNICAST,
	KL_NET_SETTING_NO_MULTICAST = KL_NET_NO_MULTICAST,
	KL_NET_SETTING_NO_UNICAST = KL_NET_NO_UNICAST,
	KL_NET_SETTING_NO_BROADCAST = KL_NET_NO_BROADCAST,
	KL_NET_SETTING_MAC,
	KL_NET_SETTING_MAC_TABLE,
	KL_NET_SETTING_VLANS,
	KL_NET_SETTING_QUEUE_PAIRS, /* queue_pairs of struct kl_net_info has those in use */
	KL_NET_SETTING_RSS,
	KL_NET_SETTING_HASH_TUNNELS,
	KL_NET_SETTING_COALESCING,
	KL_NET_SETTING_RX_OFFLOADS,
	KL_NET_SETTING_QUEUE_STOPS,
	KL_NET_SETTINGS,
};

/**
 * The name of a setting, such as "promiscuous mode".
 *
 * Thread: any.
 * Returns: a constant text; NULL for other values.
 */
KL_API const char *kl_net_setting_name(enum kl_net_setting setting);

/**
 * Sets a receive mode. Needs CTRL_RX, the last four CTRL_RX_EXTRA. A mode that was never set is the
 * device's choice. Filters are best effort: other packets may still come.
 *
 * Thread: control.
 * Returns: 0, or -errno as above.
 * Spec: 5.1.9.5.1.
 */
KL_API int kl_net_rx_mode_set(struct kl_net *net, enum kl_net_rx_mode mode, bool on);
/**
 * True when a receive mode was last set on.
 *
 * Thread: control.
 */
KL_API bool kl_net_rx_mode_get(const struct kl_net *net, enum kl_net_rx_mode mode);

/**
 * Sets the device's own address, which kl_net_info then has. Unicast. Needs CTRL_RX; without
 * CTRL_MAC_ADDR it is an entry in the table.
 *
 * Thread: control.
 * Returns: 0, or -errno as above.
 * Spec: 5.1.9.5.2.
 */
KL_API int kl_net_mac_set(struct kl_net *net, const uint8_t mac[KL_NET_MAC_BYTES]);

#define KL_NET_MACS_MAX 64

/**
 * Adds a further address, unicast or multicast. Needs CTRL_RX. One that is there, or the device's
 * own, changes nothing.
 *
 * Thread: control.
 * Returns: 0, or -errno as above; -ENOSPC: there are KL_NET_MACS_MAX.
 * Spec: 5.1.9.5.2.
 */
KL_API int kl_net_mac_add(struct kl_net *net, const uint8_t mac[KL_NET_MAC_BYTES]);

/**
 * Removes an address that kl_net_mac_add has added.
 *
 * Thread: control.
 * Returns: 0, or -errno as above; -ENOENT: there is none such.
 * Spec: 5.1.9.5.2.
 */
KL_API int kl_net_mac_remove(struct kl_net *net, const uint8_t mac[KL_NET_MAC_BYTES]);

/**
 * The n-th of the further addresses; NULL at the end. Valid until the next change.
 *
 * Thread: control.
 */
KL_API const uint8_t *kl_net_mac_get(const struct kl_net *net, unsigned int n);

/**
 * Passes packets tagged with id, 0 to 4095, or drops them again. In a running device it needs a
 * start with RTE_ETH_RX_OFFLOAD_VLAN_FILTER. Without that all tags pass.
 *
 * Thread: control.
 * Returns: 0, or -errno as above.
 * Spec: 5.1.9.5.3.
 */
KL_API int kl_net_vlan_set(struct kl_net *net, uint16_t id, bool on);

/**
 * True when packets tagged with id were last set to pass.
 *
 * Thread: control.
 */
KL_API bool kl_net_vlan_get(const struct kl_net *net, uint16_t id);

/**
 * Receive side scaling: the hash of packets, and their distribution over the receive
 * queues. 5.1.9.5.6.4, 5.1.9.5.7.
 */
struct kl_net_rss {
	/* RTE_ETH_RSS_*, of those in kl_net_info; 0 hashes nothing: all packets go to queue 0. */
	uint64_t types;
	const uint8_t *key; /* NULL selects one of 40 bytes, or of as many as the device allows */
	uint8_t key_bytes; /* 1 to rss_key_max */
	const uint16_t *table; /* receive queues; NULL selects all that run, in turn */
	/* A power of two, 1 to rss_table_max; with NULL, 0 selects the most useful size. */
	uint16_t table_entries;
};

/**
 * Sets receive side scaling. Needs RSS, or HASH_REPORT and then without table. With several queue
 * pairs and no such setting the device distributes packets by automatic steering (5.1.9.5.6). NULL
 * returns to that, with the next start.
 *
 * Thread: control.
 * Ownership: key and table are copied.
 * Returns: 0, or -errno as above.
 * Spec: 5.1.9.5.6.4, 5.1.9.5.7.
 */
KL_API int kl_net_rss_set(struct kl_net *net, const struct kl_net_rss *rss);

/**
 * Copies the setting of receive side scaling that is in force.
 *
 * Thread: control.
 * Ownership: key and table are the driver's, valid until the next change.
 * Returns: 0; -ENOENT when there is none.
 */
KL_API int kl_net_rss_get(const struct kl_net *net, struct kl_net_rss *rss);

/** Encapsulations whose inner packet can be hashed instead of the outer one. 5.1.9.4.4.4. */
enum kl_net_tunnel {
	KL_NET_TUNNEL_GRE_2784 = 1 << 0,
	KL_NET_TUNNEL_GRE_2890 = 1 << 1,
	KL_NET_TUNNEL_GRE_7676 = 1 << 2,
	KL_NET_TUNNEL_GRE_UDP = 1 << 3,
	KL_NET_TUNNEL_VXLAN = 1 << 4,
	KL_NET_TUNNEL_VXLAN_GPE = 1 << 5,
	KL_NET_TUNNEL_GENEVE = 1 << 6,
	KL_NET_TUNNEL_IPIP = 1 << 7,
	KL_NET_TUNNEL_NVGRE = 1 << 8,
};

/**
 * Sets the tunnels whose inner packet is hashed, a mask of enum kl_net_tunnel. Needs HASH_TUNNEL.
 *
 * Thread: control.
 * Returns: 0, or -errno as above.
 * Spec: 5.1.9.4.4.4.
 */
KL_API int kl_net_hash_tunnels_set(struct kl_net *net, uint32_t types);

/**
 * The tunnels that the device supports, a mask of enum kl_net_tunnel.
 *
 * Thread: control.
 */
KL_API uint32_t kl_net_hash_tunnels_get(const struct kl_net *net);

/**
 * Changes receive offloads of a running device. VLAN_STRIP changes freely. Checksums and TCP_LRO
 * can be turned off, and on again when the start requested them (needs CTRL_GUEST_OFFLOADS). The
 * others stay. The next start uses its own configuration again.
 *
 * Thread: control.
 * Returns: 0, or -errno as above.
 * Spec: 5.1.9.5.9.
 */
KL_API int kl_net_rx_offloads_set(struct kl_net *net, uint64_t rx_offloads);

/**
 * Sets the MTU: 68 to max_mtu bytes behind the Ethernet header and up to four VLAN tags. The driver
 * refuses to send larger packets without TSO. Received ones may be larger, as the device decides.
 *
 * Thread: control.
 * Returns: 0; after a message -EINVAL, also when the receive buffers of a running device
 * are too small.
 */
KL_API int kl_net_mtu_set(struct kl_net *net, uint16_t mtu);

/**
 * Coalescing, for a queue with a waiting thread, not a polled one. The device may
 * notify after max_packets or max_usecs, whichever comes first. 0 in either notifies
 * after each packet. 5.1.9.5.10.
 */
struct kl_net_coalescing {
	uint32_t max_packets;
	uint32_t max_usecs;
};

/**
 * Sets coalescing for all queues of a direction. Needs NOTF_COAL.
 *
 * Thread: control.
 * Returns: 0, or -errno as above.
 * Spec: 5.1.9.5.10.
 */
KL_API int kl_net_coalescing_set(struct kl_net *net, enum kl_net_direction direction,
	const struct kl_net_coalescing *coalescing);

/**
 * Sets coalescing for one queue of a running device. Needs VQ_NOTF_COAL.
 *
 * Thread: control.
 * Returns: 0, or -errno as above.
 * Spec: 5.1.9.5.10.
 */
KL_API int kl_net_queue_coalescing_set(struct kl_net *net, enum kl_net_direction direction,
	uint16_t queue, const struct kl_net_coalescing *coalescing);

/**
 * Reads coalescing of one queue from a running device. Needs VQ_NOTF_COAL.
 *
 * Thread: control.
 * Returns: 0, or -errno as above.
 * Spec: 5.1.9.5.10.
 */
KL_API int kl_net_queue_coalescing_get(struct kl_net *net, enum kl_net_direction direction,
	uint16_t queue, struct kl_net_coalescing *coalescing);

/** A counter of the device's own: its name in the specification, such as "rx_drop_overruns". */
struct kl_net_device_counter {
	const char *name;
	uint64_t value; /* wraps */
};
#define KL_NET_DEVICE_COUNTERS_MAX 32

/**
 * Reads the running device's own counters of a queue, as many as it has. Needs DEVICE_STATS.
 *
 * Thread: control.
 * Returns: the number of counters, at most KL_NET_DEVICE_COUNTERS_MAX, or -errno as above.
 * Spec: 5.1.9.5.11.
 */
KL_API int kl_net_device_counters_get(struct kl_net *net, enum kl_net_direction direction,
	uint16_t queue, struct kl_net_device_counter counters[KL_NET_DEVICE_COUNTERS_MAX]);

/**
 * Makes the gratuitous packet that announces the device's new place in the network: a reverse ARP
 * request from its address, to all. It is due whenever kl_net_info's announcements has grown; by
 * then the driver has acknowledged the device's request.
 *
 * Thread: control.
 * Ownership: the packet is the caller's, to be sent on any queue.
 * Returns: NULL when the pool is empty.
 * Spec: 5.1.9.5.4.
 */
KL_API struct rte_mbuf *kl_net_announcement_create(const struct kl_net *net,
	struct rte_mempool *pool);

#endif
