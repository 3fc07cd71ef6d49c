/* SPDX-License-Identifier: BSD-3-Clause */
/* The requests of a disk that a back end of DPDK's vhost library serves. One at a time. */
#ifndef VHOST_DISK_H
#define VHOST_DISK_H

#include <rte_vhost.h>

/* Serves queue 0 of the device until disk_end. Returns 0, or -1 when that is not possible. */
int disk_begin(int vid);

/* Waits for the thread that serves the ring: its memory may go. */
void disk_end(void);

/* The only features: the ring has no other form than the plain split one. */
#define DISK_FEATURES (UINT64_C(1) << 30 | UINT64_C(1) << 32) /* PROTOCOL_FEATURES, VERSION_1 */

#endif
