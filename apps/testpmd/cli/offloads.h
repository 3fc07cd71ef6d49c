/* SPDX-License-Identifier: BSD-3-Clause */
/* Offloads by the names that people type, in either case, and as lists to read. */
#ifndef TESTPMD_OFFLOADS_H
#define TESTPMD_OFFLOADS_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>

/* The bit of one that the driver knows; 0 for any other word. */
uint64_t offload_by_name(bool tx, const char *name);

/* " NAME NAME ..." */
void offloads_print(bool tx, uint64_t offloads);

/* title, then the names of RTE_ETH_RSS_* types on a line. */
void rss_types_print(const char *title, uint64_t types);

/* Flow types to hash, by testpmd's word: ip, udp, tcp, all, default or none. 0 or -EINVAL. */
int rss_types_parse(const char *word, uint64_t *types);

#endif
