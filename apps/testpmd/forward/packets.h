/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets for a person to read: testpmd's "set verbose". */
#ifndef TESTPMD_PACKETS_H
#define TESTPMD_PACKETS_H

#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;

/* One line per packet, all of a burst together also when several lcores print. */
void packets_print(uint16_t port, uint16_t queue, bool is_sent, struct rte_mbuf **packets,
	uint16_t count);

#endif
