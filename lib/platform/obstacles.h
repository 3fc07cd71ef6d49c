/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The obstacles of kickless/discover.h, logged for the user of a function that is to be opened.
 */
#ifndef KL_PLATFORM_OBSTACLES_H
#define KL_PLATFORM_OBSTACLES_H

#include <kickless/discover.h>

#include "contract/registers.h"

/*
 * An error message for each obstacle on this machine, for a function that is to be opened this way;
 * needed as for kl_function_obstacles. 0, or the gravest one's error.
 */
int kl__obstacles_log(const char *address, enum kl__vfio_way way, uint64_t needed);

/*
 * The message for a file of sysfs or /dev, of a device of this name, whose opening ended with error
 * (of errno). -EACCES, or -ENODEV.
 */
int kl__open_explain(const char *name, const char *path, int error);

#endif
