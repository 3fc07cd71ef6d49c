/* SPDX-License-Identifier: BSD-3-Clause */
#include "grants.h"

#include <string.h>

#include "common/message.h"

/* True if packets that a stream receives leave by its sending port. */
static bool passes_packets(const struct fwd_stream *stream, const struct fwd_engine *engine)
{
	return stream->rx_tap == NULL && stream->tx_tap == NULL && !engine->sends_only &&
		!engine->drops_received;
}

/* True if the port sends packets that another one received. */
static bool sends_packets_of(const struct fwd *fwd, const struct port *port,
	const struct port *other)
{
	for (uint16_t i = 0; i < fwd->stream_count; i++) {
		const struct fwd_stream *stream = &fwd->streams[i];

		if (stream->tx_port == port->number && stream->rx_port == other->number &&
			passes_packets(stream, fwd->settings.engine))
			return true;
	}
	return false;
}

/* Packets that the device has sent return to their pools. No lcore forwards now. */
static void reclaim_packets(const struct port *port)
{
	for (uint16_t queue = 0; queue < port->conf.queue_pairs && port_is_started(port); queue++)
		kl_net_tx_kick(port->net, queue);
}

static int set_grant(const struct fwd *fwd, const struct port *port, const struct port *other)
{
	int rc;

	if (!sends_packets_of(fwd, port, other)) {
		/* Packets of the last run may be in its ring; then the next run tries again. */
		(void)kl_net_pool_revoke(port->net, other->pool);
		return 0;
	}
	rc = kl_net_pool_grant(port->net, other->pool);
	if (rc != 0)
		print_error("port %u: can't send packets of port %u: %s", port->number,
			other->number, strerror(-rc));
	return rc;
}

int fwd_grant_pools(const struct fwd *fwd)
{
	const struct ports *ports = fwd->ports;
	int rc = 0;

	for (uint16_t i = 0; i < ports->count && rc == 0; i++) {
		const struct port *port = &ports->at[i];

		if (!port_is_open(port))
			continue;
		reclaim_packets(port);
		for (uint16_t k = 0; k < ports->count && rc == 0; k++)
			if (k != i && port_is_open(&ports->at[k]) && ports->at[k].has_own_pool)
				rc = set_grant(fwd, port, &ports->at[k]);
	}
	return rc;
}
