/* SPDX-License-Identifier: BSD-3-Clause */
/* The application's memory that is registered, and its mapping by DPDK's VFIO container. */
#ifndef KL_PLATFORM_MEMORY_H
#define KL_PLATFORM_MEMORY_H

/*
 * Maps what was registered before the first device was there. To be called when a device was
 * opened. 0 or -errno after a message.
 */
int kl__memory_map_registered(void);

#endif
