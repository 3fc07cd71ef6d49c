/* SPDX-License-Identifier: BSD-3-Clause */
/* The state of EAL, without which no device can be opened. */
#ifndef KL_PLATFORM_EAL_STATE_H
#define KL_PLATFORM_EAL_STATE_H

/*
 * Checks that EAL was started, and that this process owns what it was started with: a secondary
 * process of DPDK shares it with its primary, which may run the same devices. 0, or after a message
 * about the device of that name -ENODEV, -ENOTSUP.
 */
int kl__eal_check(const char *name);

#endif
