/* SPDX-License-Identifier: BSD-3-Clause */
/* Giving a PCI function to a driver, and taking it away. */
#ifndef DEVBIND_BIND_H
#define DEVBIND_BIND_H

#include <stdbool.h>
#include <stddef.h>

#include <kickless/discover.h>

/* How long the kernel may take to show a change, in milliseconds. A test may shorten it. */
extern unsigned int bind_timeout_ms;

/* Whether the kernel has this PCI driver now. */
bool bind_has_driver(const struct kl_machine *machine, const char *driver);

/* Asks modprobe for it; whether it is there then. Of a machine other than this one nothing is asked. */
bool bind_load_driver(const struct kl_machine *machine, const char *driver);

/*
 * Binds the function at address to driver, or to none when driver is "". It is given back to the
 * driver that it had when that fails. 0, or -errno with a sentence in why.
 */
int bind_function(const struct kl_machine *machine, const char *address, const char *driver,
	char *why, size_t size);

#endif
