/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A disk on which every word of 8 bytes is its own offset, little-endian, so that a read can be
 * compared. tests/guest/lib/known_disk.py makes its image.
 */
#ifndef KNOWN_DISK_H
#define KNOWN_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kickless/blk.h>

/* The byte that fills a buffer before a read. */
#define UNTOUCHED 0xa5

struct known_disk {
	struct kl_device *device;
	struct kl_blk *blk;
};

/* Opens the disk and starts it. 0 or -errno; nothing is open then. */
int known_disk_open(struct known_disk *disk, const char *name);
void known_disk_close(struct known_disk *disk);

/* Submits a read of length bytes at offset to address, which it fills with UNTOUCHED. */
void known_disk_submit(struct known_disk *disk, void *address, uint64_t offset, size_t length);
/*
 * The result of the request in flight. -EILSEQ: it is 0, and the bytes are others than the disk's;
 * -ENOMSG: it is not, and the bytes have changed all the same.
 */
int known_disk_finish(struct known_disk *disk);
/* Both together. */
int known_disk_read(struct known_disk *disk, void *address, uint64_t offset, size_t length);

#endif
