/* SPDX-License-Identifier: BSD-3-Clause */
/* Binding a PCI function to a driver, and unbinding it. One thread. */
#ifndef DEVBIND_BIND_H
#define DEVBIND_BIND_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <kickless/discover.h>

/* The time in which the kernel must show a change, in milliseconds. A test may shorten it. */
extern unsigned int bind_timeout_ms;

/* True when the kernel has this PCI driver now. */
bool bind_has_driver(const struct kl_machine *machine, const char *driver);

/* Loads the driver by modprobe, on this machine only. Returns true when the kernel has it then. */
bool bind_load_driver(const struct kl_machine *machine, const char *driver);

/* Tests whether modprobe knows the driver. */
bool bind_can_load_driver(const char *driver);

/* Switches VFIO's no-IOMMU mode on. Returns 0, or -errno with a sentence in why. */
int bind_enable_noiommu(const struct kl_machine *machine, char *why, size_t size);

/*
 * Gives the files in /dev/vfio of a function that vfio-pci has to a user and a group; -1 leaves
 * either as it is. Returns 0, or -errno with a sentence in why; -ENOENT when there are none.
 */
int bind_give_files(const struct kl_machine *machine, const char *address, uid_t user, gid_t group,
	char *why, size_t size);

/*
 * Binds the function at address to driver, or to none when driver is "". When that fails it is
 * bound to its previous driver again. Returns 0, or -errno with a sentence in why.
 */
int bind_function(const struct kl_machine *machine, const char *address, const char *driver,
	char *why, size_t size);

/* Takes the function at address from its driver, and binds it to the same again. Returns alike. */
int bind_again(const struct kl_machine *machine, const char *address, char *why, size_t size);

#endif
