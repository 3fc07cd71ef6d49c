/* SPDX-License-Identifier: BSD-3-Clause */
/* The virtio device types by name: virtio 1.3, section 5, whether anyone has a driver for them or not. */
#ifndef DEVBIND_TYPES_H
#define DEVBIND_TYPES_H

#include <stdint.h>

/* "type-N" for one that the specification does not know; the text lasts until the next call. */
const char *type_name(uint32_t type);

#endif
