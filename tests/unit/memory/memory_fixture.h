/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts of devices over fake mappers. */
#ifndef UNIT_MEMORY_FIXTURE_H
#define UNIT_MEMORY_FIXTURE_H

#include "fake_eal.h"
#include "fake_mapper.h"
#include "memory/host.h"
#include "ring/reach.h"

/* 0, or what the opening of the device returns. */
int host_open(struct fake_mapper *fake, struct kl__host **host);
/* A device of a back end in another process. */
struct kl__host *back_end_open(bool is_isolated);

static inline bool is_reached(const struct kl__host *host, uint64_t address)
{
	return kl__reach_find(host->reach, address).bytes != 0;
}

#endif
