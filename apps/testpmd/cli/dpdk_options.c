/* SPDX-License-Identifier: BSD-3-Clause */
#include "dpdk_options.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include "common/message.h"
#include "dpdk_devices.h"

#define VALUE "VALUE"
#define THRESHOLDS "a virtio ring has no such threshold"
#define SPLIT "a virtio device does not split packets"
#define ONE_TAG "a virtio device handles one VLAN tag of a packet"
#define HAIRPIN "a virtio device has no hairpin queues; mode io returns packets"
#define NODES "memory lies on the NUMA node of its device"
#define POOLS "mbufs lie in EAL's memory"
#define TUNNEL_PORTS "the csum mode parses tunnels on their registered ports"
#define NO_DIRECTOR "a virtio device has no flow director"

struct dpdk_option {
	const char *name;
	const char *value; /* in the sense of struct option_row */
	const char *accepted; /* this value is the state here: nothing is printed */
	const char *reason;
};

/* Their absence changes no result: a warning. */
static const struct dpdk_option ignored[] = {
	{"bitrate-stats", VALUE, NULL, "show port stats has rates"},
	{"disable-flow-flush", NULL, NULL, "a virtio device has no flow rules"},
	{"disable-hw-vlan", NULL, NULL, "it is off without --enable-hw-vlan"},
	{"disable-link-check", NULL, "", NULL},
	{"display-xstats", VALUE, NULL, "show port xstats displays all counters"},
	{"enable-drop-en", NULL, NULL, "the host of a virtio device decides what it drops"},
	{"eth-link-speed", VALUE, NULL, "the speed of a virtio link is set by its host"},
	{"flowgen-clones", VALUE, "0", "each packet of flowgen is made anew"},
	{"geneve-parsed-port", VALUE, "6081", TUNNEL_PORTS},
	{"hot-plug", NULL, NULL,
		"a device whose removal the system requests is closed; port attach opens one"},
	{"latencystats", VALUE, NULL,
		"latency is not measured; --pcap-out has the time of packets"},
	{"mask-event", VALUE, NULL, "events are always printed"},
	{"max-lro-pkt-size", VALUE, NULL, "the device decides how much it coalesces"},
	{"mlockall", NULL, NULL, "memory that devices reach is always resident"},
	{"mp-alloc", VALUE, "native", POOLS},
	{"mp-anon", NULL, NULL, POOLS},
	{"multi-rx-mempool", NULL, NULL, SPLIT},
	{"no-iova-contig", NULL, NULL, POOLS},
	{"no-lsc-interrupt", NULL, NULL, "the link is read again at each change"},
	{"no-mlockall", NULL, "", NULL},
	{"no-numa", NULL, NULL, NODES},
	{"no-rmv-interrupt", NULL, NULL, "a requested removal is always noticed"},
	{"numa", NULL, "", NULL},
	{"port-numa-config", VALUE, NULL, NODES},
	{"print-event", VALUE, NULL, "events are always printed"},
	{"proc-id", VALUE, "0", "there is one process"},
	{"ring-numa-config", VALUE, NULL, NODES},
	{"enable-rss", NULL, "", NULL},
	{"rss-level-outer", NULL, "", NULL},
	{"rx-mq-mode", VALUE, NULL, "--rxq and --disable-rss determine it"},
	{"rxfreet", VALUE, "0", THRESHOLDS},
	{"rxhdrs", VALUE, NULL, SPLIT},
	{"rxht", VALUE, NULL, THRESHOLDS},
	{"rxoffs", VALUE, NULL, SPLIT},
	{"rxpkts", VALUE, NULL, SPLIT},
	{"rxpt", VALUE, NULL, THRESHOLDS},
	{"rxq-share", "[=N]", NULL, "virtio queues are not shared between ports"},
	{"rxwt", VALUE, NULL, THRESHOLDS},
	{"socket-num", VALUE, NULL, NODES},
	{"txfreet", VALUE, "0", THRESHOLDS},
	{"txht", VALUE, NULL, THRESHOLDS},
	{"txpt", VALUE, NULL, THRESHOLDS},
	{"txqflags", VALUE, NULL, "--tx-offloads chooses the offloads"},
	{"txrst", VALUE, "0", THRESHOLDS},
	{"txwt", VALUE, NULL, THRESHOLDS},
	{"vxlan-gpe-port", VALUE, "4790", TUNNEL_PORTS},
};

/* A run without them would be another one. */
static const struct dpdk_option refused[] = {
	{"crc-strip", NULL, "", NULL},
	{"disable-crc-strip", NULL, NULL, "a virtio device delivers packets without their CRC"},
	{"enable-hw-qinq-strip", NULL, NULL, ONE_TAG "; --enable-hw-vlan-strip strips it"},
	{"enable-hw-vlan-extend", NULL, NULL, ONE_TAG},
	{"enable-rx-timestamp", NULL, NULL,
		"a virtio device puts no time on packets; --pcap-out has the time of their arrival"},
	{"flow-isolate-all", NULL, NULL, "a virtio device has no flow rules"},
	{"hairpin-map", VALUE, NULL, HAIRPIN},
	{"hairpin-mode", VALUE, "0x0", HAIRPIN},
	{"hairpinq", VALUE, "0", HAIRPIN},
	{"noisy-forward-mode", VALUE, "io", "the mode noisy returns packets as the mode io does"},
	{"num-procs", VALUE, "1", "a virtio device belongs to one process"},
	{"pkt-filter-drop-queue", VALUE, NULL, NO_DIRECTOR},
	{"pkt-filter-mode", VALUE, "none", NO_DIRECTOR},
	{"pkt-filter-report-hash", VALUE, "none", NO_DIRECTOR},
	{"pkt-filter-size", VALUE, NULL, NO_DIRECTOR},
	{"rss-level-inner", NULL, NULL, "a virtio device hashes the outer headers"},
	{"rx-queue-stats-mapping", VALUE, NULL, "each queue has counters of its own"},
	{"txonly-flows", VALUE, NULL, "--txonly-multi-flow varies the source port"},
	{"tx-queue-stats-mapping", VALUE, NULL, "each queue has counters of its own"},
};

static const struct dpdk_option *find_option(const struct dpdk_option *list, size_t count,
	const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}

/* Without a value the accepted one is "". */
static bool is_accepted(const struct dpdk_option *option, const char *value)
{
	return option->accepted != NULL &&
		strcmp(option->accepted, value != NULL ? value : "") == 0;
}

static int ignore_option(void *options, const struct option_row *row, const char *value)
{
	const struct dpdk_option *option = find_option(ignored, RTE_DIM(ignored), row->name);

	(void)options;
	if (!is_accepted(option, value))
		print_warning("--%s%s%s has no effect: %s", option->name, value != NULL ? "=" : "",
			value != NULL ? value : "", option->reason);
	return 0;
}

static int refuse_option(void *options, const struct option_row *row, const char *value)
{
	const struct dpdk_option *option = find_option(refused, RTE_DIM(refused), row->name);

	(void)options;
	if (is_accepted(option, value))
		return 0;
	print_error("--%s%s%s: %s", option->name, value != NULL ? "=" : "",
		value != NULL ? value : "", option->reason);
	return -EINVAL;
}

static size_t add_rows(struct option_row *rows, size_t max, const struct dpdk_option *list,
	size_t count, int (*call)(void *options, const struct option_row *row, const char *value))
{
	size_t added;

	for (added = 0; added < RTE_MIN(count, max); added++)
		rows[added] = (struct option_row){
			.name = list[added].name,
			.kind = OPTION_CALL,
			.value = list[added].value,
			.call = call,
		};
	return added;
}

/* Options of EAL behind "--". */
static int refuse_device(void *options, const struct option_row *row, const char *value)
{
	char option[32];
	char *const words[] = {option, (char *)(uintptr_t)value};

	(void)options;
	snprintf(option, sizeof(option), "--%s", row->name);
	return dpdk_devices_refuse(RTE_DIM(words), words);
}

static const struct dpdk_option devices[] = {
	{"allow", VALUE, NULL, NULL},
	{"block", VALUE, NULL, NULL},
	{"pci-blacklist", VALUE, NULL, NULL},
	{"pci-whitelist", VALUE, NULL, NULL},
	{"vdev", VALUE, NULL, NULL},
};

size_t dpdk_options_rows(struct option_row *rows, size_t max)
{
	size_t count = add_rows(rows, max - 1, ignored, RTE_DIM(ignored), ignore_option);

	count += add_rows(rows + count, max - 1 - count, refused, RTE_DIM(refused), refuse_option);
	count += add_rows(rows + count, max - 1 - count, devices, RTE_DIM(devices), refuse_device);
	rows[count] = (struct option_row){0};
	return count;
}
