/* SPDX-License-Identifier: BSD-3-Clause */
#include "testpmd.h"

#include "common/message.h"
#include "forward/capture.h"
#include "port/pool.h"
#include "show.h"

void testpmd_init(struct testpmd *pmd)
{
	const struct options *options = &pmd->options;

	pmd->settings = options->settings;
	pmd->ports.conf = (struct kl_net_conf){
		.queue_pairs = options->queues,
		.rx_ring_size = options->rxd,
		.tx_ring_size = options->txd,
		.tx_kick = options->kick,
		.tx_timeout_ms = options->tx_timeout_ms,
		.rx_interrupts = options->settings.idle != IDLE_POLL,
		.tx_offloads = options->tx_offloads,
		.rx_offloads = options->rx_offloads,
	};
	pmd->ports.rss_types = options->rss_types;
	pmd->ports.max_packet = options->max_packet;
	pmd->ports.mbuf_bytes = options->mbuf_size;
	pmd->ports.mbuf_count = options->mbuf_count;
	pmd->ports.mbuf_cache = options->mbuf_cache;
	pmd->ports.isolate = options->isolate;
	pmd->fwd.ports = &pmd->ports;
	pmd->fwd.next = &pmd->settings;
}

int testpmd_add_port(struct testpmd *pmd, const char *spec)
{
	const uint16_t before = pmd->ports.count;
	const int rc = ports_add(&pmd->ports, spec);

	if (pmd->fwd.capture != NULL && pmd->ports.count > before)
		capture_add_port(pmd->fwd.capture, before, port_name(&pmd->ports.at[before]));
	return rc;
}

int testpmd_create_pools(struct testpmd *pmd)
{
	const struct fwd_settings *settings = &pmd->settings;
	/* A burst, and what waits in the mode noisy. */
	const uint32_t packets = settings->burst + settings->noisy.buffer;

	return pools_create(&pmd->ports, packets, settings->segments);
}

/* The streams of the last run point to the port's device. */
void testpmd_release_port(struct testpmd *pmd, struct port *port)
{
	if (!pmd->fwd.running)
		fwd_free(&pmd->fwd);
	port_close(port);
}

void testpmd_remove_port(struct testpmd *pmd, struct port *port)
{
	const bool forwards = pmd->fwd.running && fwd_has_port(&pmd->fwd, port->number);

	printf("\nPort %u: device removal event\n", port->number);
	print_error(
		"port %u: the system requests the removal of %s, as when it is unplugged; the port is closed",
		port->number, port_name(port));
	if (forwards)
		testpmd_stop(pmd);
	if (port_is_started(port))
		port_stop(port);
	testpmd_release_port(pmd, port);
	port_close_tap(port);
	printf("Port %u is closed\n", port->number);
	fflush(stdout);
	if (forwards && testpmd_start(pmd, 0) != 0 && !pmd->options.interactive) {
		pmd->failed = true;
		pmd->quit = true;
	}
}

int testpmd_set_queues(struct testpmd *pmd, uint32_t queue_pairs)
{
	struct ports *ports = &pmd->ports;
	const int rc = ports_check_queues(ports, queue_pairs);

	if (rc != 0 || queue_pairs == ports->queue_pairs)
		return rc;
	fwd_free(&pmd->fwd);
	pools_free(ports);
	ports->queue_pairs = queue_pairs;
	ports_lock();
	for (uint16_t i = 0; i < ports->count; i++)
		ports->at[i].conf.queue_pairs = queue_pairs;
	ports_unlock();
	return testpmd_create_pools(pmd);
}

int testpmd_start(struct testpmd *pmd, uint32_t tx_first)
{
	const int rc = fwd_prepare(&pmd->fwd, tx_first);

	if (rc != 0)
		return rc;
	show_forwarding(pmd);
	show_queues(pmd);
	fflush(stdout);
	fwd_launch(&pmd->fwd, tx_first);
	return 0;
}

void testpmd_stop(struct testpmd *pmd)
{
	if (!fwd_stop(&pmd->fwd))
		return;
	report_collect(&pmd->report, &pmd->fwd);
	report_print(&pmd->report, &pmd->fwd);
	fwd_finish(&pmd->fwd);
	printf("\nDone.\n");
	fflush(stdout);
}
