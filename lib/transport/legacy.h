/* SPDX-License-Identifier: BSD-3-Clause */
/* Parts that the legacy interfaces have in common. virtio 1.x, 2.2.3. */
#ifndef KL_TRANSPORT_LEGACY_H
#define KL_TRANSPORT_LEGACY_H

#include "contract/transport.h"

/* The option legacy=0|1 of transports with both interfaces. */
#define KL__LEGACY_OPTION \
	{ \
		"legacy", "0 or 1", kl__legacy_parse \
	}
bool kl__legacy_parse(const char *value, struct kl__transport_choice *choice);

/*
 * The number of the page that a queue's rings begin at, which is all that a legacy device gets to
 * know of where they are: virtio 1.x, 2.7.2, 4.1.5.1.3.1, 4.2.4. 0 and the number, or after a
 * message -EINVAL when the rings are not where the device computes them to be, -ENOTSUP when they
 * lie beyond what the number can name.
 */
int kl__legacy_page_of_rings(const struct kl__transport *transport,
	const struct kl__queue_setup *setup, uint32_t *page);

#endif
