/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The wish to end, as a signal tells it. The handler sets a flag and makes a file descriptor
 * readable, so that both a busy loop and a sleeping one notice.
 */
#ifndef TESTPMD_SIGNALS_H
#define TESTPMD_SIGNALS_H

#include <stdbool.h>

/* Catches SIGINT, SIGTERM, SIGHUP, and SIGPIPE (whoever read our output has gone). 0 or -errno. */
int signals_catch(void);

bool signals_stop_wanted(void);

/* Readable from the first signal on; never read it. */
int signals_wake_fd(void);

#endif
