/* SPDX-License-Identifier: BSD-3-Clause */
/* The MMIO transport, version 2, and version 1 of devices from before virtio 1.0: 4.2. */
#ifndef KL_TRANSPORT_MMIO_H
#define KL_TRANSPORT_MMIO_H

#include "contract/registers.h"
#include "contract/transport.h"

/* The option legacy=0|1, and the end of the table. */
extern const struct kl__transport_option kl__mmio_options[];

/*
 * 0; -ENXIO without a word when the registers are there but no device is behind them, as 4.2.2.2
 * wants it; after a message -ENODEV (no virtio registers, or a version that nobody knows), -EINVAL
 * (the device has the other interface only), -ENOMEM. Only registers that identify the device are
 * read. The access belongs to the transport afterwards; on failure it is the caller's still.
 */
int kl__mmio_open(struct kl__mmio_access *access, enum kl__interface interface,
	struct kl__transport **transport);

#endif
