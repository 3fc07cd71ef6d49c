/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory_fixture.h"

#include <criterion/criterion.h>

int host_open(struct fake_mapper *fake, struct kl__host **host)
{
	int rc = kl__host_create(&(struct kl__host_conf){.name = "0000:00:05.0",
					 .access = "fake",
					 .numa_node = -1,
					 .mapper = &fake->mapper,
					 .has_iommu = true,
					 .is_isolated = fake->mapper.is_isolated},
		host);

	fake->uses += rc == 0;
	return rc;
}

struct kl__host *back_end_open(bool is_isolated)
{
	struct kl__host *host;

	cr_assert_eq(kl__host_create(&(struct kl__host_conf){.name = "vhost-user:socket",
					     .access = "vhost-user",
					     .numa_node = -1,
					     .is_shared = true,
					     .is_isolated = is_isolated},
			     &host),
		0);
	return host;
}
