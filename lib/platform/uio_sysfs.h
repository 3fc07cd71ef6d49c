/* SPDX-License-Identifier: BSD-3-Clause */
/* The functions that uio_pci_generic has, by sysfs. */
#ifndef KL_PLATFORM_UIO_SYSFS_H
#define KL_PLATFORM_UIO_SYSFS_H

#include <stdbool.h>

#include <kickless/discover.h>

#define KL__UIO_DRIVER "uio_pci_generic"

bool kl__uio_is_bound(const struct kl_machine *machine, const char *address);

/* N of the function's file /dev/uioN, -1 when it has none. */
int kl__uio_number(const struct kl_machine *machine, const char *address);

/* Tests whether any function is bound to uio_pci_generic. */
bool kl__uio_is_used(const struct kl_machine *machine);

#endif
