/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The obstacles of kickless/discover.h, logged for the user of a function that is to be opened.
 */
#ifndef KL_PLATFORM_OBSTACLES_H
#define KL_PLATFORM_OBSTACLES_H

#include <kickless/discover.h>

/*
 * An error message for each obstacle on this machine; needed as for kl_function_obstacles. 0, or
 * the gravest one's error.
 */
int kl__obstacles_log(const char *address, uint64_t needed);

#endif
