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

void ring_variant_offer(struct model *model)
{
	if (ring_is("packed"))
		model_offer(model, RING_PACKED);
	if (ring_is("in_order"))
		model_offer(model, IN_ORDER);
	if (ring_is("direct"))
		model_offer_not(model, INDIRECT_DESC);
	if (ring_is("flags"))
		model_offer_not(model, EVENT_IDX);
	model->script.batch = BATCH;
}

int ring_variant_open(struct model *model, struct kl__transport **transport)
{
	if (ring_is("mmio"))
		return kl__mmio_open(&model->mmio, transport);
	return kl__pci_open(&model->access, KL__PCI_BEST, transport);
}
