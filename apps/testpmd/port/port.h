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
	char spec[256]; /* as the user named it */
	struct kl_device *device; /* NULL once closed */
	struct kl_net *net;
	struct rte_mempool *pool;
	struct kl_net_conf conf;
	struct tap tap; /* joined to it, if open */
	uint64_t tap_errors_before; /* as run */
	uint64_t rss_types; /* RTE_ETH_RSS_* to hash when several queues run; 0 for none */
	/*
	 * By "set link-down", and by "port P rxq Q stop" where the device can't: not to
	 * be forwarded by.
	 */
	bool link_held;
	bool rx_held[MAX_QUEUES];
	bool tx_held[MAX_QUEUES];
	bool link_up; /* when we last looked */
	bool fault_reported; /* of a queue that no longer trusts its device */
	bool reset_reported; /* of a device that does not come back */
	bool keeps_mbufs; /* its device never finished a reset, and may still write into them */

	struct port_counters cleared; /* what "clear port stats" took off */
	struct port_counters run; /* when forwarding started, or its statistics were cleared */

	/* When "show port stats" last looked, for its rates. */
	struct port_totals shown;
	uint64_t shown_ns;
};

/*
 * Held by all that opens, closes, starts or stops a port or changes what is known of it, and by
 * other threads while they look at ports. The control thread needs it only for changes.
 */
void ports_lock(void);
void ports_unlock(void);

/* 0 or -errno after a message. */
int port_open(struct port *port, uint16_t number, const char *spec);
int port_start(struct port *port);
int port_stop(struct port *port);

/*
 * Makes tap:NAME and joins it to the port, whose next start then asks for the offloads that the
 * kernel understands; that start, and port_configure_tap, make it look like the device. 0 or -errno
 * after a message.
 */
int port_join_tap(struct port *port, const char *spec);
int port_configure_tap(struct port *port);
void port_close_tap(struct port *port);

/*
 * Stops or starts one queue of a started port, or where the device can't do that, has it held after
 * a message: fwd_apply is due then. 0 or -errno after a message.
 */
int port_stop_queue(struct port *port, enum kl_net_direction direction, uint16_t queue, bool stops);

/* Stops the port if it runs, and gives its device back. A closed port is skipped. */
void port_close(struct port *port);

bool port_is_open(const struct port *port);
bool port_is_started(const struct port *port);

/* The device says that it is up, and nobody here wants it down. */
bool port_link_is_up(const struct port *port);

/* Whether the device offers the feature of that name, and the user has not declined it. */
bool port_may_have(const struct port *port, const char *feature);

/* Whether the feature of that name is accepted. */
bool port_has(const struct port *port, const char *feature);

/* The device's name. */
const char *port_name(const struct port *port);

/* Where its memory belongs: the device's node, or the main lcore's when the device's is unknown. */
int port_node(const struct port *port);

/*
 * Lets the driver look at what changed, and tells of a link that came or went;
 * then as port_recover.
 */
bool port_handle_event(struct port *port);

/*
 * Lets the driver bring the device back if that is needed, while forwarding goes on. False, after a
 * message, when it does not come back.
 */
bool port_recover(struct port *port);

/* Tells once of queues that broke; true when the port has one. */
bool port_check_queues(struct port *port);

/* "10 Gbps", "Unknown", ... */
const char *port_speed(const struct port *port, char *text, size_t size);

#endif
