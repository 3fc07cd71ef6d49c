/* SPDX-License-Identifier: BSD-3-Clause */
/* A machine made of folders, with no function of the real one in sight. */
#ifndef UNIT_PLATFORM_FOLDERS_H
#define UNIT_PLATFORM_FOLDERS_H

#include <kickless/discover.h>

extern struct kl_machine folders;

/* Makes an empty machine, and removes it. */
void folders_make(void);
void folders_remove(void);

/* A file with a line, a link, and what lies above it; paths start with sys/, proc/ or dev/. */
void folders_file(const char *path, const char *line);
void folders_link(const char *path, const char *target);

/* A modern network function at 0000:00:05.0 that is bound to driver, "" for none. */
#define FUNCTION "0000:00:05.0"
void folders_function(const char *driver);
/* Its IOMMU group, of this number and name ("" for an IOMMU's). */
void folders_group(int number, const char *name);
/* Effective capabilities of this process, as a hexadecimal mask. */
void folders_capabilities(const char *mask);

#endif
