/* SPDX-License-Identifier: BSD-3-Clause */
/* How every test with a model device ends, and what the library said meanwhile. */
#ifndef UNIT_FINISH_H
#define UNIT_FINISH_H

#include <stdbool.h>

#include "model.h"

/* Expects that the driver broke no rule and gave everything back, and frees the model. */
void finish(struct model *model);

/* From now on messages of the library are kept instead of printed, up to debug. */
void capture_log(void);
/* Whether a kept message contains part. */
bool logged(const char *part);
const char *log_text(void);
void forget_log(void);

#endif
