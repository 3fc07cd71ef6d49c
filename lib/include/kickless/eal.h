/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The start of DPDK's environment abstraction layer (EAL), in the way that virtio devices need it.
 */
#ifndef KICKLESS_EAL_H
#define KICKLESS_EAL_H

#include <kickless/version.h>

/**
 * Calls rte_eal_init with argv and what virtio devices need: --no-pci (the PCI bus of DPDK must not
 * take our functions), and --in-memory when there are hugepages, else --no-huge with 256 MiB unless
 * -m names another amount. Options that argv already has are left alone.
 *
 * Thread: control, the main thread. Once per process.
 *
 * Returns: the number of elements of argv that were EAL's, argv[0] included, as rte_eal_init does,
 * so that the caller's options follow. After a message: -EINVAL (options), -ENODEV (sysfs is not
 * mounted), -EACCES, -ENOMEM, -EIO.
 */
KL_API int kl_eal_init(int argc, char **argv);

/**
 * Ends EAL, after all devices were closed.
 *
 * Thread: control, the main thread.
 */
KL_API void kl_eal_cleanup(void);

/**
 * Lets a device's registers read as all ones once they are gone, because the device left its bus or
 * the kernel bound a driver to it. What is written to them is lost, so the device counts as gone.
 * Without this call such an access ends the process with SIGBUS.
 *
 * Installs a handler of that signal. It passes what is not about these registers on to the handler
 * that it replaces, so an application that has one installs it before this call.
 *
 * Thread: control. Once per process.
 *
 * Returns: 0 or -errno.
 */
KL_API int kl_sigbus_catch(void);

#endif
