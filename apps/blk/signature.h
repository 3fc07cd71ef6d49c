/* SPDX-License-Identifier: BSD-3-Clause */
/* What the first bytes of a device tell about who may want them. */
#ifndef BLK_APP_SIGNATURE_H
#define BLK_APP_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

/* Every signature that is known lies within so many bytes. */
#define SIGNATURE_BYTES (128u << 10)

/* A phrase such as "an ext file system", or NULL. bytes may be less on a small device. */
const char *signature_find(const uint8_t *start, size_t bytes, uint32_t block_size);

#endif
