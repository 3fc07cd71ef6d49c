/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/legacy.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <kickless/log.h>

#include "spec/ring.h"

bool kl__legacy_parse(const char *value, struct kl__transport_choice *choice)
{
	if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
		return false;
	choice->interface = value[0] == '1' ? KL__INTERFACE_LEGACY : KL__INTERFACE_MODERN;
	return true;
}

/* A page has the size that the rings are aligned to, and its number 32 bits. */
#define ADDRESS_END (VIRTQ_LEGACY_ALIGN * (UINT64_C(1) << 32))

/* 2.7.2: the device computes where the other two parts are, so they had better be there. */
static bool is_laid_out(const struct kl__queue_setup *setup)
{
	uint64_t driver = setup->desc + UINT64_C(16) * setup->size;
	uint64_t device = driver + 6 + UINT64_C(2) * setup->size;

	return setup->desc % VIRTQ_LEGACY_ALIGN == 0 && setup->driver == driver &&
		setup->device ==
		(device + VIRTQ_LEGACY_ALIGN - 1) / VIRTQ_LEGACY_ALIGN * VIRTQ_LEGACY_ALIGN;
}

int kl__legacy_page_of_rings(const struct kl__transport *transport,
	const struct kl__queue_setup *setup, uint32_t *page)
{
	if (!is_laid_out(setup)) {
		kl_error("%s: queue %u: its rings are not laid out as a legacy device needs them",
			transport->name, setup->index);
		return -EINVAL;
	}
	if (setup->desc >= ADDRESS_END) {
		kl_error(
			"%s: queue %u: its memory is at bus address 0x%" PRIx64
			", and the legacy interface reaches addresses below 0x%" PRIx64
			" only; use the device without legacy=1 if it is transitional, or start with the EAL "
			"option --iova-mode=pa or --base-virtaddr=0x100000000",
			transport->name, setup->index, setup->desc, ADDRESS_END);
		return -ENOTSUP;
	}
	*page = (uint32_t)(setup->desc / VIRTQ_LEGACY_ALIGN);
	return 0;
}
