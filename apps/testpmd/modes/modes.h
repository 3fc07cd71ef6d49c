/* SPDX-License-Identifier: BSD-3-Clause */
/* The forwarding modes. Each has the file of its name, or is in modes.c. */
#ifndef TESTPMD_MODES_H
#define TESTPMD_MODES_H

#include <stddef.h>

#include "forward/engine.h"

extern const struct fwd_engine io_engine;
extern const struct fwd_engine mac_engine;
extern const struct fwd_engine macswap_engine;
extern const struct fwd_engine rxonly_engine;
extern const struct fwd_engine txonly_engine;
extern const struct fwd_engine flowgen_engine;
extern const struct fwd_engine csum_engine;
extern const struct fwd_engine icmpecho_engine;
extern const struct fwd_engine five_tuple_engine;
extern const struct fwd_engine noisy_engine;
extern const struct fwd_engine recycle_engine;
extern const struct fwd_engine shared_rxq_engine;
extern const struct fwd_engine ieee1588_engine;

/* The mode with a name, or NULL. */
const struct fwd_engine *engine_by_name(const char *name);

/* Writes the names of all modes to text, separated by separator. Returns text. */
char *engine_names(char separator, char *text, size_t size);

#endif
