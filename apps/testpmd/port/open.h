/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices become ports: at the start of the program, and at the prompt. Control thread. */
#ifndef TESTPMD_OPEN_H
#define TESTPMD_OPEN_H

#include <stdint.h>

struct port;
struct testpmd;

/* Opens a device as the next port, configured as the command line says. 0 or -errno after a message. */
int open_port(struct testpmd *pmd, const char *spec);

/* Gives the device back, of a port that is stopped and that nothing is forwarded by. */
void release_port(struct testpmd *pmd, struct port *port);

/*
 * The system wants the device back: the port is stopped and closed, and forwarding goes on without it. Without any
 * port the program has come to its end, unless somebody is at its prompt.
 */
void surrender_port(struct testpmd *pmd, struct port *port);

/* As at first, with the configuration that it has: a port whose device was given back. */
int reopen_port(struct testpmd *pmd, struct port *port);

/*
 * Before ports are started: what one that receives may leave incomplete, checksums and large packets, each one
 * that may send it on is asked to complete, as far as it can.
 */
void settle_offloads(struct testpmd *pmd);

/* So many queue pairs for all ports, whose buffers are made anew. The ports are stopped. 0, -EINVAL or
 * -ENOMEM after a message. */
int set_queues(struct testpmd *pmd, uint32_t queues);

#endif
