/* SPDX-License-Identifier: BSD-3-Clause */
/* From registers that can be reached, however they are reached, to a device. */
#ifndef KL_ATTACH_FROM_ACCESS_H
#define KL_ATTACH_FROM_ACCESS_H

#include "attach/spec.h"
#include "contract/host.h"
#include "contract/registers.h"

/*
 * Makes a transport, checks the options of spec against the type that the device turns out to have,
 * and attaches the driver. access (transport) and host are the device's afterwards; on failure they
 * are closed. Errors as for kl_device_open.
 */

/* Of a PCI function, which may write to memory only when all is done. */
int kl__attach_pci(struct kl__pci_access *access, struct kl__host *host, struct kl__spec *spec,
	struct kl_device **device);
/* Of a block of MMIO registers. */
int kl__attach_mmio(struct kl__mmio_access *access, struct kl__host *host, struct kl__spec *spec,
	struct kl_device **device);
/* Of a transport that needs no registers. */
int kl__attach_transport(struct kl__transport *transport, struct kl__host *host,
	struct kl__spec *spec, struct kl_device **device);

#endif
