/* SPDX-License-Identifier: BSD-3-Clause */
/* Regions that devices were granted. One is in a space as long as one of its users has it. */
#ifndef KL_MEMORY_GRANT_H
#define KL_MEMORY_GRANT_H

#include <stdbool.h>

#include "memory/space.h"

/* See struct kl__host. */
int kl__region_grant(struct kl__space *space, struct kl__space_user *user,
	struct kl_region *region);
/*
 * The same; -EINVAL when it was not granted. The caller may know that no buffer in flight lies in
 * it.
 */
int kl__region_revoke(struct kl__space *space, struct kl__space_user *user,
	struct kl_region *region, bool is_unused);

/*
 * With EAL's lock and that of spaces held. Revokes all that was granted to the user, which has left
 * the space. A region with buffers of others in flight keeps the grant until it is destroyed.
 */
void kl__region_end_grants(struct kl__space *space, const struct kl__space_user *user);

#endif
