/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Devices in the words of DPDK's EAL, as in scripts for its testpmd: "--vdev net_virtio_user0,...",
 * "-a 0000:00:05.0". The answer has the same device in ours. Pure functions but for what they
 * print.
 */
#ifndef TESTPMD_DPDK_DEVICES_H
#define TESTPMD_DPDK_DEVICES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes what takes the place of a virtual device of DPDK, such as net_virtio_user0,path=/tmp/s.
 * Returns false when the text begins with no such name.
 */
bool dpdk_vdev_explain(const char *device, char *text, size_t size);

/*
 * Refuses the options of EAL that choose devices among the argc words at argv. Returns 0, or
 * -EINVAL after a message for each of them.
 */
int dpdk_devices_refuse(int argc, char *const *argv);

#endif
