/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts that the burst functions of both directions share. */
#ifndef KL_NET_BURST_H
#define KL_NET_BURST_H

#include <stdint.h>

#include "wire.h"

/*
 * The header before each packet. Legacy devices without MRG_RXBUF have a shorter one.
 */
#define NET_HEADER_BYTES ((uint16_t)sizeof(struct virtio_net_hdr))

/* Written by the queue's thread. */
struct net_counters {
	uint64_t packets;
	uint64_t bytes;
	uint64_t errors;
	uint64_t nombuf;
	uint64_t interrupts;
};

#endif
