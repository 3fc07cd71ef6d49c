/* SPDX-License-Identifier: BSD-3-Clause */
/* From a block of MMIO registers that can be reached to a device, however they are reached. */
#ifndef KL_ATTACH_REGISTERS_H
#define KL_ATTACH_REGISTERS_H

#include "core/device.h"
#include "contract/registers.h"

/*
 * access and host are the device's afterwards; on failure they are closed. Errors as for
 * kl_device_open.
 */
int kl__attach_registers(struct kl__mmio_access *access, struct kl__host *host,
	struct kl_device **device);

#endif
