/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options of DPDK's testpmd that mean nothing for a virtio device, or that it can't fulfil. Scripts
 * give them to any testpmd: they have a warning, or a refusal with its reason.
 */
#ifndef TESTPMD_DPDK_OPTIONS_H
#define TESTPMD_DPDK_OPTIONS_H

#include <stddef.h>

#include "common/options.h"

/*
 * Writes rows for options_apply, and a row of zeros behind them; they have no line in the help.
 *
 * Returns how many rows there are without that of zeros. All of them are below max, which has to be
 * large enough: OPTION_ROWS_MAX.
 */
size_t dpdk_options_rows(struct option_row *rows, size_t max);

#endif
