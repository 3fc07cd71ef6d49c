/* SPDX-License-Identifier: BSD-3-Clause */
/* What the verb info tells. */
#ifndef BLK_APP_INFO_H
#define BLK_APP_INFO_H

#include "tool.h"

/* info_features.c: why a feature that is offered was not accepted; a phrase. */
const char *why_not_taken(const struct kl_device *device, unsigned int bit);
/* info_features.c */
const char *kick_mode_name(enum kl_kick_mode mode);
/* info_json.c */
void info_to_json(const struct tool *tool, json_t *json);

#endif
