/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of offloads and of RSS types, read in either case and printed as lists. */
#ifndef TESTPMD_OFFLOADS_H
#define TESTPMD_OFFLOADS_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>

/* The bit of an offload that the driver supports; 0 for any other word. */
uint64_t offload_by_name(bool tx, const char *name);

/* Prints " NAME NAME ...". */
void offloads_print(bool tx, uint64_t offloads);

/* The RTE_ETH_RSS_* type of a name, such as ipv4-tcp; 0 when virtio has none such. */
uint64_t rss_type_by_name(const char *name);

/* Prints title, then the names of RTE_ETH_RSS_* types on one line. */
void rss_types_print(const char *title, uint64_t types);

/*
 * Parses testpmd's word for the flow types to hash, such as ip, ipv4-tcp, all or none, or the
 * number of a type's bit. Returns 0 or -EINVAL.
 */
int rss_types_parse(const char *word, uint64_t *types);

#endif
