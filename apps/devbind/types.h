/* SPDX-License-Identifier: BSD-3-Clause */
/* The virtio device types by name: virtio 1.4, section 5, whether anyone has a driver for them or not. */
#ifndef DEVBIND_TYPES_H
#define DEVBIND_TYPES_H

#include <stdint.h>

/*
 * The short name, as in TYPE@N. "type-N" for one that the specification does not know; the text lasts
 * until the next call.
 */
const char *type_name(uint32_t type);

/* What the specification calls it; never NULL. */
const char *type_title(uint32_t type);

#endif
