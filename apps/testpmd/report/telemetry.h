/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Endpoints of DPDK's telemetry, when EAL runs with --telemetry: /kickless/ports, and with a port's
 * number /kickless/port, /kickless/queues, /kickless/kicks and /kickless/features. DPDK's own
 * thread runs them, under the ports' lock.
 */
#ifndef TESTPMD_TELEMETRY_H
#define TESTPMD_TELEMETRY_H

struct ports;

/* Registers the endpoints. Main lcore, once; ports must be valid as long as the program runs. */
void telemetry_register(const struct ports *ports);

#endif
