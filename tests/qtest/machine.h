/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A QEMU without a guest, as tests/qtest/machine.sh starts it, in a folder: its qtest socket and
 * its memory. A process uses one of them. Control thread.
 */
#ifndef QTEST_MACHINE_H
#define QTEST_MACHINE_H

#include "wire.h"

/*
 * The wire to the machine in folder. The first call connects and shares memory. The caller returns
 * it with qtest_machine_put. 0, or after a message -errno, -EBUSY when another machine is in use.
 */
int qtest_machine_get(const char *folder, struct qtest_wire **wire);
void qtest_machine_put(void);

#endif
