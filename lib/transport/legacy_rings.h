/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What all legacy interfaces are told of a queue: the number of the page that its rings begin at.
 * virtio 1.x, 2.7.2, 4.1.5.1.3.1, 4.2.4.
 */
#ifndef KL_TRANSPORT_LEGACY_RINGS_H
#define KL_TRANSPORT_LEGACY_RINGS_H

#include "contract/transport.h"

/*
 * 0 and the number, or after a message -EINVAL when the rings are not where the device computes them
 * to be, -ENOTSUP when they lie beyond what the number can name.
 */
int kl__legacy_rings_page(const struct kl__transport *transport,
	const struct kl__queue_setup *setup, uint32_t *page);

#endif
