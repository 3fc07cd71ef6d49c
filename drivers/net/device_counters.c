/* SPDX-License-Identifier: BSD-3-Clause */
/* Counters of the device itself: virtio 1.4, 5.1.9.5.11. */
#include <errno.h>
#include <string.h>

#include <kickless/log.h>

#include "control.h"
#include "feature_bits.h"
#include "queue.h"
#include "wire_control.h"

#define NAMES_MAX 7
#define FEATURE(name) RTE_BIT64(VIRTIO_NET_F_##name)

/* One type of a queue's counters, named in the order of the reply. */
static const struct type {
	uint8_t number;
	enum kl_net_direction direction;
	uint64_t needs; /* one of these features, if any */
	const char *names[NAMES_MAX]; /* ended by NULL */
} types[] = {
	{VIRTIO_NET_STATS_TYPE_RX_BASIC, KL_NET_RX, 0,
		{"rx_notifications", "rx_packets", "rx_bytes", "rx_interrupts", "rx_drops",
			"rx_drop_overruns"}},
	{VIRTIO_NET_STATS_TYPE_RX_CSUM, KL_NET_RX, FEATURE(GUEST_CSUM),
		{"rx_csum_valid", "rx_needs_csum", "rx_csum_none", "rx_csum_bad"}},
	{VIRTIO_NET_STATS_TYPE_RX_GSO, KL_NET_RX, FEATURE(GUEST_TSO4) | FEATURE(GUEST_TSO6),
		{"rx_gso_packets", "rx_gso_bytes", "rx_gso_packets_coalesced",
			"rx_gso_bytes_coalesced"}},
	{VIRTIO_NET_STATS_TYPE_RX_SPEED, KL_NET_RX, FEATURE(SPEED_DUPLEX),
		{"rx_packets_allowance_exceeded", "rx_bytes_allowance_exceeded"}},
	{VIRTIO_NET_STATS_TYPE_TX_BASIC, KL_NET_TX, 0,
		{"tx_notifications", "tx_packets", "tx_bytes", "tx_interrupts", "tx_drops",
			"tx_drop_malformed"}},
	{VIRTIO_NET_STATS_TYPE_TX_CSUM, KL_NET_TX, FEATURE(CSUM),
		{"tx_csum_none", "tx_needs_csum"}},
	{VIRTIO_NET_STATS_TYPE_TX_GSO, KL_NET_TX,
		FEATURE(HOST_TSO4) | FEATURE(HOST_TSO6) | FEATURE(HOST_USO),
		{"tx_gso_packets", "tx_gso_bytes", "tx_gso_segments", "tx_gso_segments_bytes",
			"tx_gso_packets_noseg", "tx_gso_bytes_noseg"}},
	{VIRTIO_NET_STATS_TYPE_TX_SPEED, KL_NET_TX, FEATURE(SPEED_DUPLEX),
		{"tx_packets_allowance_exceeded", "tx_bytes_allowance_exceeded"}},
};

/* CTL-39: only types that the device supports may be queried. */
static int query_types(struct kl_net *net, uint64_t *supported)
{
	const struct net_command command = {
		.what = "the query of its counter types",
		.class = VIRTIO_NET_CTRL_STATS,
		.command = VIRTIO_NET_CTRL_STATS_QUERY,
		.reply = supported,
		.reply_bytes = sizeof(*supported),
	};
	int got = net_control_query(net, &command);

	if (got < 0)
		return got;
	if ((size_t)got == sizeof(*supported))
		return 0;
	kl_error("%s: the device answers %s with %d bytes; needed are %zu",
		kl_device_info(net->device)->name, command.what, got, sizeof(*supported));
	return -EIO;
}

/* CTL-40: one type that is not for this queue would fail the whole command. */
static uint64_t types_of_queue(const struct kl_net *net, enum kl_net_direction direction,
	uint64_t supported)
{
	uint64_t accepted = kl_device_info(net->device)->accepted.word[0], mask = 0;

	for (size_t i = 0; i < RTE_DIM(types); i++)
		if (types[i].direction == direction &&
			(types[i].needs == 0 || (types[i].needs & accepted) != 0))
			mask |= RTE_BIT64(types[i].number);
	return mask & supported;
}

static const struct type *find_type(uint64_t requested, uint8_t number)
{
	for (size_t i = 0; i < RTE_DIM(types); i++)
		if (types[i].number == number && (requested & RTE_BIT64(number)) != 0)
			return &types[i];
	return NULL;
}

/* A device that knows fewer counters of a type sends fewer, one that knows more sends more. */
static int parse_type(const struct type *type, const uint8_t *values, size_t bytes,
	struct kl_net_device_counter *counters)
{
	int count = 0;

	for (; type->names[count] != NULL && bytes >= sizeof(uint64_t); count++) {
		counters[count].name = type->names[count];
		memcpy(&counters[count].value, values, sizeof(uint64_t));
		values += sizeof(uint64_t);
		bytes -= sizeof(uint64_t);
	}
	return count;
}

/*
 * CTL-41: each type of the reply starts with its size. A type comes once: the second time
 * is not taken.
 */
static int parse_reply(const struct kl_net *net, const struct virtio_net_ctrl_queue_stats *request,
	const uint8_t *reply, size_t bytes,
	struct kl_net_device_counter counters[KL_NET_DEVICE_COUNTERS_MAX])
{
	uint64_t missing = request->types_bitmap;
	struct virtio_net_stats_reply_hdr header;
	int count = 0;

	while (bytes >= sizeof(header)) {
		const struct type *type;
		size_t size;

		memcpy(&header, reply, sizeof(header));
		if (header.size < sizeof(header)) {
			kl_error(
				"%s: the device's counters have a type of %u bytes; allowed: %zu or more",
				kl_device_info(net->device)->name, header.size, sizeof(header));
			return -EIO;
		}
		size = RTE_MIN(header.size, bytes);
		type = header.vq_index == request->vq_index ? find_type(missing, header.type) :
							      NULL;
		if (type != NULL) {
			missing &= ~RTE_BIT64(type->number);
			count += parse_type(type, reply + sizeof(header), size - sizeof(header),
				counters + count);
		}
		reply += size;
		bytes -= size;
	}
	return count;
}

int kl_net_device_counters_get(struct kl_net *net, enum kl_net_direction direction, uint16_t queue,
	struct kl_net_device_counter counters[KL_NET_DEVICE_COUNTERS_MAX])
{
	struct virtio_net_ctrl_queue_stats request = {
		.vq_index = direction == KL_NET_RX ? VIRTIO_NET_RX_QUEUE(queue) :
						     VIRTIO_NET_TX_QUEUE(queue),
	};
	uint8_t reply[NET_REPLY_MAX];
	const struct net_command command = {
		.what = "the query of its counters",
		.class = VIRTIO_NET_CTRL_STATS,
		.command = VIRTIO_NET_CTRL_STATS_GET,
		.data = &request,
		.data_bytes = sizeof(request),
		.reply = reply,
		.reply_bytes = sizeof(reply),
	};
	uint64_t supported;
	int rc = net_require_feature(net, VIRTIO_NET_F_DEVICE_STATS,
		"reading the device's counters");

	if (rc == 0)
		rc = net_check_queue(net, queue);
	if (rc == 0)
		rc = query_types(net, &supported);
	if (rc != 0)
		return rc;
	request.types_bitmap = types_of_queue(net, direction, supported);
	if (request.types_bitmap == 0)
		return 0;
	rc = net_control_query(net, &command);
	return rc < 0 ? rc : parse_reply(net, &request, reply, (size_t)rc, counters);
}
