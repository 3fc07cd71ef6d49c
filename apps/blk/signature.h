/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signatures in the first bytes of a device: partition tables, file systems, members of volumes.
 * Pure functions over bytes. They decide whether a write needs --force.
 */
#ifndef BLK_APP_SIGNATURE_H
#define BLK_APP_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

/* All known signatures are within so many bytes. */
#define SIGNATURE_BYTES (128u << 10)

/*
 * Finds a signature in the first bytes of a device, which may be fewer on a small device. Returns a
 * phrase such as "an ext file system", or NULL when there is none.
 */
const char *signature_find(const uint8_t *start, size_t bytes, uint32_t block_size);

#endif
