/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK's telemetry, when EAL runs with --telemetry: /kickless/ports, and with a port's number
 * /kickless/port, /kickless/queues, /kickless/kicks and /kickless/features. Its own thread asks,
 * under the ports' lock.
 */
#ifndef TESTPMD_TELEMETRY_H
#define TESTPMD_TELEMETRY_H

struct ports;

/* ports live as long as the program. */
void telemetry_register(const struct ports *ports);

#endif
