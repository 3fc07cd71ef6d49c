/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings of a run, parsed from the command line and from commands. Control thread only. */
#ifndef TESTPMD_PARSE_SETTINGS_H
#define TESTPMD_PARSE_SETTINGS_H

#include <stdint.h>

#include "forward/settings.h"

void settings_default(struct fwd_settings *settings);

/* Each returns 0, or -EINVAL after a message; then settings are unchanged. */
int settings_set_mode(struct fwd_settings *settings, const char *name);
int settings_set_topology(struct fwd_settings *settings, const char *name);
int settings_set_burst(struct fwd_settings *settings, uint64_t burst);
int settings_set_peer(struct fwd_settings *settings, uint64_t port,
	const struct rte_ether_addr *peer);
/* Reads the peers of ports 0, 1 and so on from the lines of a file. */
int settings_load_peers(struct fwd_settings *settings, const char *path);
/* Parses "N[,N]...", the bytes of each segment of a packet; each must fit into an mbuf. */
int settings_set_segments(struct fwd_settings *settings, const char *list, uint32_t mbuf_bytes);
/* off, on or rand. */
int settings_set_split(struct fwd_settings *settings, const char *name);
/* Parses "BURST,PACKET", in ns. */
int settings_set_gaps(struct fwd_settings *settings, const char *pair);
/* Parses "N[,N]...", at most MAX_RX_SEGMENTS. */
int settings_set_rx_segments(struct fwd_settings *settings, const char *list);
/* Parse "SOURCE,DESTINATION" addresses and "SOURCE[,DESTINATION]" ports. */
int settings_set_addresses(struct fwd_settings *settings, const char *pair);
int settings_set_udp_ports(struct fwd_settings *settings, const char *pair);

/*
 * Parse lists of ports and lcores. Absent ports, and lcores that EAL does not have or keeps for
 * itself, are found later, when they are needed.
 */
int settings_set_port_list(struct fwd_settings *settings, const char *list);
int settings_set_port_mask(struct fwd_settings *settings, const char *mask);
int settings_set_core_list(struct fwd_settings *settings, const char *list);
int settings_set_core_mask(struct fwd_settings *settings, const char *mask);

/* Checks that EAL has the listed lcores for forwarding. Returns 0, or -EINVAL after a message. */
int settings_check_cores(const struct fwd_settings *settings);

const char *split_name(enum packet_split split);
const char *topology_name(enum port_topology topology);

#endif
