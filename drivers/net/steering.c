/* SPDX-License-Identifier: BSD-3-Clause */
#include "steering.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include <kickless/log.h>

#include "control.h"
#include "feature_bits.h"
#include "hash_types.h"
#include "queue.h"
#include "replay.h"
#include "wire_control.h"

#define DEFAULT_ENTRIES 128

/* The default key, the one in common use. */
static const uint8_t default_key[40] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
	0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77,
	0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

void net_rss_free(struct net_rss *rss)
{
	free(rss->table);
	*rss = (struct net_rss){0};
}

static uint16_t default_entries(const struct kl_net *net)
{
	uint16_t entries = DEFAULT_ENTRIES;

	while (entries > net->info.rss_table_max)
		entries /= 2;
	return entries;
}

static int check_table(const struct kl_net *net, const struct kl_net_rss *request)
{
	uint16_t entries = request->table_entries;
	const char *name = kl_device_info(net->device)->name;

	if (request->table == NULL && entries == 0)
		return 0;
	if (entries == 0 || entries > net->info.rss_table_max || !rte_is_power_of_2(entries)) {
		kl_error(
			"%s: an RSS table of %u entries is not possible; allowed: powers of two up to %u",
			name, entries, net->info.rss_table_max);
		return -EINVAL;
	}
	return 0;
}

/* CTL-21: only queues that run, or, before a start, that could run. */
static int check_queues(const struct kl_net *net, const uint16_t *table, uint16_t entries)
{
	uint16_t queues = net_is_started(net) ? net->info.queue_pairs : net->info.max_queue_pairs;

	for (uint16_t i = 0; table != NULL && i < entries; i++) {
		if (table[i] < queues)
			continue;
		net_report(net, "entry %u of the RSS table is queue %u; allowed: 0 to %u", i,
			table[i], queues - 1);
		return -EINVAL;
	}
	return 0;
}

static int check_rss(const struct kl_net *net, const struct kl_net_rss *request)
{
	const char *name = kl_device_info(net->device)->name;
	uint64_t unknown = request->types & ~net->info.rss_types;
	int rc;

	if (unknown != 0) {
		kl_error("%s: the device can't hash the RSS types 0x%" PRIx64
			 "; allowed: 0x%" PRIx64,
			name, unknown, net->info.rss_types);
		return -EINVAL;
	}
	if (request->key != NULL &&
		(request->key_bytes == 0 || request->key_bytes > net->info.rss_key_max)) {
		kl_error("%s: an RSS key of %u bytes is not possible; allowed: 1 to %u", name,
			request->key_bytes, net->info.rss_key_max);
		return -EINVAL;
	}
	rc = check_table(net, request);
	return rc == 0 ? check_queues(net, request->table, request->table_entries) : rc;
}

static void set_key(const struct kl_net *net, const struct kl_net_rss *request, struct net_rss *rss)
{
	const uint8_t *key = request->key != NULL ? request->key : default_key;

	rss->key_bytes = request->key_bytes;
	if (request->key == NULL)
		rss->key_bytes = RTE_MIN(net->info.rss_key_max, (uint8_t)sizeof(default_key));
	memcpy(rss->key, key, rss->key_bytes);
}

/* True if there is a table. A device with HASH_REPORT alone hashes, and does not distribute. */
static bool has_table(const struct kl_net *net)
{
	return net_is_started(net) ? kl_device_has(net->device, VIRTIO_NET_F_RSS) :
				     net->info.rss_table_max != 0;
}

/* Makes rss from a request. The caller frees rss in any case. */
static int make_rss(const struct kl_net *net, const struct kl_net_rss *request, struct net_rss *rss)
{
	int rc = check_rss(net, request);

	if (rc != 0)
		return rc;
	rss->is_set = true;
	rss->types = net_hash_types_of(request->types);
	set_key(net, request, rss);
	rss->is_default_table = request->table == NULL;
	rss->table_entries = request->table_entries;
	if (rss->table_entries == 0)
		rss->table_entries = default_entries(net);
	/* One entry more, so that the size is never 0. */
	rss->table = calloc(rss->table_entries + 1u, sizeof(*rss->table));
	if (rss->table == NULL)
		return kl_no_memory(kl_device_info(net->device)->name,
			rss->table_entries * sizeof(*rss->table));
	if (request->table != NULL)
		memcpy(rss->table, request->table, rss->table_entries * sizeof(*rss->table));
	return 0;
}

static int apply_rss(const struct kl_net *net, struct net_rss *rss)
{
	for (uint16_t i = 0; rss->is_default_table && i < rss->table_entries; i++)
		rss->table[i] = i % RTE_MAX(net->info.queue_pairs, 1);
	return check_queues(net, rss->table, rss->table_entries);
}

/* All types that the device can hash, distributed to all running queues in turn. */
static int make_default(const struct kl_net *net, struct net_rss *rss)
{
	const struct kl_net_rss all = {.types = net->info.rss_types};
	int rc = make_rss(net, &all, rss);

	return rc == 0 ? apply_rss(net, rss) : rc;
}

/* The key, with which both commands end. */
static size_t add_key(uint8_t *bytes, size_t at, const struct net_rss *rss)
{
	bytes[at++] = rss->key_bytes;
	memcpy(bytes + at, rss->key, rss->key_bytes);
	return at + rss->key_bytes;
}

/* CTL-25: an entry is a queue's index without its lowest bit, which is the number of its pair. */
static int send_rss_config(struct kl_net *net, const struct net_rss *rss)
{
	const struct virtio_net_rss_config config = {
		.hash_types = rss->types,
		.indirection_table_mask = (uint16_t)(rss->table_entries - 1),
	};
	size_t table_bytes = rss->table_entries * sizeof(*rss->table), at = sizeof(config);
	uint8_t *bytes = malloc(at + table_bytes + sizeof(uint16_t) + 1 + UINT8_MAX);
	int rc;

	if (bytes == NULL)
		return kl_no_memory(kl_device_info(net->device)->name, at + table_bytes);
	memcpy(bytes, &config, sizeof(config));
	memcpy(bytes + at, rss->table, table_bytes);
	at += table_bytes;
	memcpy(bytes + at, &net->info.queue_pairs, sizeof(net->info.queue_pairs));
	at = add_key(bytes, at + sizeof(net->info.queue_pairs), rss);
	rc = net_control_send(net, "RSS", VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_RSS_CONFIG, bytes,
		at);
	free(bytes);
	return rc;
}

static int send_hash(struct kl_net *net, const struct net_rss *rss)
{
	const struct virtio_net_hash_config config = {.hash_types = rss->types};
	uint8_t bytes[sizeof(config) + UINT8_MAX];
	size_t at = offsetof(struct virtio_net_hash_config, hash_key_length);

	memcpy(bytes, &config, at);
	at = add_key(bytes, at, rss);
	return net_control_send(net, "the hash configuration", VIRTIO_NET_CTRL_MQ,
		VIRTIO_NET_CTRL_MQ_HASH_CONFIG, bytes, at);
}

static int send_rss(struct kl_net *net, const struct net_rss *rss)
{
	return kl_device_has(net->device, VIRTIO_NET_F_RSS) ? send_rss_config(net, rss) :
							      send_hash(net, rss);
}

int kl_net_rss_set(struct kl_net *net, const struct kl_net_rss *request)
{
	struct net_rss rss = {0};
	int rc;

	if (request == NULL) {
		net_rss_free(&net->settings.rss);
		return 0;
	}
	rc = net_require_feature(net,
		has_table(net) || request->table != NULL ? VIRTIO_NET_F_RSS :
							   VIRTIO_NET_F_HASH_REPORT,
		"RSS");
	if (rc == 0)
		rc = make_rss(net, request, &rss);
	if (rc == 0)
		rc = apply_rss(net, &rss);
	if (rc == 0 && net_is_started(net))
		rc = send_rss(net, &rss);
	if (rc == 0) {
		RTE_SWAP(rss, net->settings.rss);
		net_setting_applied(net, KL_NET_SETTING_RSS);
	}
	net_rss_free(&rss);
	return rc;
}

int kl_net_rss_get(const struct kl_net *net, struct kl_net_rss *rss)
{
	const struct net_rss *set = &net->settings.rss;

	if (!set->is_set)
		return -ENOENT;
	*rss = (struct kl_net_rss){
		.types = net_rss_types_of(set->types),
		.key = set->key,
		.key_bytes = set->key_bytes,
		.table = set->table,
		.table_entries = set->table_entries,
	};
	return 0;
}

static int send_tunnels(struct kl_net *net, uint32_t types)
{
	int rc = net_require_feature(net, VIRTIO_NET_F_HASH_TUNNEL, "a hash of inner packets");

	if (rc != 0 || !net_is_started(net))
		return rc;
	return net_control_send(net, "a hash of inner packets", VIRTIO_NET_CTRL_HASH_TUNNEL,
		VIRTIO_NET_CTRL_HASH_TUNNEL_SET, &types, sizeof(types));
}

int kl_net_hash_tunnels_set(struct kl_net *net, uint32_t types)
{
	int rc;

	if ((types & ~net->tunnels) != 0) {
		kl_error("%s: the device can't hash packets inside the tunnels 0x%x; allowed: 0x%x",
			kl_device_info(net->device)->name, types & ~net->tunnels, net->tunnels);
		return -EINVAL;
	}
	rc = send_tunnels(net, types);
	if (rc != 0)
		return rc;
	net->settings.tunnels = types;
	net_setting_applied(net, KL_NET_SETTING_HASH_TUNNELS);
	return 0;
}

uint32_t kl_net_hash_tunnels_get(const struct kl_net *net)
{
	return net->tunnels;
}

static int replay_tunnels(struct kl_net *net)
{
	if (net->settings.tunnels == 0)
		return 0;
	net_replay_begin(net, KL_NET_SETTING_HASH_TUNNELS);
	return net_replay_end(net, send_tunnels(net, net->settings.tunnels));
}

static int send_pairs(struct kl_net *net)
{
	return net_control_send(net, "the number of queue pairs", VIRTIO_NET_CTRL_MQ,
		VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &net->info.queue_pairs,
		sizeof(net->info.queue_pairs));
}

/* The same by RSS, distributed to all running queues in turn. */
static int send_default_rss(struct kl_net *net)
{
	struct net_rss rss = {0};
	int rc = make_default(net, &rss);

	if (rc == 0)
		rc = send_rss_config(net, &rss);
	net_rss_free(&rss);
	return rc;
}

/*
 * 5.1.9.5.6: automatic receive steering, if the device has it. Without the command it uses the
 * first pair only.
 */
static int replay_pairs(struct kl_net *net)
{
	bool is_reported;
	int rc, result;

	if (net->info.queue_pairs == 1)
		return 0;
	net_replay_begin(net, KL_NET_SETTING_QUEUE_PAIRS);
	is_reported = net->replay.is_quiet;
	rc = kl_device_has(net->device, VIRTIO_NET_F_MQ) ? send_pairs(net) : send_default_rss(net);
	result = net_replay_end(net, rc);
	if (rc == 0 || result != 0)
		return result;
	if (!is_reported)
		kl_warning("%s: of %u queue pairs the first alone is in use",
			kl_device_info(net->device)->name, net->info.queue_pairs);
	net_pairs_limit(net, 1);
	return 0;
}

/* The user's setting: by RSS, which sets the number of pairs too, or as a hash alone. */
static int replay_rss(struct kl_net *net, bool has_rss, bool *is_applied)
{
	int rc;

	net_replay_begin(net, KL_NET_SETTING_RSS);
	rc = net_require_feature(net, has_rss ? VIRTIO_NET_F_RSS : VIRTIO_NET_F_HASH_REPORT, "RSS");
	if (rc == 0)
		rc = apply_rss(net, &net->settings.rss);
	if (rc == 0)
		rc = send_rss(net, &net->settings.rss);
	*is_applied = rc == 0;
	return net_replay_end(net, rc);
}

/* A hash report is of nothing until the types are set. With RSS for the pairs they are. */
static int replay_default_hash(struct kl_net *net)
{
	struct net_rss rss = {0};
	int rc;

	if (!kl_device_has(net->device, VIRTIO_NET_F_HASH_REPORT) ||
		(!kl_device_has(net->device, VIRTIO_NET_F_MQ) && net->info.queue_pairs > 1))
		return 0;
	net_replay_begin(net, KL_NET_SETTING_RSS);
	rc = make_default(net, &rss);
	if (rc == 0)
		rc = send_hash(net, &rss);
	net_rss_free(&rss);
	return net_replay_end(net, rc);
}

int net_steering_replay(struct kl_net *net)
{
	const bool has_rss = kl_device_has(net->device, VIRTIO_NET_F_RSS);
	const bool is_set = net->settings.rss.is_set;
	bool is_applied = false;
	int rc = 0;

	if (is_set && has_rss)
		rc = replay_rss(net, has_rss, &is_applied);
	/* Without a control queue all queues that exist are in use. */
	if (rc == 0 && !is_applied && net->control.queue != NULL)
		rc = replay_pairs(net);
	if (rc == 0 && is_set && !has_rss)
		rc = replay_rss(net, has_rss, &is_applied);
	if (rc == 0 && !is_set && net->control.queue != NULL)
		rc = replay_default_hash(net);
	return rc == 0 ? replay_tunnels(net) : rc;
}
