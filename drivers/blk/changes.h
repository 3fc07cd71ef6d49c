/* SPDX-License-Identifier: BSD-3-Clause */
/* A device that is not, after a recovery, what it was before. */
#ifndef KL_BLK_CHANGES_H
#define KL_BLK_CHANGES_H

#include "state.h"

/*
 * Logs, in one message, in which properties the device differs from before, with the values and
 * what follows for requests. Lost and new features are the core's to log. The control thread.
 */
void blk_changes_log(const struct kl_blk *blk, const struct kl_blk_info *before);

#endif
