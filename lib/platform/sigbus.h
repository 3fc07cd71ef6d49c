/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Register mappings that the kernel may revoke, which makes an access to them raise
 * SIGBUS. Those that are known here read as all ones from then on, once kl_sigbus_catch
 * was called. Control threads.
 */
#ifndef KL_PLATFORM_SIGBUS_H
#define KL_PLATFORM_SIGBUS_H

#include <stddef.h>

/*
 * Mappings that can be known at once, four for each of testpmd's ports. One more is not known,
 * which is logged.
 */
#define KL__SIGBUS_AREAS 128

void kl__sigbus_add(void *memory, size_t size);
/* Before it is unmapped. */
void kl__sigbus_remove(const void *memory);

#endif
