/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * QEMU's qtest protocol: one line requests an access to a port or to physical memory, one line
 * answers. QEMU serves one connection at a time.
 *
 * Any thread. Once QEMU has closed the connection reads return all ones and writes vanish, as on a
 * bus that a device has left.
 */
#ifndef QTEST_WIRE_H
#define QTEST_WIRE_H

#include <stdint.h>

struct qtest_wire;

/* Connects to the unix socket at path. 0 or -errno. */
int qtest_wire_open(const char *path, struct qtest_wire **wire);
void qtest_wire_close(struct qtest_wire *wire);

/* Width is 1, 2 or 4 bytes. */
uint32_t qtest_in(struct qtest_wire *wire, uint16_t port, unsigned int width);
void qtest_out(struct qtest_wire *wire, uint16_t port, unsigned int width, uint32_t value);
uint32_t qtest_read(struct qtest_wire *wire, uint64_t address, unsigned int width);
void qtest_write(struct qtest_wire *wire, uint64_t address, unsigned int width, uint32_t value);

#endif
