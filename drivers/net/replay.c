/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay.h"

#include <errno.h>
#include <stdio.h>

#include <kickless/log.h>

const char *kl_net_setting_name(enum kl_net_setting setting)
{
	static const char *const names[] = {
		[KL_NET_SETTING_PROMISCUOUS] = "promiscuous mode",
		[KL_NET_SETTING_ALL_MULTICAST] = "all multicast",
		[KL_NET_SETTING_ALL_UNICAST] = "all unicast",
		[KL_NET_SETTING_NO_MULTICAST] = "no multicast",
		[KL_NET_SETTING_NO_UNICAST] = "no unicast",
		[KL_NET_SETTING_NO_BROADCAST] = "no broadcast",
		[KL_NET_SETTING_MAC] = "MAC address",
		[KL_NET_SETTING_MAC_TABLE] = "table of MAC addresses",
		[KL_NET_SETTING_VLANS] = "VLAN filter",
		[KL_NET_SETTING_QUEUE_PAIRS] = "number of queue pairs",
		[KL_NET_SETTING_RSS] = "RSS",
		[KL_NET_SETTING_HASH_TUNNELS] = "hash of inner packets",
		[KL_NET_SETTING_COALESCING] = "coalescing",
		[KL_NET_SETTING_RX_OFFLOADS] = "receive offloads",
		[KL_NET_SETTING_QUEUE_STOPS] = "stopped queues",
	};

	static_assert(RTE_DIM(names) == KL_NET_SETTINGS, "each has a name");
	return (unsigned int)setting < KL_NET_SETTINGS ? names[setting] : NULL;
}

void net_report(const struct kl_net *net, const char *format, ...)
{
	const bool is_replay = net->replay.is_on;
	char text[512];
	va_list arguments;

	if (net->replay.is_quiet)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	kl_log(is_replay ? KL_LOG_WARNING : KL_LOG_ERROR, "%s: %s%s",
		kl_device_info(net->device)->name, text,
		is_replay ? "; it runs without that, and each start or recovery tries again" : "");
}

void net_replay_begin(struct kl_net *net, enum kl_net_setting setting)
{
	net->replay.is_on = true;
	net->replay.setting = setting;
	net->replay.is_quiet = (net->replay.reported & RTE_BIT32(setting)) != 0;
}

int net_replay_end(struct kl_net *net, int rc)
{
	const uint32_t bit = RTE_BIT32(net->replay.setting);

	net->replay.is_on = false;
	net->replay.is_quiet = false;
	if (rc == 0) {
		net->replay.reported &= ~bit;
		return 0;
	}
	if (rc == -ENOMEM || kl_device_needs_reset(net->device))
		return rc;
	net->replay.reported |= bit;
	net->info.unapplied_settings |= bit;
	return 0;
}
