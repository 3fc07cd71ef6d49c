/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel lets this process do beyond its user's rights. */
#ifndef KL_PLATFORM_CAPABILITY_H
#define KL_PLATFORM_CAPABILITY_H

#include <stdbool.h>

#include <kickless/discover.h>

/* A capability of linux/capability.h that is effective now. */
bool kl__has_capability(const struct kl_machine *machine, unsigned int capability);

#endif
