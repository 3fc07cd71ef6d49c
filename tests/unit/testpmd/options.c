/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options of DPDK's testpmd 22.11: each is accepted, or refused by a text that names it and the
 * reason.
 */
#include "cli/options.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include <criterion/criterion.h>

#include "common/message.h"
#include "modes/modes.h"

enum outcome {
	ACCEPTED, /* without a word */
	IGNORED, /* with a warning */
	REFUSED,
};

static const struct {
	const char *option;
	enum outcome outcome;
} rows[] = {
	{"--help", ACCEPTED},
	{"--interactive", ACCEPTED},
	{"--cmdline-file=/dev/null", ACCEPTED},
	{"--auto-start", ACCEPTED},
	{"--eth-peers-configfile=/dev/null", ACCEPTED},
	{"--eth-peer=0,02:00:00:00:00:01", ACCEPTED},
	{"--tx-first", ACCEPTED},
	{"--stats-period=1", ACCEPTED},
	{"--display-xstats=all", IGNORED},
	{"--nb-cores=1", ACCEPTED},
	{"--nb-ports=1", ACCEPTED},
	{"--coremask=0x2", ACCEPTED},
	{"--portmask=0x1", ACCEPTED},
	{"--portlist=0", ACCEPTED},
	{"--numa", ACCEPTED},
	{"--no-numa", IGNORED},
	{"--mp-anon", IGNORED},
	{"--port-numa-config=(0,0)", IGNORED},
	{"--ring-numa-config=(0,1,0)", IGNORED},
	{"--socket-num=0", IGNORED},
	{"--mbuf-size=2048", ACCEPTED},
	{"--total-num-mbufs=4096", ACCEPTED},
	{"--max-pkt-len=1518", ACCEPTED},
	{"--max-lro-pkt-size=9000", IGNORED},
	{"--latencystats=0", IGNORED},
	{"--bitrate-stats=0", IGNORED},
	{"--disable-crc-strip", REFUSED},
	{"--enable-lro", ACCEPTED},
	{"--enable-rx-cksum", ACCEPTED},
	{"--enable-rx-timestamp", REFUSED},
	{"--enable-scatter", ACCEPTED},
	{"--enable-hw-vlan", ACCEPTED},
	{"--enable-hw-vlan-filter", ACCEPTED},
	{"--enable-hw-vlan-strip", ACCEPTED},
	{"--enable-hw-vlan-extend", REFUSED},
	{"--enable-hw-qinq-strip", REFUSED},
	{"--enable-drop-en", IGNORED},
	{"--disable-rss", ACCEPTED},
	{"--port-topology=loop", ACCEPTED},
	{"--forward-mode=mac", ACCEPTED},
	{"--rss-ip", ACCEPTED},
	{"--rss-udp", ACCEPTED},
	{"--rss-level-outer", ACCEPTED},
	{"--rss-level-inner", REFUSED},
	{"--rxq=1", ACCEPTED},
	{"--txq=1", ACCEPTED},
	{"--rxd=256", ACCEPTED},
	{"--txd=256", ACCEPTED},
	{"--hairpinq=1", REFUSED},
	{"--hairpin-mode=0x1", REFUSED},
	{"--burst=32", ACCEPTED},
	{"--flowgen-clones=1", IGNORED},
	{"--flowgen-flows=16", ACCEPTED},
	{"--mbcache=128", ACCEPTED},
	{"--txpt=4", IGNORED},
	{"--txht=4", IGNORED},
	{"--txwt=4", IGNORED},
	{"--txfreet=4", IGNORED},
	{"--txrst=4", IGNORED},
	{"--rxpt=4", IGNORED},
	{"--rxht=4", IGNORED},
	{"--rxwt=4", IGNORED},
	{"--rxfreet=4", IGNORED},
	{"--no-flush-rx", ACCEPTED},
	{"--flow-isolate-all", REFUSED},
	{"--rxoffs=0", IGNORED},
	{"--rxpkts=64", IGNORED},
	{"--rxhdrs=eth", IGNORED},
	{"--txpkts=64", ACCEPTED},
	{"--multi-rx-mempool", IGNORED},
	{"--txonly-multi-flow", ACCEPTED},
	{"--rxq-share=1", IGNORED},
	{"--eth-link-speed=10000", IGNORED},
	{"--disable-link-check", ACCEPTED},
	{"--disable-device-start", ACCEPTED},
	{"--no-lsc-interrupt", IGNORED},
	{"--no-rmv-interrupt", IGNORED},
	{"--print-event=all", IGNORED},
	{"--mask-event=all", IGNORED},
	{"--tx-offloads=0x0", ACCEPTED},
	{"--rx-offloads=0x0", ACCEPTED},
	{"--hot-plug", IGNORED},
	{"--vxlan-gpe-port=4791", IGNORED},
	{"--geneve-parsed-port=6082", IGNORED},
	{"--mlockall", IGNORED},
	{"--no-mlockall", ACCEPTED},
	{"--mp-alloc=anon", IGNORED},
	{"--tx-ip=198.18.0.1,198.18.0.2", ACCEPTED},
	{"--tx-udp=9,9", ACCEPTED},
	{"--noisy-tx-sw-buffer-size=4", ACCEPTED},
	{"--noisy-tx-sw-buffer-flushtime=4", ACCEPTED},
	{"--noisy-lkup-memory=4", ACCEPTED},
	{"--noisy-lkup-num-writes=4", ACCEPTED},
	{"--noisy-lkup-num-reads=4", ACCEPTED},
	{"--noisy-lkup-num-reads-writes=4", ACCEPTED},
	{"--no-iova-contig", IGNORED},
	{"--rx-mq-mode=0x1", IGNORED},
	{"--record-core-cycles", ACCEPTED},
	{"--record-burst-stats", ACCEPTED},
	{"--num-procs=2", REFUSED},
	{"--proc-id=1", IGNORED},
	{"--mp-alloc=native", ACCEPTED},
	{"--hairpinq=0", ACCEPTED},
	{"--num-procs=1", ACCEPTED},
	{"--proc-id=0", ACCEPTED},
	{"--rxfreet=0", ACCEPTED},
	{"--txrst=0", ACCEPTED},
	{"--flowgen-clones=0", ACCEPTED},
	/* Of later versions. */
	{"--disable-flow-flush", IGNORED},
	{"--enable-rss", ACCEPTED},
	{"--hairpin-map=0:0:1:0:1", REFUSED},
	{"--noisy-forward-mode=io", ACCEPTED},
	{"--noisy-forward-mode=mac", REFUSED},
	{"--txonly-flows=4", REFUSED},
	/* Of older ones. */
	{"--crc-strip", ACCEPTED},
	{"--disable-hw-vlan", IGNORED},
	{"--txqflags=0xf00", IGNORED},
	{"--pkt-filter-mode=none", ACCEPTED},
	{"--pkt-filter-mode=perfect", REFUSED},
	{"--pkt-filter-size=64K", REFUSED},
	{"--pkt-filter-report-hash=always", REFUSED},
	{"--pkt-filter-drop-queue=127", REFUSED},
	{"--rx-queue-stats-mapping=(0,0,0)", REFUSED},
	{"--tx-queue-stats-mapping=(0,0,0)", REFUSED},
};

static struct options options;
static char printed[4096];

static int parse_words(int argc, const char *const *words)
{
	FILE *saved = stderr;
	char *argv[8] = {NULL};
	int rc;

	for (int i = 0; i < argc; i++)
		argv[i] = (char *)(uintptr_t)words[i];
	memset(printed, 0, sizeof(printed));
	stderr = fmemopen(printed, sizeof(printed), "w");
	rc = options_parse(&options, argc, argv);
	fclose(stderr);
	stderr = saved;
	return rc;
}

static int parse(const char *option)
{
	const char *const words[] = {"kickless-testpmd", "--", "--dev",
		"vhost-user:/tmp/s,type=net", option};

	return parse_words(5, words);
}

static void expect_outcome(const char *option, enum outcome outcome)
{
	const int rc = parse(option);
	const char *named = strstr(printed, option);

	cr_expect_eq(rc, outcome == REFUSED ? -EINVAL : 0, "%s: %d, %s", option, rc, printed);
	if (outcome == ACCEPTED) {
		cr_expect_str_eq(printed, "", "%s", option);
		return;
	}
	cr_expect_null(strstr(printed, "unknown option"), "%s", option);
	cr_assert_not_null(named, "%s is not named: %s", option, printed);
	/* A reason follows. */
	cr_expect_gt(strlen(named), strlen(option) + 20, "%s: %s", option, printed);
	cr_expect_eq(strstr(printed, "warning: ") != NULL, outcome == IGNORED, "%s: %s", option,
		printed);
}

Test(options, of_testpmd)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_outcome(rows[i].option, rows[i].outcome);
}

/* The object of --json has the last error, and a run goes on after a warning. */
Test(options, a_warning_is_no_error)
{
	char error[256];

	cr_expect_eq(parse("--no-numa"), 0);
	cr_expect_not_null(strstr(printed, "warning: --no-numa has no effect"), "%s", printed);
	cr_expect_str_eq(messages_last_error(error, sizeof(error)), "");
	cr_expect_eq(parse("--txonly-flows=4"), -EINVAL);
	cr_expect_not_null(strstr(messages_last_error(error, sizeof(error)), "--txonly-flows=4"));
}

/* Without a "--" our -a is no EAL option that names a device. */
Test(options, the_dashes_in_front_are_missing)
{
	static const char *const rows_without[][4] = {
		{"kickless-testpmd", "--dev=net@0", "-i", "-a"},
		{"kickless-testpmd", "-a", "--forward-mode=txonly", "--auto-start"},
		{"kickless-testpmd", "-i", "--nb-cores", "-a"},
	};
	static const char *const eals[] = {"kickless-testpmd", "-l", "0", "-a", "0000:00:05.0"};

	for (size_t i = 0; i < sizeof(rows_without) / sizeof(rows_without[0]); i++) {
		cr_expect_eq(parse_words(4, rows_without[i]), -EINVAL);
		cr_expect_not_null(strstr(printed, "usage: kickless-testpmd [EAL options] -- "),
			"%s", printed);
	}
	cr_expect_eq(parse_words(5, eals), -EINVAL);
	cr_expect_not_null(strstr(printed, "use --dev 0000:00:05.0"), "%s", printed);
}

Test(options, values_that_are_read)
{
	cr_expect_eq(parse("--portlist=1,0"), 0);
	cr_expect_eq(options.settings.port_list_count, 2);
	cr_expect_eq(options.settings.port_list[0], 1);
	cr_expect_eq(parse("--flowgen-flows=7"), 0);
	cr_expect_eq(options.settings.flows, 7);
	cr_expect_eq(parse("--enable-hw-vlan"), 0);
	cr_expect_eq(options.rx_offloads,
		RTE_ETH_RX_OFFLOAD_VLAN_STRIP | RTE_ETH_RX_OFFLOAD_VLAN_FILTER);
}

Test(options, peers_of_a_file)
{
	char path[] = "/tmp/kickless-peers-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	char option[64];

	fputs("02:00:00:00:00:aa\n02:00:00:00:00:bb\n", file);
	fclose(file);
	snprintf(option, sizeof(option), "--eth-peers-configfile=%s", path);
	cr_expect_eq(parse(option), 0, "%s", printed);
	cr_expect_eq(options.settings.peers[0].addr_bytes[5], 0xaa);
	cr_expect_eq(options.settings.peers[1].addr_bytes[5], 0xbb);
	cr_expect_eq(options.settings.peers[2].addr_bytes[5], 2);
	file = fopen(path, "a");
	fputs("no address\n", file);
	fclose(file);
	cr_expect_eq(parse(option), -EINVAL);
	cr_expect_not_null(strstr(printed, ":3: 'no' is not an address"), "%s", printed);
	remove(path);
	cr_expect_eq(parse(option), -EINVAL);
	cr_expect_not_null(strstr(printed, path), "%s", printed);
}

/* The help is a constant, so it repeats the table of the modes. */
Test(options, help_has_all_modes)
{
	static char help[32768];
	FILE *saved = stdout;
	char names[256];

	stdout = fmemopen(help, sizeof(help), "w");
	options_help();
	fclose(stdout);
	stdout = saved;
	engine_names('|', names, sizeof(names));
	cr_expect_not_null(strstr(help, names), "no %s in: %s", names, help);
}
