/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
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
 *	function			thread	states		returns
 *	kl_net_from_device		control	all		the NIC, or NULL
 *	kl_net_info			any	all		properties of the device
 *	kl_net_start			control	stopped, failed	0 or -errno
 *	kl_net_stop			control	all		0 or -errno
 *	kl_net_recover			control	all		0, -EAGAIN, or -errno
 *	kl_net_state			any	all		the state
 *	kl_net_queue_stop, _start	control	running		0; else -EINVAL, -EAGAIN
 *	kl_net_tx_offloads		control	all		0 unless started
 *	kl_net_rx_offloads		control	all		0 unless started
 *	kl_net_queue_pairs		control	all		those of the last start
 *	kl_net_pool_create		control	-		a mempool, or NULL
 *	kl_net_pool_free		control	-		0 or -errno
 *	kl_net_pool_grant, _revoke	control	all		0 or -errno
 *	kl_net_rx_burst			queue	all		0 unless running
 *	kl_net_tx_burst			queue	all		0 unless running
 *	kl_net_tx_kick			queue	all		nothing
 *	kl_net_rx_arm			queue	all		false unless running
 *	kl_net_rx_disarm		queue	all		nothing
 *	kl_net_queue_event_fd		any	all		-1 without an interrupt
 *	kl_net_queue_stats_get		any	all		0, -EINVAL
 *	kl_net_queue_info_get		any	all		0; else -EINVAL, -EAGAIN
 *	kl_net_queue_has_completed	control	all		0, 1; else -EINVAL, -EAGAIN
 *	kl_net_ring_size		control	all		descriptors
 *	kl_net_tx_offload_name		any	-		a name, or NULL
 *	kl_net_rx_offload_name		any	-		a name, or NULL
 *
 * Threads: "queue" is one thread at a time for each direction of each queue. "control" is one
 * thread at a time for the device. It may be a queue's thread, but not within a call of it. While
 * it stops or recovers the device, the threads of the queues may go on with their calls, which then
 * move nothing. Queue functions take queues of the last start, from kl_net_start on.
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

/**
 * Properties of a network device. Read again at each start and at each change of the configuration.
 * The MTU of a device that runs stays that of its start, or of its last recovery.
 */
struct kl_net_info {
	uint8_t mac[KL_NET_MAC_BYTES];
	bool mac_is_random; /* the device has none, or a useless one */
	uint16_t mtu; /* 1500 when the device has no such field */
	uint16_t max_mtu; /* the largest that the device allows; 65535 without such a field */
	bool link_up; /* true when the device has no such field */
	uint32_t speed_mbps; /* KL_NET_SPEED_UNKNOWN when the device does not report it */
	bool full_duplex;
	uint16_t max_queue_pairs; /* with the features that the device's name does not decline */
	/*
	 * Those in use: fewer than kl_net_queue_pairs when the device has fewer since a recovery,
	 * or refused the number. Bursts on the others move nothing. 0 before the first start.
	 */
	uint16_t queue_pairs;
	uint16_t rx_ring_max; /* largest ring sizes, in descriptors; 0 before the first start */
	uint16_t tx_ring_max;

	/*
	 * Offloads that a start may request, as RTE_ETH_TX_OFFLOAD_* and RTE_ETH_RX_OFFLOAD_* of
	 * rte_ethdev.h. VLAN tags and checksums that the device can't do are done in software.
	 */
	uint64_t tx_offloads;
	uint64_t rx_offloads;
	uint8_t rss_key_max; /* bytes of the hash key; 0: the device hashes nothing */
	uint16_t rss_table_max; /* entries of the indirection table; 0: no RSS */
	uint64_t rss_types; /* RTE_ETH_RSS_* that the device can hash */

	/*
	 * Settings of kickless/net_control.h that the last start or recovery could not have: bits
	 * 1 << enum kl_net_setting. They are kept, and sent again by the next one.
	 */
	uint32_t unapplied_settings;

	/* How often the device has requested gratuitous packets: kl_net_announcement_create. */
	uint32_t announcements;
};

/** Settings of a start. */
struct kl_net_conf {
	/* Receive queues get interrupts, so that kl_net_rx_arm makes sense. */
	bool rx_interrupts;
	uint16_t queue_pairs; /* 1 to max_queue_pairs; 0 takes the name's queues=, or 1 */
	uint16_t rx_ring_size; /* of a split ring a power of two; 0: see kl_net_ring_size */
	uint16_t tx_ring_size;
	/* Source of the receive buffers. The threads of the queues allocate from it. */
	struct rte_mempool *pool;
	/* Zero is eager, which is right unless the queue is polled all the time. */
	struct kl_kick_policy tx_kick;
	/*
	 * A transmit queue is broken when it has had packets in flight and no progress for so long,
	 * as far as it is polled. kl_net_recover then resets the device. 0: it may stand still for
	 * any time, as it does while a person stops the back end.
	 */
	uint32_t tx_timeout_ms;
	/*
	 * Of those in struct kl_net_info. A device's feature is accepted only when something here
	 * requests it, because from then on packets may come with, or must be given, what it means:
	 *	TX *_CKSUM	packets may request checksums by RTE_MBUF_F_TX_*; those that came
	 *			from another port with RTE_MBUF_F_RX_L4_CKSUM_NONE get theirs
	 *			completed
	 *	TX TCP_TSO	TCP packets up to 64 KiB with RTE_MBUF_F_TX_TCP_SEG; UDP_TSO
	 *			likewise
	 *	RX *_CKSUM	packets come with RTE_MBUF_F_RX_L4_CKSUM_*; NONE: the data is good,
	 *			but the checksum field holds only the sum of the pseudo header
	 *	RX TCP_LRO	packets come larger than the MTU, with RTE_MBUF_F_RX_LRO and
	 *			tso_segsz
	 *	RX RSS_HASH	packets come with RTE_MBUF_F_RX_RSS_HASH
	 *	RX VLAN_FILTER	tagged packets come only with an id that kl_net_vlan_set let through
	 */
	uint64_t tx_offloads;
	uint64_t rx_offloads;
	/*
	 * Ring sizes of single queues, one for each of queue_pairs; copied. 0 in them takes the
	 * size above. NULL: all have that.
	 */
	const uint16_t *rx_ring_sizes;
	const uint16_t *tx_ring_sizes;
};

/** The two queues of a pair. */
enum kl_net_direction {
	KL_NET_RX,
	KL_NET_TX,
};

/**
 * The counters of one queue. Those of struct kl_queue_stats are the same for all queues. Counted
 * since the device was opened, across restarts. Written by the queue's thread only.
 */
struct kl_net_queue_stats {
	struct kl_queue_stats queue;
	uint64_t packets; /* handed to, or taken from, the application and good */
	uint64_t bytes; /* of those, from the Ethernet header on, without FCS */
	uint64_t errors; /* dropped; rx: malformed by the device; tx: impossible to send */
	uint64_t nombuf; /* rx: refills that found the pool short */
	uint64_t interrupts; /* rx: the device's notifications, as kl_net_rx_disarm finds them */
	uint64_t resets; /* recoveries of the device that ended well */
};

/** Properties of a queue since the last start. */
struct kl_net_queue_info {
	uint16_t size; /* ring descriptors */
	struct kl_kick_policy kick;
	const char *ring; /* "split" */
	const char *path; /* the burst function's variant, such as "mergeable" */
	enum kl_queue_fault fault; /* why it moves nothing, or KL_QUEUE_OK: see kl_net_recover */
	bool is_stopped; /* by kl_net_queue_stop */
	uint16_t in_flight; /* buffers in the queue: with the device, or used and not taken yet */
};

/**
 * The name of a transmit offload without its prefix, such as "TCP_CKSUM"; NULL for other values
 * than one bit of those.
 *
 * Thread: any.
 */
KL_API const char *kl_net_tx_offload_name(uint64_t offload);

/**
 * The name of a receive offload without its prefix; NULL for other values than one bit of those.
 *
 * Thread: any.
 */
KL_API const char *kl_net_rx_offload_name(uint64_t offload);

/**
 * The network side of a device, NULL when its type is another. It lives as long as the device.
 *
 * Thread: control.
 */
KL_API struct kl_net *kl_net_from_device(struct kl_device *device);

/**
 * The properties of the device. The structure lives as long as the device. The control thread
 * changes it at a start and in kl_device_event_handle.
 *
 * Thread: any.
 */
KL_API const struct kl_net_info *kl_net_info(const struct kl_net *net);

/**
 * Negotiates features, sets the queues up, fills the receive rings and lets the device run.
 * Settings of kickless/net_control.h are sent to the device again; it runs without one that it
 * refuses, after a warning.
 *
 * Thread: control.
 * Ownership: the mempool must live until the device is stopped.
 * Returns: 0; after a message -EINVAL (conf), -EBUSY (it is started already), -ENOTSUP, -EPROTO,
 * -EFAULT (the device does not reach the receive buffers), -ENOMEM (pool or ring memory), -EIO,
 * -EAGAIN (a thread has been within a call for 5 s, or its back end is not there); -ETIMEDOUT, it
 * is lost. Unless it is lost, the device is stopped then and may be started again.
 */
KL_API int kl_net_start(struct kl_net *net, const struct kl_net_conf *conf);

/**
 * Waits until all threads have left the functions of the queues, resets the device and frees all
 * packets that it had. From then on these functions take and return nothing.
 *
 * Thread: control.
 * Returns: 0, also when it was not started; after a message -EAGAIN, a thread has been within a
 * call for 5 s, and nothing is stopped; -ETIMEDOUT, the reset did not end: the device is lost;
 * -EIO, it has left the bus: it is stopped all the same.
 */
KL_API int kl_net_stop(struct kl_net *net);

/**
 * Brings the device back as it was when it requests a reset, when a queue is broken, or when its
 * back end has disconnected: waits until the threads have left the functions of the queues, resets
 * the device and sets it up again. What was in flight is freed and counted as failed. What had been
 * received and was not taken is lost. Bursts may go on all the time: they take and return nothing
 * until the device is back.
 *
 * To be called about once a second, and when kl_device_event_fd is readable. Costs a register read,
 * an exit with most devices. It handles an event that is due (kl_device_event_is_due), so that the
 * link follows the device also where no interrupt reports it. A device that is there gets three
 * resets a minute. One whose back end comes and goes is waited for without end.
 *
 * Thread: control.
 * Returns: 0: it runs, or is stopped. -EAGAIN, to be called again: the device is not there now, or
 * a thread has been within a call for 5 s. -ETIMEDOUT: it is lost. Other errors: it has failed,
 * which has been logged; its queues stand still until a stop and start.
 */
KL_API int kl_net_recover(struct kl_net *net);

/**
 * Stops one queue while the others run: waits until its thread has left the functions of the queue,
 * which take and return nothing on it from then on, and resets it. Packets that it had not sent are
 * freed and counted as failed. Packets that had arrived and were not taken are lost. It stays
 * stopped when kl_net_recover resets the device, and starts with the next kl_net_start.
 *
 * Thread: control.
 * Returns: 0, also when it is stopped already; after a message -EINVAL (the device is not
 * started, or has no such queue), -ENOTSUP (it was started without RING_RESET), -EAGAIN (a thread
 * has been within a call for 5 s, or the device is not there now); -EIO, -EPROTO, -ETIMEDOUT: the
 * device did not do it. Then nothing moves on the queue until kl_net_recover has reset the
 * device, and it runs again.
 * Spec: 2.6.1.
 */
KL_API int kl_net_queue_stop(struct kl_net *net, enum kl_net_direction direction, uint16_t queue);

/**
 * Starts a queue that kl_net_queue_stop has stopped, with an empty transmit or a full receive ring.
 * The counters go on.
 *
 * Thread: control.
 * Returns: 0, also when it is started already; errors as of kl_net_queue_stop.
 */
KL_API int kl_net_queue_start(struct kl_net *net, enum kl_net_direction direction, uint16_t queue);

/**
 * The state of the device: kl_device_state.
 *
 * Thread: any.
 */
KL_API enum kl_device_state kl_net_state(const struct kl_net *net);

/**
 * Transmit offloads in force since the start: those requested and those that come with them;
 * 0 unless started.
 *
 * Thread: control.
 */
KL_API uint64_t kl_net_tx_offloads(const struct kl_net *net);

/**
 * Receive offloads in force since the start, as kl_net_tx_offloads.
 *
 * Thread: control.
 */
KL_API uint64_t kl_net_rx_offloads(const struct kl_net *net);

/**
 * Queue pairs of the last start.
 *
 * Thread: control.
 */
KL_API uint16_t kl_net_queue_pairs(const struct kl_net *net);

/**
 * Receives up to count packets of a queue into packets, and refills the ring.
 *
 * Thread: queue.
 * Ownership: the packets belong to the caller.
 * Returns: the number of packets; 0 unless the device runs.
 * Spec: 5.1.9.4.
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
 * The limit is for devices that lose a notification. Several queues: arm all, sleep only if none
 * has work, disarm all that were armed.
 */

/**
 * The eventfd that becomes readable when packets have come to an armed queue. Constant while
 * the device runs.
 *
 * Thread: any.
 * Returns: -1 when there is no interrupt for it.
 */
KL_API int kl_net_queue_event_fd(const struct kl_net *net, uint16_t queue);

/**
 * Requests a notification of the next packet. When the pool was short at the last refill, it tries
 * that again before.
 *
 * Thread: queue.
 * Returns: true when the caller must not sleep: a packet is there already, or the ring has too few
 * buffers for one, since the pool is empty (nombuf in the counters), and nothing would end a sleep.
 * Spec: 2.7.7.1, 2.7.14.
 */
KL_API bool kl_net_rx_arm(struct kl_net *net, uint16_t queue);

/**
 * Returns to polling: requests no notifications any more, and empties the event's descriptor.
 *
 * Thread: queue.
 */
KL_API void kl_net_rx_disarm(struct kl_net *net, uint16_t queue);

/**
 * Sends up to count packets on a queue. A packet that can never be sent (empty, of more segments
 * than the ring allows, or in memory that the device does not reach) is taken, freed and counted as
 * an error. With a kick policy that waits, call it with count 0 too while there is nothing to send
 * (see struct kl_kick_policy).
 *
 * Thread: queue.
 * Ownership: packets that were taken belong to the driver, which frees them to their pools when the
 * device is done with them, some calls later. The others remain the caller's: the ring is full.
 * Returns: the number of packets taken, from the front; 0 unless the device runs.
 * Spec: 5.1.9.2.
 */
KL_API uint16_t kl_net_tx_burst(struct kl_net *net, uint16_t queue, struct rte_mbuf **packets,
	uint16_t count);

/**
 * Reclaims the packets that the device has sent, and makes a pending kick decision now.
 *
 * Thread: queue.
 */
KL_API void kl_net_tx_kick(struct kl_net *net, uint16_t queue);

/**
 * Copies the counters of a queue. Each is exact, but they are not of one moment while bursts run.
 *
 * Thread: any.
 * Returns: 0; -EINVAL when the device has no such queue.
 */
KL_API int kl_net_queue_stats_get(const struct kl_net *net, enum kl_net_direction direction,
	uint16_t queue, struct kl_net_queue_stats *stats);

/**
 * The size of the ring that a start makes for a queue when requested is in its configuration (0:
 * queue_size= of the device's name, else 256 over vhost-user and MMIO, else the device's maximum).
 *
 * Before the first start some devices show the first pair alone, so it is at least the ring of
 * that. For the size of a mempool: a full receive ring holds as many buffers, and a full transmit
 * ring as many segments of packets.
 *
 * Thread: control.
 * Returns: descriptors, never more than the device allows.
 */
KL_API uint16_t kl_net_ring_size(const struct kl_net *net, enum kl_net_direction direction,
	uint16_t queue, uint16_t requested);

/**
 * Copies the properties of a queue.
 *
 * Thread: any.
 * Returns: 0; -EINVAL when the device is not started or has no such queue; -EAGAIN when the queue
 * does not exist now, since the device is being recovered.
 */
KL_API int kl_net_queue_info_get(const struct kl_net *net, enum kl_net_direction direction,
	uint16_t queue, struct kl_net_queue_info *info);

/**
 * Looks in the ring whether the device is done with buffers that were not taken yet. Meanwhile the
 * queue's thread may take them.
 *
 * Thread: control.
 * Returns: 1 if it is, 0 if not; -EINVAL when the device is not started or has no such queue;
 * -EAGAIN when the queue does not exist now.
 * Spec: 2.7.8, 2.8.6.
 */
KL_API int kl_net_queue_has_completed(const struct kl_net *net, enum kl_net_direction direction,
	uint16_t queue);

/**
 * Makes a mempool of packets whose bytes lie in a region of their own (kl_region_create), apart
 * from mbufs and all else. DPDK calls such buffers external and pinned: rte_pktmbuf_alloc, _free
 * and the rest work as with any mempool, but clones must come from another one.
 *
 * It is for devices with isolate=1 in their names. Such a device reaches its rings, the headers and
 * commands that the driver makes, and all bytes of the packets of each pool that it was granted,
 * also of those packets that are not with it. It reaches no mbuf, no other mempool and nothing
 * else. kl_net_start grants the pool of the receive buffers. Packets that a device sends and
 * another one received need kl_net_pool_grant. Other devices reach EAL's memory, too, and need
 * the same grants for such a pool.
 *
 * count is that of rte_pktmbuf_pool_create, as are cache, priv_bytes, room_bytes (of a packet,
 * with RTE_PKTMBUF_HEADROOM) and node (SOCKET_ID_ANY: any).
 *
 * Thread: control.
 * Ownership: the caller's, to be freed with kl_net_pool_free and by nothing else.
 * Returns: NULL after a message, and rte_errno is ENOTSUP (bus addresses are physical), EINVAL,
 * EEXIST (the name) or ENOMEM.
 */
KL_API struct rte_mempool *kl_net_pool_create(const char *name, unsigned int count,
	unsigned int cache, uint16_t priv_bytes, uint16_t room_bytes, int node);

/**
 * Frees a mempool that kl_net_pool_create made, when all its packets are back; NULL is allowed.
 *
 * Thread: control.
 * Returns: 0; after a message -EBUSY (packets are in use, or a device that is lost may still
 * write into them), -EINVAL (it was made by something else), -EAGAIN (a thread of a device stays
 * within a call).
 */
KL_API int kl_net_pool_free(struct rte_mempool *pool);

/**
 * Lets the device reach the packets of a mempool by kl_net_pool_create, so that it can send them. A
 * packet that a device does not reach is not sent, and counted as an error.
 *
 * Thread: control.
 * Returns: 0, also when it was granted already; after a message -EINVAL (the mempool was made by
 * something else), -ENOTSUP, -ENOMEM, -E2BIG as of kl_region_grant.
 */
KL_API int kl_net_pool_grant(struct kl_net *net, struct rte_mempool *pool);

/**
 * Takes the packets of a mempool from a device that does not send or receive them any more.
 *
 * Thread: control.
 * Returns: 0, also when it was not granted; after a message -EBUSY (it has some of them, or was
 * started with the mempool), -EINVAL, -EAGAIN, -EIO as of kl_region_revoke.
 */
KL_API int kl_net_pool_revoke(struct kl_net *net, struct rte_mempool *pool);

#endif
