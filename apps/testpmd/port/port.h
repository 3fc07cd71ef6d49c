/* SPDX-License-Identifier: BSD-3-Clause */
/* A port: one network device, by its position on the command line. Control thread only. */
#ifndef TESTPMD_PORT_H
#define TESTPMD_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <kickless/device.h>
#include <kickless/net.h>

#include "counters.h"
#include "tap.h"

struct port {
	uint16_t number;
	char spec[1280]; /* as given by the user */
	struct kl_device *device; /* NULL once closed */
	struct kl_net *net;
	enum kl_isolate isolate; /* unless spec has the key */
	struct rte_mempool *pool;
	bool has_own_pool; /* isolated: other ports need a grant to send its packets */
	struct kl_net_conf conf;
	struct tap tap; /* joined to it, if open */
	uint64_t tap_errors_before; /* at the same time as run */
	/*
	 * Of single queues, from the next start: descriptors, or 0 for those of conf; offloads
	 * beside those of conf; queues that stay stopped.
	 */
	uint16_t rx_ring_sizes[MAX_QUEUES];
	uint16_t tx_ring_sizes[MAX_QUEUES];
	uint64_t tx_queue_offloads[MAX_QUEUES];
	bool rx_deferred[MAX_QUEUES];
	bool tx_deferred[MAX_QUEUES];
	bool strips_vlan[MAX_QUEUES]; /* beside the device's own stripping; applies at once */
	uint64_t rss_types; /* RTE_ETH_RSS_* to hash when several queues run; 0 for none */
	/*
	 * Not used by forwarding: by "set link-down", and by "port P rxq Q stop" where the device
	 * can't stop a queue.
	 */
	bool link_held;
	bool rx_held[MAX_QUEUES];
	bool tx_held[MAX_QUEUES];
	bool link_up; /* at the last event */
	bool fault_reported; /* a queue's fault was reported */
	bool reset_reported; /* a failed recovery was reported */
	bool keeps_mbufs; /* its device never finished a reset, and may still write into them */

	struct port_counters cleared; /* subtracted since "clear port stats" */
	/* at the start of forwarding, or when its statistics were cleared */
	struct port_counters run;

	/* At the last "show port stats", for its rates. */
	struct port_totals shown;
	uint64_t shown_ns;
};

/*
 * The lock of all ports. The control thread holds it while it opens, closes, starts or stops a port
 * or changes what is known of it; other threads hold it while they read ports.
 */
void ports_lock(void);
void ports_unlock(void);

/* Each returns 0, or -errno after a message. */
int port_open(struct port *port, uint16_t number, const char *spec);
int port_start(struct port *port);
int port_stop(struct port *port);

/*
 * Makes tap:NAME and joins it to the port. The port's next start negotiates the offloads that the
 * kernel supports; that start, and port_configure_tap, give the interface the device's properties.
 * Each returns 0, or -errno after a message.
 */
int port_join_tap(struct port *port, const char *spec);
int port_configure_tap(struct port *port);
void port_close_tap(struct port *port);

/*
 * Stops or starts one queue of a started port. Where the device can't do that, the queue is marked
 * as held, after a message; call fwd_apply then. Returns 0, or -errno after a message.
 */
int port_stop_queue(struct port *port, enum kl_net_direction direction, uint16_t queue, bool stops);

/*
 * Turns a TX offload on or off from the port's next start. Returns false when the device can't do
 * it.
 */
bool port_set_tx_offload(struct port *port, uint64_t offload, bool on);

/*
 * Changes an RX offload: of a running port at once, if the device can; of a stopped one from its
 * next start. VLAN_STRIP turned off is off for single queues, too: call fwd_apply then. Returns 0
 * or -errno.
 */
int port_set_rx_offload(struct port *port, uint64_t offload, bool on);

/* Stops the port if it runs, and closes its device. A closed port is skipped. */
void port_close(struct port *port);

bool port_is_open(const struct port *port);
bool port_is_started(const struct port *port);
/* True when its device, or one that it had before, may still write into its mbufs. */
bool port_is_lost(const struct port *port);

/* True when the device reports link up, and no command holds the link down. */
bool port_link_is_up(const struct port *port);

/* True when the device offers the feature with a name, and the user has not declined it. */
bool port_may_have(const struct port *port, const char *feature);

/* True when the feature with a name is accepted. */
bool port_has(const struct port *port, const char *feature);

/* The way that the device is reached, such as "vfio group 5". */
const char *port_access(const struct port *port);
bool port_is_isolated(const struct port *port);

/* The device's name. */
const char *port_name(const struct port *port);

/* The node of the port's memory: the device's, or the main lcore's when that is unknown. */
int port_node(const struct port *port);

/* Handles a device event and reports a changed link; then as port_recover. */
bool port_handle_event(struct port *port);

/*
 * Recovers the device if needed, while forwarding goes on. Returns false, after a message, when it
 * does not come back.
 */
bool port_recover(struct port *port);

/* Reports failed queues once. Returns true when the port has one. */
bool port_check_queues(struct port *port);

/* "10 Gbps", "Unknown", ... */
const char *port_speed(const struct port *port, char *text, size_t size);

#endif
