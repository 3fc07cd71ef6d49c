/* SPDX-License-Identifier: BSD-3-Clause */
/* From a PCI function whose registers can be reached to a device, however they are reached. */
#ifndef KL_ATTACH_FUNCTION_H
#define KL_ATTACH_FUNCTION_H

#include "core/device.h"
#include "transport/pci.h"

/*
 * Picks the interface, attaches the driver and only then lets the function write to memory. access
 * and host are the device's afterwards; on failure they are closed. Errors as for kl_device_open.
 */
int kl__attach_function(struct kl__pci_access *access, struct kl__host *host,
	enum kl__pci_interface interface, struct kl_device **device);

#endif
