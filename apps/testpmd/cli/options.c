/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "number.h"
#include "option_table.h"
#include "parse_settings.h"
#include "say.h"

static void set_defaults(struct options *options)
{
	*options = (struct options){
		.kick = {.mode = KL_KICK_AUTO},
		.mbuf_size = RTE_MBUF_DEFAULT_BUF_SIZE,
		.mbuf_cache = DEFAULT_MBUF_CACHE,
	};
	settings_default(&options->settings);
}

static int set_number(const struct option_row *row, struct options *options, const char *text)
{
	uint64_t value;

	if (number_parse(text, '\0', &value, NULL) != 0 || value < row->min || value > row->max) {
		say_error("--%s=%s: a number from %" PRIu64 " to %" PRIu64 " is allowed", row->name,
			text, row->min, row->max);
		return -EINVAL;
	}
	*(uint64_t *)((char *)options + row->offset) = value;
	return 0;
}

static int apply(const struct option_row *row, struct options *options, const char *value)
{
	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)((char *)options + row->offset) = true;
		return 0;
	case OPTION_NUMBER:
		return set_number(row, options, value);
	case OPTION_TEXT:
		*(const char **)((char *)options + row->offset) = value;
		return 0;
	case OPTION_CALL:
		return row->call(options, value);
	}
	return -EINVAL;
}

static int unknown(const char *argument)
{
	fflush(stdout);
	fprintf(stderr, "kickless-testpmd: unknown option '%s'; allowed are", argument);
	for (const struct option_row *row = option_rows; row->name != NULL; row++)
		fprintf(stderr, " --%s", row->name);
	fputs(" (--help explains them)\n", stderr);
	return -EINVAL;
}

static const struct option_row *find(const char *argument)
{
	const char letter = argument[0] == '-' && argument[1] != '-' && argument[1] != '\0' &&
			argument[2] == '\0' ?
		argument[1] :
		'\0';
	const size_t length = strncmp(argument, "--", 2) == 0 ? strcspn(argument + 2, "=") : 0;

	for (const struct option_row *row = option_rows; row->name != NULL; row++) {
		if (letter != '\0' ? row->letter == letter :
				     length > 0 && strlen(row->name) == length &&
					strncmp(row->name, argument + 2, length) == 0)
			return row;
	}
	return NULL;
}

/* Returns how many arguments the option took, or -EINVAL. */
static int parse_one(struct options *options, char **argument, int left)
{
	const struct option_row *row = find(argument[0]);
	const char *equals = strchr(argument[0], '=');
	const bool wants_value = row != NULL && row->value != NULL;
	const bool next = wants_value && equals == NULL;

	if (row == NULL)
		return unknown(argument[0]);
	if (!wants_value && equals != NULL) {
		say_error("--%s takes no value", row->name);
		return -EINVAL;
	}
	if (next && left < 2) {
		say_error("--%s needs a value: %s", row->name, row->value);
		return -EINVAL;
	}
	if (apply(row, options, next ? argument[1] : equals != NULL ? equals + 1 : NULL) != 0)
		return -EINVAL;
	return next ? 2 : 1;
}

static int check_queues(struct options *options)
{
	/* One of them alone is as in testpmd, where the other is then 1. */
	const uint64_t rxq = options->rxq == 0 && options->txq != 0 ? 1 : options->rxq;
	const uint64_t txq = options->txq == 0 && options->rxq != 0 ? 1 : options->txq;

	if (rxq != txq) {
		say_error("--rxq=%" PRIu64 " and --txq=%" PRIu64
			  ": a virtio network device has pairs of "
			  "queues, so both must be equal",
			rxq, txq);
		return -EINVAL;
	}
	options->queues = rxq;
	return 0;
}

static int check_buffers(struct options *options)
{
	const uint64_t cached = options->mbuf_cache * 3 /
		2; /* what a mempool lets its cache hold */

	if (options->mbuf_count != 0 && options->mbuf_count < cached) {
		say_error("--total-num-mbufs=%" PRIu64 " is less than a cache of %" PRIu64
			  " needs: %" PRIu64 "; make --mbcache smaller",
			options->mbuf_count, options->mbuf_cache, cached);
		return -EINVAL;
	}
	if (options->segments == NULL)
		return 0;
	return settings_set_segments(&options->settings, options->segments,
		options->mbuf_size - RTE_PKTMBUF_HEADROOM);
}

static int check_run(struct options *options)
{
	if (options->interactive && (options->tx_first || options->duration > 0)) {
		say_error("%s can't be used with --interactive",
			options->tx_first ? "--tx-first" : "--duration");
		return -EINVAL;
	}
	if (options->interactive && options->stats_period != 0)
		say_error("warning: --stats-period does nothing with --interactive");
	if (options->settings.rate != 0 && !options->settings.engine->paced &&
		!options->interactive) {
		say_error(
			"--rate is for the modes that make packets, txonly and flowgen, not for %s",
			options->settings.engine->name);
		return -EINVAL;
	}
	if (options->cores != 0)
		options->settings.cores = options->cores;
	options->settings.ports = options->ports;
	return 0;
}

static void choose_offloads(struct options *options)
{
	if (options->rx_cksum)
		options->rx_offloads |= RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
	if (options->lro)
		options->rx_offloads |= RTE_ETH_RX_OFFLOAD_TCP_LRO;
	if (options->vlan_filter)
		options->rx_offloads |= RTE_ETH_RX_OFFLOAD_VLAN_FILTER;
	if (options->vlan_strip)
		options->rx_offloads |= RTE_ETH_RX_OFFLOAD_VLAN_STRIP;
	if (!options->no_rss)
		options->rss_types = RTE_ETH_RSS_IP | (options->rss_udp ? RTE_ETH_RSS_UDP : 0);
}

static int check(struct options *options)
{
	int rc;

	if (options->device_count == 0) {
		say_error("no device given; use --dev NAME, for instance --dev net@0");
		return -EINVAL;
	}
	choose_offloads(options);
	rc = check_queues(options);
	if (rc == 0)
		rc = check_buffers(options);
	if (rc == 0)
		rc = check_run(options);
	return rc;
}

/* Our options follow a lone "--"; EAL's stand before it, and --help and --version may. */
static int find_start(struct options *options, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i + 1;
		options->help |= strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
		options->version |= strcmp(argv[i], "--version") == 0;
	}
	if (options->help || options->version)
		return argc;
	say_error("usage: kickless-testpmd [EAL options] -- --dev NAME[,key=value...] [options]; "
		  "--help explains them");
	return -EINVAL;
}

int options_parse(struct options *options, int argc, char **argv)
{
	int i;

	set_defaults(options);
	i = find_start(options, argc, argv);
	if (i < 0)
		return i;
	while (i < argc && !options->help && !options->version) {
		const int taken = parse_one(options, argv + i, argc - i);

		if (taken < 0)
			return taken;
		i += taken;
	}
	return options->help || options->version ? 0 : check(options);
}
