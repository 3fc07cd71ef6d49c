/* SPDX-License-Identifier: BSD-3-Clause */
/* The disk's own serial number, by which it is named and told from another one. 5.2.6. */
#ifndef KL_BLK_IDENTIFY_H
#define KL_BLK_IDENTIFY_H

#include <kickless/driver/driver.h>

/*
 * A callback of struct kl_driver: true when key is "serial" and value the disk's, by what virtio
 * carries of it.
 */
bool blk_is_named(struct kl_device *device, const char *key, const char *value, char *own,
	size_t size);

/*
 * A callback of struct kl_driver, replay. Where another back end may be connected to, it reads the
 * serial number. A recovery does not go on with another disk. Returns 0; after a message -ESTALE
 * (another disk), -EIO (no answer), -ENOMEM.
 */
int blk_check_identity(struct kl_device *device);

#endif
