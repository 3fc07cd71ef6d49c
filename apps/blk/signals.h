/* SPDX-License-Identifier: BSD-3-Clause */
/* The wish to end, as a signal tells it. */
#ifndef BLK_APP_SIGNALS_H
#define BLK_APP_SIGNALS_H

#include <stdbool.h>

/* Catches SIGINT, SIGTERM, SIGHUP, and SIGPIPE (whoever read our output has gone). */
void signals_catch(void);

bool signals_stop_wanted(void);

#endif
