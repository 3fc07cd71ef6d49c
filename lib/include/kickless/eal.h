/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting DPDK's environment abstraction layer in the way our devices need it. */
#ifndef KICKLESS_EAL_H
#define KICKLESS_EAL_H

#include <kickless/version.h>

/*
 * Calls rte_eal_init with argv and what our devices need: --no-pci (the PCI bus of DPDK must not
 * take our functions), --in-memory when hugepages are there, else --no-huge with 256 MiB unless -m
 * says otherwise. Options that argv already has are left alone. Returns how many elements of argv
 * were EAL's, argv[0] included, so that the caller's options follow, as rte_eal_init does; after a
 * message -EINVAL (options), -EACCES, -ENOMEM or -EIO. Main thread, once.
 */
KL_API int kl_eal_init(int argc, char **argv);

KL_API void kl_eal_cleanup(void);

/*
 * From now on a device's register that is taken from us, because the device was torn off its bus or the kernel has bound
 * a driver to it, reads as all ones, and what is written to it is lost: the device counts as gone. Without this call,
 * such an access ends the process with SIGBUS. Installs a handler of that signal, which passes on to the one that it
 * finds what is not about our registers; an application that has one installs it first. Once; 0 or -errno.
 */
KL_API int kl_sigbus_catch(void);

#endif
