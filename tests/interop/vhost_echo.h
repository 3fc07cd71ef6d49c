/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's vhost port as a back end that sends back what it gets. */
#ifndef DEVICE_VHOST_ECHO_H
#define DEVICE_VHOST_ECHO_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mempool.h>

/* Packets that the back end may hold: taken from one ring, and not yet in the other. */
#define ECHO_BURST 32

/*
 * Serves path with so many queue pairs, or connects to whoever listens there when is_client. False
 * after a message.
 */
bool echo_open(const char *path, bool is_client, uint16_t queues, struct rte_mempool *pool);
/*
 * Takes a burst of each queue and sends it back, all of it unless the other side has gone. False
 * when there was nothing.
 */
bool echo_step(uint16_t queues);

#endif
