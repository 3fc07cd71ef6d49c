/* SPDX-License-Identifier: BSD-3-Clause */
/* --dry-run: what a run would use, and what stands in its way. Only looks. */
#ifndef TESTPMD_DRY_RUN_H
#define TESTPMD_DRY_RUN_H

struct options;

/* 0, or -ENODEV when a device is absent or could not be opened as things are; needs no EAL. */
int dry_run(const struct options *options);

#endif
