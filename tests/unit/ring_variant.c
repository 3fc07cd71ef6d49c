/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring_variant.h"

#include <stdlib.h>
#include <string.h>

#include "transport/mmio.h"
#include "transport/pci.h"

#define INDIRECT_DESC 28
#define EVENT_IDX 29
#define RING_PACKED 34
#define IN_ORDER 35

/* Several used buffers per element, as soon as the device is allowed to. */
#define BATCH 4

bool ring_is(const char *word)
{
	const char *words = getenv("UNIT_RING");

	return words != NULL && strstr(words, word) != NULL;
}

void ring_variant_offer(struct fake_device *fake)
{
	if (ring_is("packed"))
		fake_offer(fake, RING_PACKED);
	if (ring_is("in_order"))
		fake_offer(fake, IN_ORDER);
	if (ring_is("direct"))
		fake_offer_not(fake, INDIRECT_DESC);
	if (ring_is("flags"))
		fake_offer_not(fake, EVENT_IDX);
	fake->script.batch = BATCH;
}

int ring_variant_open(struct fake_device *fake, struct kl__transport **transport)
{
	if (ring_is("mmio"))
		return kl__mmio_open(&fake->mmio, KL__INTERFACE_BEST, transport);
	return kl__pci_open(&fake->access, KL__INTERFACE_BEST, transport);
}
