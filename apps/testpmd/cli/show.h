/* SPDX-License-Identifier: BSD-3-Clause */
/* Output of the show commands, in testpmd's format: scripts parse labels and order. */
#ifndef TESTPMD_SHOW_H
#define TESTPMD_SHOW_H

#include <stdbool.h>
#include <stdint.h>

struct options;
struct port;
struct testpmd;

void show_port_info(const struct port *port);
void show_port_stats(struct port *port);
void show_port_xstats(const struct port *port, bool hides_zero);
void show_port_summary_head(const struct testpmd *pmd);
void show_port_summary(const struct port *port);
void show_device(const struct port *port);
void show_packet_types(const struct port *port);
void show_offloads(const struct testpmd *pmd, const struct port *port);
/* Returns 0, or -EINVAL when there is no such queue. */
int show_queue(const struct port *port, bool tx, uint16_t queue);

/* "show config": the streams and their lcores, the queues, the lcores, txonly's packets. */
void show_forwarding(const struct testpmd *pmd);
void show_queues(const struct testpmd *pmd);
void show_lcores(const struct testpmd *pmd);
void show_packets(const struct testpmd *pmd);
void show_gaps(const struct testpmd *pmd);
void show_rx_segments(const struct testpmd *pmd);

/*
 * Shows what a run would use, and the obstacles, for --dry-run. It only reads, and needs no EAL.
 * Returns 0, or -ENODEV when a device is absent or can't be opened now.
 */
int show_dry_run(const struct options *options);

#endif
