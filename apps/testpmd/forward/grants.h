/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packets that each port reaches, where devices are isolated: those of its own pool, and of the
 * ports whose packets it sends.
 *
 * Control thread only.
 */
#ifndef TESTPMD_GRANTS_H
#define TESTPMD_GRANTS_H

#include "plan.h"

/*
 * Grants the ports of a planned run what they send, and revokes what they don't. Packets are not
 * forwarded now. What a port has in its transmit rings from the last run stays granted.
 *
 * Returns 0, or -errno after a message.
 */
int fwd_grant_pools(const struct fwd *fwd);

#endif
