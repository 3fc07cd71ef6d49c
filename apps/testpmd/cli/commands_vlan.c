/* SPDX-License-Identifier: BSD-3-Clause */
/* VLAN tags: stripped from received packets, inserted into sent ones. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include <kickless/net_control.h>

#include "common/message.h"
#include "common/number.h"
#include "testpmd.h"

#define MAX_VLAN 4095
#define MIN_ETHER_TYPE 0x600 /* smaller values are lengths: IEEE 802.3 */

/* Stripping may change on a running device; filtering changes with its next start. */
static void run_vlan(struct testpmd *pmd, const struct command_words *words)
{
	const bool strip = strcmp(words->word[2].text, "strip") == 0;
	const bool on = strcmp(words->word[3].text, "on") == 0;
	const uint64_t offload = strip ? RTE_ETH_RX_OFFLOAD_VLAN_STRIP :
					 RTE_ETH_RX_OFFLOAD_VLAN_FILTER;
	struct port *port = select_one_port(pmd, words->word[4].number);
	int rc;

	if (port == NULL)
		return;
	rc = port_set_rx_offload(port, offload, on);
	fwd_apply(&pmd->fwd);
	if (rc != 0)
		print_reply("rx_vlan_%s_set(port_pi=%u, on=%d) failed diag=%d: %s",
			words->word[2].text, port->number, on, rc,
			rc == -EINVAL ? "stop the port first" : strerror(-rc));
}

/*
 * Stripping on one queue. What the device's driver strips for all queues can't be left out for one.
 */
static void run_strip_queue(struct testpmd *pmd, const struct command_words *words)
{
	const bool on = strcmp(words->word[3].text, "on") == 0;
	uint64_t number, queue;
	struct port *port;
	const char *rest;

	if (number_parse(words->word[4].text, ',', &number, &rest) != 0 || *rest != ',' ||
		number_parse(rest + 1, '\0', &queue, NULL) != 0) {
		print_reply("must specify (port,queue_id)");
		return;
	}
	port = select_one_port(pmd, number < PORT_ALL ? number : PORT_ALL - 1);
	if (port == NULL)
		return;
	if (queue >= port->conf.queue_pairs) {
		print_reply("Invalid RX queue %lu (must be < nb_rxq=%u)", (unsigned long)queue,
			port->conf.queue_pairs);
	} else if (!on && (port->conf.rx_offloads & RTE_ETH_RX_OFFLOAD_VLAN_STRIP) != 0) {
		print_reply("rx_vlan_strip_set_on_queue(port_pi=%u, queue_id=%u, on=0) failed "
			    "diag=%d: all queues of port %u strip: vlan set strip off %u",
			port->number, (unsigned int)queue, -ENOTSUP, port->number, port->number);
	} else {
		port->strips_vlan[queue] = on;
		fwd_apply(&pmd->fwd);
	}
}

static bool is_vlan(uint32_t tag)
{
	if (tag <= MAX_VLAN)
		return true;
	print_reply("Invalid vlan_id %u (must be <= %u)", tag, MAX_VLAN);
	return false;
}

/* Sets the tags of sent packets; NO_VLAN for none. The driver inserts one, this program two. */
static void set_tags(struct testpmd *pmd, uint32_t number, uint32_t tag, uint32_t outer)
{
	struct port *port = select_stopped_port(pmd, number);

	if (port == NULL)
		return;
	if (!port_set_tx_offload(port, RTE_ETH_TX_OFFLOAD_VLAN_INSERT, tag != NO_VLAN)) {
		print_reply("Error: vlan insert is not supported by port %u", port->number);
		return;
	}
	pmd->settings.tx_vlan[port->number] = tag;
	pmd->settings.tx_outer_vlan[port->number] = outer;
}

static void run_tag(struct testpmd *pmd, const struct command_words *words)
{
	if (is_vlan(words->word[3].number))
		set_tags(pmd, words->word[2].number, words->word[3].number, NO_VLAN);
}

static void run_two_tags(struct testpmd *pmd, const struct command_words *words)
{
	if (is_vlan(words->word[3].number) && is_vlan(words->word[4].number))
		set_tags(pmd, words->word[2].number, words->word[3].number, words->word[4].number);
}

static void run_no_tag(struct testpmd *pmd, const struct command_words *words)
{
	set_tags(pmd, words->word[2].number, NO_VLAN, NO_VLAN);
}

/* The EtherType of the outer tag of two. That of a single or inner tag is the driver's. */
static void set_type(struct testpmd *pmd, uint32_t number, bool outer, uint32_t type)
{
	const struct port *port = select_one_port(pmd, number);

	if (port == NULL)
		return;
	if (outer && type >= MIN_ETHER_TYPE && type <= UINT16_MAX)
		pmd->settings.outer_tpid[port->number] = type;
	else if (outer || type != RTE_ETHER_TYPE_VLAN)
		print_reply(
			"tx_vlan_tpid_set(port_pi=%u, vlan_type=%d, tpid=%u) failed diag=%d: %s",
			port->number, outer ? 2 : 1, type, outer ? -EINVAL : -ENOTSUP,
			outer ? "allowed: 0x600 to 0xffff" : "the inner tag's is 0x8100");
}

static void run_type(struct testpmd *pmd, const struct command_words *words)
{
	set_type(pmd, words->word[5].number, strcmp(words->word[2].text, "outer") == 0,
		words->word[4].number);
}

static void run_old_type(struct testpmd *pmd, const struct command_words *words)
{
	set_type(pmd, words->word[4].number, true, words->word[3].number);
}

static const struct command commands[] = {
	{"vlan set strip|filter on|off PORT",
		"Turn stripping of VLAN tags, or filtering by them, on or off.", run_vlan},
	{"vlan set stripq on|off LIST", "Turn stripping on or off for one queue: port,queue.",
		run_strip_queue},
	{"vlan set inner|outer tpid N PORT",
		"Set the EtherType of the outer one of two inserted tags, from the next start.",
		run_type},
	{"rx_vlan set tpid N PORT", "The same for the outer tag.", run_old_type},
	{"tx_vlan set PORT N", "Insert a VLAN tag into packets that a port sends.", run_tag},
	{"tx_vlan set PORT N N", "Insert two: the inner and the outer one.", run_two_tags},
	{"tx_vlan reset PORT", "Stop inserting tags.", run_no_tag},
	{NULL, NULL, NULL},
};

const struct command_group vlan_group = {
	.name = "vlan",
	.title = "VLAN tags",
	.commands = commands,
};
