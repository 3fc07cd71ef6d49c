/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MMIO registers by their physical address, through /dev/mem: what is left for devices that no
 * driver of the kernel hands out. Bus addresses are physical, nothing protects memory from the
 * device, and there are no interrupts.
 */
#ifndef KL_PLATFORM_DEVMEM_H
#define KL_PLATFORM_DEVMEM_H

#include <stdint.h>

#include <kickless/discover.h>

#include "contract/registers.h"
#include "contract/host.h"

/* The resource at a physical address, as the kernel lists it. */
struct kl__iomem {
	uint64_t first, last; /* of the innermost resource; last 0: nothing known */
	char name[64];
};

/* Reads /proc/iomem. 0, or -errno when it can't be read or shows no addresses to this user. */
int kl__iomem_find(const struct kl_machine *machine, uint64_t address, struct kl__iomem *found);

/*
 * Maps the registers at address, which must belong to no other driver and be no memory. 0, or after
 * a message -errno as for kl_device_open.
 */
int kl__devmem_open(uint64_t address, struct kl__mmio_access **access, struct kl__host **host);

#endif
