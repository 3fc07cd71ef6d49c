/* SPDX-License-Identifier: BSD-3-Clause */
/* How many queue pairs are in use, and which packet goes to which: the commands. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/log.h>

#include "feature_bits.h"
#include "rss.h"
#include "settings.h"
#include "wire_control.h"

/* The part with which both commands end. */
static size_t add_key(uint8_t *bytes, size_t at, const struct net_rss *rss)
{
	bytes[at++] = rss->key_bytes;
	memcpy(bytes + at, rss->key, rss->key_bytes);
	return at + rss->key_bytes;
}

/* CTL-25: an entry is a queue's index without its lowest bit, which is the number of its pair. */
static int send_rss(struct kl_net *net, const struct net_rss *rss)
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
	memcpy(bytes + at, &net->running_pairs, sizeof(net->running_pairs));
	at = add_key(bytes, at + sizeof(net->running_pairs), rss);
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

int net_rss_send(struct kl_net *net, const struct net_rss *rss)
{
	return kl_device_has(net->device, VIRTIO_NET_F_RSS) ? send_rss(net, rss) :
							      send_hash(net, rss);
}

static int send_pairs(struct kl_net *net)
{
	return net_control_send(net, "the number of queue pairs", VIRTIO_NET_CTRL_MQ,
		VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &net->running_pairs, sizeof(net->running_pairs));
}

/* What was asked for: by RSS, which sets the number of pairs too, or as a hash alone. */
static int send_setting(struct kl_net *net)
{
	bool has_rss = kl_device_has(net->device, VIRTIO_NET_F_RSS);
	int rc = net_require_feature(net, has_rss ? VIRTIO_NET_F_RSS : VIRTIO_NET_F_HASH_REPORT,
		"RSS");

	if (rc == 0)
		rc = net_rss_apply(net, &net->settings.rss);
	if (rc == 0 && !has_rss && net->running_pairs > 1)
		rc = send_pairs(net);
	return rc == 0 ? net_rss_send(net, &net->settings.rss) : rc;
}

/*
 * The device's own way, 5.1.9.5.6, if it has one, which is what it does anyway with one pair. A hash
 * report is of nothing until the types are set.
 */
static int send_default(struct kl_net *net)
{
	bool has_own_way = kl_device_has(net->device, VIRTIO_NET_F_MQ);
	struct net_rss rss = {0};
	int rc = net_rss_default(net, &rss);

	if (rc == 0 && net->running_pairs > 1)
		rc = has_own_way ? send_pairs(net) : send_rss(net, &rss);
	if (rc == 0 && kl_device_has(net->device, VIRTIO_NET_F_HASH_REPORT) &&
		(has_own_way || net->running_pairs == 1))
		rc = send_hash(net, &rss);
	net_rss_free(&rss);
	return rc;
}

int net_steering_replay(struct kl_net *net)
{
	if (net->settings.rss.is_set)
		return send_setting(net);
	/* Without a control queue all queues are in use by being there. */
	return net->control.queue != NULL ? send_default(net) : 0;
}
