/* SPDX-License-Identifier: BSD-3-Clause */
/* A device that is not, after a recovery, what it was before. */
#ifndef KL_BLK_CHANGES_H
#define KL_BLK_CHANGES_H

#include "state.h"

/*
 * Logs, in one message, in which properties and features the device differs from before, with the
 * values and what follows for requests. The control thread.
 */
void blk_changes_log(const struct kl_blk *blk, const struct kl_blk_info *before,
	const struct kl_features *features_before);

#endif
