/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The request to end, which comes as a signal. The handler sets a flag and makes a file descriptor
 * readable, so that a busy loop and a sleeping one both notice it. Any thread.
 */
#ifndef APPS_SIGNALS_H
#define APPS_SIGNALS_H

#include <stdbool.h>

/*
 * Catches SIGINT, SIGTERM, SIGHUP, and SIGPIPE (the reader of the output has gone). A second
 * signal ends the process at once when it comes more than 10 s after the first: closing waits for
 * devices with deadlines, and a person who repeats the request after that long wants out. Returns
 * 0 or -errno.
 */
int signals_catch(void);

bool signals_stop_requested(void);

/* A descriptor that is readable from the first signal on. Don't read it. */
int signals_wake_fd(void);

#endif
