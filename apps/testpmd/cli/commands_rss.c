/* SPDX-License-Identifier: BSD-3-Clause */
/* RSS: the distribution of packets over a device's receive queues. */
#include "command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <kickless/net_control.h>

#include "common/message.h"
#include "lists.h"
#include "offloads.h"
#include "testpmd.h"

#define MAX_TABLE 1024

/* The setting in force, or the driver's default; key and table are NULL then. */
static struct kl_net_rss current_rss(const struct port *port)
{
	struct kl_net_rss rss;

	if (kl_net_rss_get(port->net, &rss) != 0)
		rss = (struct kl_net_rss){
			.types = port->rss_types & kl_net_info(port->net)->rss_types};
	return rss;
}

static void run_types(struct testpmd *pmd, const struct command_words *words)
{
	struct port *port;
	uint64_t types;
	uint16_t at = 0;

	if (rss_types_parse(words->word[4].text, &types) != 0) {
		print_reply("Unknown parameter");
		return;
	}
	while ((port = select_port(pmd, PORT_ALL, &at)) != NULL) {
		struct kl_net_rss rss = current_rss(port);
		const uint64_t possible = types & kl_net_info(port->net)->rss_types;
		int rc;

		if (possible != types)
			printf("Port %u modified RSS hash function based on hardware support,"
			       "requested:%#" PRIx64 " configured:%#" PRIx64 "\n",
				port->number, types, possible);
		rss.types = possible;
		rc = kl_net_rss_set(port->net, &rss);
		if (rc == 0)
			port->rss_types = possible;
		else
			print_reply(
				"Configuration of RSS hash at ethernet port %u failed with error (%d): %s.",
				port->number, -rc, strerror(-rc));
	}
}

static void run_set_table(struct testpmd *pmd, const struct command_words *words)
{
	struct list_pair pairs[MAX_TABLE];
	const int count = pairs_parse(words->word[5].text, pairs, MAX_TABLE);
	uint16_t table[MAX_TABLE];
	struct kl_net_rss rss;
	struct port *port = select_one_port(pmd, words->word[2].number);
	int rc;

	if (port == NULL)
		return;
	rss = current_rss(port);
	if (rss.table == NULL || rss.table_entries > MAX_TABLE) {
		print_reply(
			"The redirection table of port %u is set when it starts; none is in force",
			port->number);
		return;
	}
	memcpy(table, rss.table, rss.table_entries * sizeof(table[0]));
	for (int i = 0; i < count; i++) {
		if (pairs[i].first >= rss.table_entries) {
			print_reply("Invalid RETA hash index=%u", pairs[i].first);
			return;
		}
		table[pairs[i].first] = pairs[i].second;
	}
	rss.table = table;
	rc = count < 0 ? count : kl_net_rss_set(port->net, &rss);
	if (rc != 0)
		print_reply("Invalid RETA parameter; allowed: (INDEX,QUEUE)[,(INDEX,QUEUE)]...");
}

/* Masks select the entries to show, 64 to a mask, as in testpmd. */
static void run_show_table(struct testpmd *pmd, const struct command_words *words)
{
	const struct port *port = select_one_port(pmd, words->word[2].number);
	struct kl_net_rss rss;

	if (port == NULL)
		return;
	if (kl_net_rss_get(port->net, &rss) != 0 || rss.table == NULL) {
		print_reply("RSS is not in force on port %u", port->number);
		return;
	}
	if (words->word[5].number != rss.table_entries) {
		print_reply("Invalid redirection table size: %u; port %u has %u entries",
			words->word[5].number, port->number, rss.table_entries);
		return;
	}
	for (uint16_t i = 0; i < rss.table_entries; i++)
		if (mask_list_has(words->word[6].text, i))
			printf("RSS RETA configuration: hash index=%u, queue=%u\n", i,
				rss.table[i]);
}

static void show_hash(const struct port *port, bool with_key)
{
	struct kl_net_rss rss;

	if (kl_net_rss_get(port->net, &rss) != 0 || rss.types == 0) {
		printf("RSS disabled\n");
		return;
	}
	rss_types_print("RSS functions:\n", rss.types);
	if (!with_key || rss.key == NULL)
		return;
	printf("RSS key:\n");
	for (uint8_t i = 0; i < rss.key_bytes; i++)
		printf("%02X", rss.key[i]);
	printf("\n");
}

/* A type, which older scripts name, selects nothing: a device has one set of types and one key. */
static void run_show_hash(struct testpmd *pmd, const struct command_words *words)
{
	const struct port *port = select_one_port(pmd, words->word[2].number);

	if (port != NULL)
		show_hash(port,
			strcmp(words->word[4].text, "key") == 0 ||
				strcmp(words->word[5].text, "key") == 0);
}

static void run_show_hashes(struct testpmd *pmd, const struct command_words *words)
{
	struct port *port;
	uint16_t at = 0;

	(void)words;
	while ((port = select_port(pmd, PORT_ALL, &at)) != NULL) {
		printf("Port %u: ", port->number);
		show_hash(port, false);
	}
}

/* Reads two hexadecimal digits per byte. Returns how many bytes, or -EINVAL. */
static int parse_key(const char *text, uint8_t *key, size_t size)
{
	const size_t digits = strspn(text, "0123456789abcdefABCDEF");
	const size_t rest = digits + strspn(text + digits, " ");

	if (text[rest] != '\0' || digits == 0 || digits % 2 != 0 || digits / 2 > size)
		return -EINVAL;
	for (size_t i = 0; i < digits / 2; i++)
		sscanf(text + 2 * i, "%2hhx", &key[i]);
	return digits / 2;
}

/* Changes the key, and hashes that type too if the device can. */
static void run_set_key(struct testpmd *pmd, const struct command_words *words)
{
	struct port *port = select_one_port(pmd, words->word[2].number);
	uint8_t key[UINT8_MAX];
	struct kl_net_rss rss;
	int bytes, rc;

	if (port == NULL)
		return;
	if (kl_net_info(port->net)->rss_key_max == 0) {
		print_reply("dev_info did not provide a valid hash key size");
		return;
	}
	bytes = parse_key(words->rest, key, kl_net_info(port->net)->rss_key_max);
	if (bytes < 0) {
		print_reply(
			"key length: %zu invalid - key must be a string of 2 to %u hexa-decimal "
			"numbers, two for each byte",
			strlen(words->rest), 2 * kl_net_info(port->net)->rss_key_max);
		return;
	}
	rss = current_rss(port);
	rss.types |= rss_type_by_name(words->word[4].text) & kl_net_info(port->net)->rss_types;
	rss.key = key;
	rss.key_bytes = bytes;
	rc = kl_net_rss_set(port->net, &rss);
	if (rc != 0)
		print_reply("operation failed - diag=%d: %s", rc, strerror(-rc));
}

/* The flow types of testpmd, of which a virtio device has some. */
#define RSS_TYPES \
	"ipv4|ipv4-frag|ipv4-tcp|ipv4-udp|ipv4-sctp|ipv4-other|ipv6|ipv6-frag|ipv6-tcp|ipv6-udp|" \
	"ipv6-sctp|ipv6-other|l2-payload|ipv6-ex|ipv6-tcp-ex|ipv6-udp-ex|l3-src-only|l3-dst-only|" \
	"l4-src-only|l4-dst-only|l2-src-only|l2-dst-only|s-vlan|c-vlan|l2tpv3|esp|ah|pfcp|pppoe|gtpu|" \
	"ecpri|mpls|l2tpv2"

static const struct command commands[] = {
	{"port config all rss LIST", "Choose what is hashed.", run_types},
	{"port config PORT rss reta LIST", "Change the redirection table: (index,queue)[,...].",
		run_set_table},
	{"show port PORT rss reta N LIST",
		"Display it; N entries, (mask)[,(mask)] of which to show.", run_show_table},
	{"port config PORT rss-hash-key " RSS_TYPES " FILE",
		"Change the hash key: hexadecimal digits, as many as the device takes.",
		run_set_key},
	{"show port rss-hash", "Display what is hashed on each port.", run_show_hashes},
	{"show port PORT rss-hash", "Display what is hashed.", run_show_hash},
	{"show port PORT rss-hash " RSS_TYPES, "The same.", run_show_hash},
	{"show port PORT rss-hash " RSS_TYPES " key", "The same with the key.", run_show_hash},
	{"show port PORT rss-hash key", "The same with the key.", run_show_hash},
	{NULL, NULL, NULL},
};

const struct command_group rss_group = {
	.name = "rss",
	.title = "How a device spreads packets over its queues",
	.commands = commands,
};
