/* SPDX-License-Identifier: BSD-3-Clause */
/* The virtio device types by name: virtio 1.4, section 5, with or without a driver. One thread. */
#ifndef DEVBIND_TYPES_H
#define DEVBIND_TYPES_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The short name, as in TYPE@N. A type that the specification does not define is "type-N"; that
 * text is valid until the next call.
 */
const char *type_name(uint32_t type);

/* The specification's name of the type, or a phrase for one that it does not define. Never NULL. */
const char *type_title(uint32_t type);

/*
 * Groups of devices, for --status-dev: the name of a type; "block"; and the other groups of DPDK,
 * which have no virtio device.
 */
bool type_group_is_known(const char *group);
bool type_is_in_group(uint32_t type, const char *group);
const char *type_groups_without_virtio(void);

#endif
