/* SPDX-License-Identifier: BSD-3-Clause */
/* A mapper that keeps a list of what it maps, and refuses on request. */
#ifndef UNIT_MEMORY_FAKE_MAPPER_H
#define UNIT_MEMORY_FAKE_MAPPER_H

#include "contract/mapper.h"

#define MAPPINGS 4096

struct fake_mapping {
	uint64_t address;
	uint64_t iova;
	uint64_t size;
};

struct fake_mapper {
	struct kl__mapper mapper;
	struct kl__map_limits limits;
	struct fake_mapping mapping[MAPPINGS];
	unsigned int count;
	unsigned int uses; /* each of which is put */
	unsigned int puts;
	int refuses; /* the -errno of the next mappings */
	uint64_t refused_from; /* only those from this address on */
	bool is_torn_off; /* it maps nothing any more and knows no limits */
	void (*during_map)(void);
};

void fake_mapper_init(struct fake_mapper *fake, bool is_isolated);
/* True when it maps exactly this. */
bool fake_mapper_has(const struct fake_mapper *fake, uint64_t address, uint64_t iova,
	uint64_t size);
/* True when the address can be read by a device. */
bool fake_mapper_covers(const struct fake_mapper *fake, uint64_t address);

#endif
