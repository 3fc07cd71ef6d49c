/* SPDX-License-Identifier: BSD-3-Clause */
/* A transport made a device, with options as a device's name has them. */
#ifndef UNIT_ATTACH_DEVICE_H
#define UNIT_ATTACH_DEVICE_H

#include "core/device.h"

/*
 * Parses options, NULL for none, against the tables of the driver, attaches it and applies them.
 * Options of a transport are checked and have no effect. On failure the transport is closed.
 */
int attach_device(struct kl__transport *transport, struct kl__host *host, const char *options,
	struct kl_device **device);

#endif
