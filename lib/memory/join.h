/* SPDX-License-Identifier: BSD-3-Clause */
/* The way of a device into a space, and out of it. */
#ifndef KL_MEMORY_JOIN_H
#define KL_MEMORY_JOIN_H

#include <stdbool.h>

#include "memory/space.h"

/*
 * Puts user into the space of mapper, which is made when it is the first one, or for NULL into one
 * of its own that a back end is sent. An isolated space has no memory of EAL. 0 or -errno after a
 * message.
 */
int kl__space_join(struct kl__mapper *mapper, bool is_isolated, struct kl__space_user *user,
	struct kl__space **space);
/* Ends all grants of the user, and the space with its last user. */
void kl__space_leave(struct kl__space *space, struct kl__space_user *user);

#endif
