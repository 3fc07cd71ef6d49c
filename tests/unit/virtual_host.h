/* SPDX-License-Identifier: BSD-3-Clause */
/* The fake device behind an IOMMU: bus addresses are virtual ones. */
#ifndef UNIT_VIRTUAL_HOST_H
#define UNIT_VIRTUAL_HOST_H

#include "fake_device.h"

/*
 * Before the device is opened: bus addresses are virtual ones from now on, and the host has a table
 * of what the device reaches, which are the blocks that it allocates and what is added. One device
 * per process.
 */
void virtual_host_begin(struct fake_device *fake);
/* Memory besides the host's that the device reaches, until it is removed. */
void virtual_host_add(struct fake_device *fake, void *memory, size_t size);
void virtual_host_remove(struct fake_device *fake, void *memory, size_t size);
/* After the device was closed. Does nothing where virtual_host_begin was not called. */
void virtual_host_end(struct fake_device *fake);

#endif
