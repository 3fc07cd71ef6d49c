/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtio network device driven by polling. Packets are rte_mbufs.
 *
 *	kl_device_open("0000:00:05.0", &device);
 *	net = kl_net_from_device(device);
 *	kl_net_start(net, &(struct kl_net_conf){.queue_pairs = 1, .pool = pool});
 *	while (running) {
 *		n = kl_net_rx_burst(net, 0, packets, 32);
 *		...
 *		sent = kl_net_tx_burst(net, 0, packets, n);
 *	}
 *	kl_net_stop(net);
 *	kl_device_close(device);
 *
 * Threads: the burst functions of one direction of one queue belong to one thread at a time. All
 * else belongs to one control thread per device, which may read statistics while bursts run but must
 * have ended them before it stops the device.
 */
#ifndef KICKLESS_NET_H
#define KICKLESS_NET_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <kickless/device.h>
#include <kickless/queue.h>
#include <kickless/version.h>

struct kl_net;

#define KL_NET_MAC_BYTES 6
#define KL_NET_SPEED_UNKNOWN UINT32_MAX

/* What the device says of itself; read again at start and whenever it tells of a change. */
struct kl_net_info {
	uint8_t mac[KL_NET_MAC_BYTES];
	bool mac_is_random; /* the device has none, or a useless one */
	uint16_t mtu; /* 1500 when the device does not say */
	uint16_t max_mtu; /* the largest that the device allows; 65535 when it does not say */
	bool link_up; /* true when the device does not say */
	uint32_t speed_mbps; /* KL_NET_SPEED_UNKNOWN when the device does not say */
	bool full_duplex;
	uint16_t max_queue_pairs;
	uint16_t rx_ring_max; /* largest ring sizes, in descriptors; 0 before the first start */
	uint16_t tx_ring_max;

	/*
	 * What a start may ask for, as RTE_ETH_TX_OFFLOAD_* and RTE_ETH_RX_OFFLOAD_* of
	 * rte_ethdev.h. VLAN tags and checksums that the device can't do are done in software.
	 */
	uint64_t tx_offloads;
	uint64_t rx_offloads;
	uint8_t rss_key_max; /* bytes of the hash key; 0: the device hashes nothing */
	uint16_t rss_table_max; /* entries of the indirection table; 0: no RSS */
	uint64_t rss_types; /* RTE_ETH_RSS_* that the device can hash */

	/* How often the device asked for gratuitous packets; see kl_net_announcement_create. */
	uint32_t announcements;
};

struct kl_net_conf {
	/* Receive queues get interrupts, so that kl_net_rx_arm makes sense. */
	bool rx_interrupts;
	uint16_t queue_pairs; /* 1 to max_queue_pairs; 0 takes 1 */
	uint16_t rx_ring_size; /* a power of two; 0 takes the device's maximum */
	uint16_t tx_ring_size;
	struct rte_mempool
		*pool; /* where receive buffers come from; any thread of a queue allocates */
	struct kl_kick_policy
		tx_kick; /* zero is eager, which is right unless the queue is polled all the time */
	/*
	 * A transmit queue with packets in flight and no progress for so long, as far as it is
	 * polled, is taken for broken, and kl_net_recover resets the device; 0: it may stand still as
	 * long as it likes, as it does where somebody holds the other side.
	 */
	uint32_t tx_timeout_ms;
	/*
	 * Of those in struct kl_net_info. A device's feature is accepted only when something here
	 * asks for it, because from then on packets may come with, or must be given, what it means:
	 *	TX *_CKSUM	packets may ask for checksums by RTE_MBUF_F_TX_*; also those that came from
	 *			another port with RTE_MBUF_F_RX_L4_CKSUM_NONE get theirs completed
	 *	TX TCP_TSO	TCP packets up to 64 KiB with RTE_MBUF_F_TX_TCP_SEG; UDP_TSO likewise
	 *	RX *_CKSUM	packets come with RTE_MBUF_F_RX_L4_CKSUM_*; NONE: the data is good, but the
	 *			checksum field holds only the sum of the pseudo header
	 *	RX TCP_LRO	packets come larger than the MTU, with RTE_MBUF_F_RX_LRO and tso_segsz
	 *	RX RSS_HASH	packets come with RTE_MBUF_F_RX_RSS_HASH
	 *	RX VLAN_FILTER	tagged packets come only with an id that kl_net_vlan_set let through
	 */
	uint64_t tx_offloads;
	uint64_t rx_offloads;
};

enum kl_net_direction {
	KL_NET_RX,
	KL_NET_TX,
};

/*
 * One queue's counters; those of struct kl_queue_stats hold for all queue kinds. Counted since the
 * device was opened, across restarts; written by the queue's thread only.
 */
struct kl_net_queue_stats {
	struct kl_queue_stats queue;
	uint64_t packets; /* handed to, or taken from, the application and good */
	uint64_t bytes; /* of those, from the Ethernet header on, without FCS */
	uint64_t errors; /* rx: dropped as malformed by the device; tx: dropped as impossible to
			    send */
	uint64_t nombuf; /* rx: refills that found the pool short */
	uint64_t interrupts; /* rx: the device's notifications, as kl_net_rx_disarm finds them */
	uint64_t resets; /* times that kl_net_recover brought the device back */
};

struct kl_net_queue_info {
	uint16_t size; /* ring descriptors */
	struct kl_kick_policy kick;
	const char *ring; /* "split" */
	const char *path; /* the burst function's variant, such as "mergeable" */
	enum kl_queue_fault fault; /* why it moves nothing, or KL_QUEUE_OK: see kl_net_recover */
	bool is_stopped; /* by kl_net_queue_stop */
};

/* The name of an offload without its prefix, such as "TCP_CKSUM"; NULL for other bits than one. */
KL_API const char *kl_net_tx_offload_name(uint64_t offload);
KL_API const char *kl_net_rx_offload_name(uint64_t offload);

/* The network side of a device, NULL when it is of another type. */
KL_API struct kl_net *kl_net_from_device(struct kl_device *device);

KL_API const struct kl_net_info *kl_net_info(const struct kl_net *net);

/*
 * Negotiates, sets the queues up, fills the receive rings and lets the device run. Returns 0, or
 * after a message -EINVAL (conf), -EBUSY (running already), -ENOTSUP, -EPROTO, -ENOMEM (pool or
 * ring memory), -EIO, -ETIMEDOUT; the device is then stopped and may be started again, unless its
 * reset timed out. What kickless/net_control.h has set is told to the device again, and a refusal
 * there is one of the start.
 */
KL_API int kl_net_start(struct kl_net *net, const struct kl_net_conf *conf);

/*
 * Resets the device and frees all packets it held, once all threads have left the burst functions,
 * which from then on take and return nothing. 0, also when it was not running; -EIO, -ETIMEDOUT as
 * kl_device_reset; -EAGAIN, and nothing is stopped, when a thread stayed in a call for 5 s.
 */
KL_API int kl_net_stop(struct kl_net *net);

/*
 * Looks whether the device asks for a reset, whether a queue no longer trusts it, or whether the
 * back end behind it has gone away; if so, brings it back as it was: waits for the queues' threads
 * to leave their calls, resets the device, and sets it up again. What was in flight is freed and
 * counted as failed, and what had been received but not taken is lost with it. Bursts may go on all
 * the time: they take and return nothing until the device is back.
 *
 * To be called about once a second, and when kl_device_event_fd is readable, after
 * kl_device_event_handle. Costs a register read, an exit with most devices. Control thread.
 *
 * Returns 0 when the device runs, or is stopped; -EAGAIN when it is not there now, or a thread stayed
 * in a call for 5 s: call again later; other errors when it was given up, which has been said: its
 * queues stand still until a stop and start. A device that is there gets three resets a minute; one
 * whose back end comes and goes is waited for without end.
 */
KL_API int kl_net_recover(struct kl_net *net);

/*
 * Stops one queue while the others run: waits for its thread to leave the burst functions, which on
 * this queue take and return nothing from then on, and resets it. What it had not sent is freed and
 * counted as failed; what had arrived and was not taken is lost. It stays stopped when
 * kl_net_recover resets the device, and starts with the next kl_net_start. Virtio 1.x, 2.6.1. Control
 * thread.
 *
 * 0, also when it is stopped, or started, already; after a message -EINVAL (the port does not run, or
 * has no such queue), -ENOTSUP (the device was not started with RING_RESET), -EAGAIN (a thread stayed
 * in a call for 5 s, or the device is not there now); -EIO, -EPROTO, -ETIMEDOUT: the device did not
 * do it. When that is a stop's, nothing moves on the queue until kl_net_recover has reset the device,
 * and then it runs again.
 */
KL_API int kl_net_queue_stop(struct kl_net *net, enum kl_net_direction direction, uint16_t queue);
/* Starts it again, with an empty transmit or a full receive ring. The counters go on. */
KL_API int kl_net_queue_start(struct kl_net *net, enum kl_net_direction direction, uint16_t queue);

/** The state of the device: kl_device_state. Thread: any. */
KL_API enum kl_device_state kl_net_state(const struct kl_net *net);

/* Offloads that are in force since the start: what was asked for and what comes with it; 0 before. */
KL_API uint64_t kl_net_tx_offloads(const struct kl_net *net);
KL_API uint64_t kl_net_rx_offloads(const struct kl_net *net);

/* Queue pairs of the last start. */
KL_API uint16_t kl_net_queue_pairs(const struct kl_net *net);

/*
 * Receives up to count packets of queue into packets, and refills the ring. The packets belong to
 * the caller. Returns how many. Virtio 1.x, 5.1.9.4.
 */
KL_API uint16_t kl_net_rx_burst(struct kl_net *net, uint16_t queue, struct rte_mbuf **packets,
	uint16_t count);

/*
 * Sleeping until packets come, instead of polling for them:
 *
 *	kl_net_tx_kick of the queues that the thread sends by
 *	if (!kl_net_rx_arm(net, queue)) {
 *		poll kl_net_queue_event_fd for at most a second or so
 *	}
 *	kl_net_rx_disarm(net, queue)
 *
 * The limit is for devices that lose a notification, and for a pool that was empty when the ring was
 * refilled. Several queues: arm all, sleep only if none has work, disarm all that were armed.
 */

/* Readable when packets came to an armed queue; -1 when there is no interrupt for it. Constant
 * while the device runs. Any thread. */
KL_API int kl_net_queue_event_fd(const struct kl_net *net, uint16_t queue);

/*
 * Asks the device to tell of the next packet. True when one is there already, and the caller must not
 * sleep. The queue's thread. Virtio 1.x, 2.7.7.1, 2.7.14.
 */
KL_API bool kl_net_rx_arm(struct kl_net *net, uint16_t queue);

/* The queue is polled again: no more notifications; empties the event's descriptor. Its thread. */
KL_API void kl_net_rx_disarm(struct kl_net *net, uint16_t queue);

/*
 * Sends up to count packets on queue. Returns how many were taken, from the front; those belong to
 * the driver and are freed to their pools when the device is done with them, some calls later. The
 * others remain the caller's: the ring is full. A packet that can never be sent (empty, or more
 * pieces than the ring allows) is taken, freed and counted as an error. With a kick policy that
 * waits, call it with count 0 too while there is nothing to send (see struct kl_kick_policy).
 * Virtio 1.x, 5.1.9.2.
 */
KL_API uint16_t kl_net_tx_burst(struct kl_net *net, uint16_t queue, struct rte_mbuf **packets,
	uint16_t count);

/* Takes back what the device has sent and makes an owed kick decision now. The queue's thread. */
KL_API void kl_net_tx_kick(struct kl_net *net, uint16_t queue);

/* -EINVAL when there is no such queue; any thread. */
KL_API int kl_net_queue_stats_get(const struct kl_net *net, enum kl_net_direction direction,
	uint16_t queue, struct kl_net_queue_stats *stats);
KL_API int kl_net_queue_info_get(const struct kl_net *net, enum kl_net_direction direction,
	uint16_t queue, struct kl_net_queue_info *info);

#endif
