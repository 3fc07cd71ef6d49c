/* SPDX-License-Identifier: BSD-3-Clause */
/* The state of a run, which every verb works with, and the verbs. */
#ifndef BLK_APP_TOOL_H
#define BLK_APP_TOOL_H

#include <stdio.h>

#include <jansson.h>

#include <kickless/blk.h>

#include "options.h"

struct tool {
	struct options options;
	struct kl_device *device;
	struct kl_blk *blk;
	FILE *out; /* output for people */
	json_t *json; /* the results, one object */
	char serial[KL_BLK_ID_TEXT_BYTES]; /* as text; empty when it has none */
};

/* Each returns 0; an error after a message; or 1 when the run completed and found something bad. */
int verb_info(struct tool *tool);
int verb_perf(struct tool *tool);
int verb_verify(struct tool *tool);
int verb_copy(struct tool *tool);
int verb_erase(struct tool *tool); /* discard and zero */
int verb_flush(struct tool *tool);
int verb_id(struct tool *tool);

#endif
