/* SPDX-License-Identifier: BSD-3-Clause */
/* A BAR as sysfs shows it: resourceN, which is mapped, or read and written for I/O ports. */
#ifndef KL_PLATFORM_UIO_BAR_H
#define KL_PLATFORM_UIO_BAR_H

#include <kickless/discover.h>

#include "platform/region.h"

/*
 * Opens BAR number bar of the function. What can't be reached, which a log line at debug level says,
 * is left with a size of 0 and, when nothing was opened, a file of -1.
 */
void kl__uio_bar_open(const struct kl_machine *machine, const char *address, unsigned int bar,
	struct kl__region *region);

#endif
