/* SPDX-License-Identifier: BSD-3-Clause */
/* Single queues of a port: their state, size and offloads. */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include <kickless/net_control.h>

#include "common/message.h"
#include "offloads.h"
#include "show.h"
#include "testpmd.h"

static bool is_tx(const struct command_words *words, unsigned int at)
{
	return strcmp(words->word[at].text, "txq") == 0;
}

/* The selected port, if it has that queue: the next start makes queue_pairs of them. */
static struct port *select_port_with_queue(struct testpmd *pmd, uint32_t number, bool tx,
	uint32_t queue)
{
	struct port *port = select_one_port(pmd, number);

	if (port == NULL || queue < port->conf.queue_pairs)
		return port;
	print_reply("Invalid %s queue %u (must be < nb_%s=%u)", tx ? "TX" : "RX", queue,
		tx ? "txq" : "rxq", port->conf.queue_pairs);
	return NULL;
}

static void run_state(struct testpmd *pmd, const struct command_words *words)
{
	const bool tx = is_tx(words, 2);
	const bool stops = strcmp(words->word[4].text, "stop") == 0;
	const uint32_t queue = words->word[3].number;
	struct port *port;
	uint16_t at = 0;

	while ((port = select_port(pmd, words->word[1].number, &at)) != NULL) {
		if (!port_is_started(port) || queue >= port->conf.queue_pairs) {
			print_reply("port %u has no started %s queue %u", port->number,
				tx ? "TX" : "RX", queue);
			continue;
		}
		if (port_stop_queue(port, tx ? KL_NET_TX : KL_NET_RX, queue, stops) == 0)
			fwd_apply(&pmd->fwd);
	}
}

static void run_ring_size(struct testpmd *pmd, const struct command_words *words)
{
	const bool tx = is_tx(words, 3);
	const uint32_t queue = words->word[4].number;
	const uint32_t size = words->word[6].number;
	struct port *port = select_port_with_queue(pmd, words->word[2].number, tx, queue);

	if (port == NULL)
		return;
	if (size > LARGEST_RING)
		print_reply("ring_size %u of %s queue %u; allowed: 1 to %u, or 0 for that of all "
			    "queues",
			size, tx ? "TX" : "RX", queue, LARGEST_RING);
	else if (tx)
		port->tx_ring_sizes[queue] = size;
	else
		port->rx_ring_sizes[queue] = size;
}

/* A queue gets its memory and its settings when the device starts, as all of them do. */
static void run_setup(struct testpmd *pmd, const struct command_words *words)
{
	const bool tx = is_tx(words, 2);
	const struct port *port = select_port_with_queue(pmd, words->word[1].number, tx,
		words->word[3].number);

	if (port != NULL && port_is_started(port))
		print_reply("Failed to setup %s queue: port %u is not stopped", tx ? "TX" : "RX",
			port->number);
}

static void run_deferred(struct testpmd *pmd, const struct command_words *words)
{
	const bool tx = is_tx(words, 2);
	const uint32_t queue = words->word[3].number;
	const bool on = strcmp(words->word[5].text, "on") == 0;
	struct port *port = select_port_with_queue(pmd, words->word[1].number, tx, queue);

	if (port == NULL || !require_stopped(port))
		return;
	if (tx)
		port->tx_deferred[queue] = on;
	else
		port->rx_deferred[queue] = on;
}

/*
 * A virtio device has its offloads for all queues, so the next start requests those of each queue
 * from the device.
 */
static void run_offload(struct testpmd *pmd, const struct command_words *words)
{
	const uint32_t queue = words->word[3].number;
	const char *name = words->word[5].text;
	const uint64_t offload = offload_by_name(true, name);
	struct port *port = select_port_with_queue(pmd, words->word[1].number, true, queue);

	if (port == NULL || !require_stopped(port))
		return;
	if (offload == 0)
		print_reply("Unknown offload name: %s", name);
	else if (strcmp(words->word[6].text, "off") == 0)
		port->tx_queue_offloads[queue] &= ~offload;
	else if ((kl_net_info(port->net)->tx_offloads & offload) == 0)
		print_reply("Error: port %u does not support offload %s", port->number, name);
	else
		port->tx_queue_offloads[queue] |= offload;
}

static void show_one(const struct port *port, bool tx, uint32_t queue)
{
	if (queue > UINT16_MAX || show_queue(port, tx, queue) != 0)
		print_reply("Failed to retrieve information for port: %u, %s queue: %u",
			port->number, tx ? "TX" : "RX", queue);
}

static void run_show(struct testpmd *pmd, const struct command_words *words)
{
	struct port *port;
	uint16_t at = 0;

	while ((port = select_port(pmd, words->word[3].number, &at)) != NULL)
		show_one(port, is_tx(words, 1), words->word[4].number);
}

static void run_show_all(struct testpmd *pmd, const struct command_words *words)
{
	struct port *port;
	uint16_t at = 0;

	while ((port = select_port(pmd, PORT_ALL, &at)) != NULL)
		for (uint16_t queue = 0; queue < port->conf.queue_pairs; queue++)
			show_one(port, is_tx(words, 1), queue);
}

/*
 * Descriptor N is the N-th from the one that the queue takes next. Behind the first one the device
 * may be done with more than are shown so.
 */
static const char *descriptor_state(const struct port *port, uint16_t in_flight, bool tx,
	uint16_t queue, uint32_t n)
{
	if (n >= in_flight)
		return tx ? "DONE" : "UNAVAILABLE";
	if (n == 0 && kl_net_queue_has_completed(port->net, tx ? KL_NET_TX : KL_NET_RX, queue) == 1)
		return "DONE";
	return tx ? "FULL" : "AVAILABLE";
}

static void run_descriptor(struct testpmd *pmd, const struct command_words *words)
{
	const bool tx = is_tx(words, 3);
	const uint32_t queue = words->word[4].number;
	const uint32_t n = words->word[6].number;
	struct kl_net_queue_info info = {0};
	const struct port *port = select_one_port(pmd, words->word[2].number);

	if (port == NULL)
		return;
	if (queue > UINT16_MAX ||
		kl_net_queue_info_get(port->net, tx ? KL_NET_TX : KL_NET_RX, queue, &info) != 0 ||
		n >= info.size)
		print_reply("Invalid input: queue id = %u, desc id = %u", queue, n);
	else
		printf("Desc status = %s\n",
			descriptor_state(port, info.in_flight, tx, (uint16_t)queue, n));
}

static const struct command commands[] = {
	{"port PORT rxq|txq N start|stop",
		"Start or stop one queue: by RING_RESET, or else by leaving it out of forwarding.",
		run_state},
	{"port PORT rxq|txq N deferred_start on|off",
		"Leave a queue stopped when its port starts, until it is started by itself.",
		run_deferred},
	{"port config PORT rxq|txq N ring_size N",
		"Set the descriptors of one ring from the port's next start; 0: as all queues.",
		run_ring_size},
	{"port PORT rxq|txq N setup",
		"Accept the settings of a queue of a stopped port; its start applies them.",
		run_setup},
	{"port PORT txq N tx_offload LIST on|off",
		"Request an offload for one queue from the next start; the device grants it to all.",
		run_offload},
	{"show rxq|txq info PORT N", "Display information on queue N of a port.", run_show},
	{"show rxq|txq all info", "Display information on all queues.", run_show_all},
	{"show port PORT rxq|txq N desc N status",
		"Display whether the device has the N-th descriptor from the next one.",
		run_descriptor},
	{NULL, NULL, NULL},
};

const struct command_group queues_group = {
	.name = "queues",
	.title = "Single queues of a port",
	.commands = commands,
};
