/* SPDX-License-Identifier: BSD-3-Clause */
/* Coalescing of used buffer notifications: virtio 1.x, 5.1.9.5.10. */
#include <errno.h>

#include <kickless/log.h>

#include "control.h"
#include "feature_bits.h"
#include "queue.h"
#include "replay.h"
#include "wire_control.h"

static struct virtio_net_ctrl_coal wire_of(const struct kl_net_coalescing *coalescing)
{
	return (struct virtio_net_ctrl_coal){
		.max_packets = coalescing->max_packets,
		.max_usecs = coalescing->max_usecs,
	};
}

static int send_direction(struct kl_net *net, enum kl_net_direction direction,
	const struct kl_net_coalescing *coalescing)
{
	const struct virtio_net_ctrl_coal data = wire_of(coalescing);
	int rc = net_require_feature(net, VIRTIO_NET_F_NOTF_COAL, "coalescing of notifications");

	if (rc != 0 || !net_is_started(net))
		return rc;
	return net_control_send(net, "coalescing of notifications", VIRTIO_NET_CTRL_NOTF_COAL,
		direction == KL_NET_RX ? VIRTIO_NET_CTRL_NOTF_COAL_RX_SET :
					 VIRTIO_NET_CTRL_NOTF_COAL_TX_SET,
		&data, sizeof(data));
}

static uint16_t index_of(enum kl_net_direction direction, uint16_t queue)
{
	return direction == KL_NET_RX ? VIRTIO_NET_RX_QUEUE(queue) : VIRTIO_NET_TX_QUEUE(queue);
}

static int send_queue(struct kl_net *net, enum kl_net_direction direction, uint16_t queue,
	const struct kl_net_coalescing *coalescing)
{
	const struct virtio_net_ctrl_coal_vq data = {
		.vq_index = index_of(direction, queue),
		.coal = wire_of(coalescing),
	};

	return net_control_send(net, "coalescing of a queue's notifications",
		VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET, &data, sizeof(data));
}

int kl_net_coalescing_set(struct kl_net *net, enum kl_net_direction direction,
	const struct kl_net_coalescing *coalescing)
{
	int rc = send_direction(net, direction, coalescing);

	if (rc != 0)
		return rc;
	net->settings.coalescing[direction] = (struct net_coalescing){true, *coalescing};
	/* The last one set holds for a queue, whichever command it was. */
	for (uint16_t i = 0; i < net->pair_count; i++)
		net->pairs[i].coalescing[direction].is_set = false;
	net_setting_applied(net, KL_NET_SETTING_COALESCING);
	return 0;
}

static int check_coalescing_queue(const struct kl_net *net, uint16_t queue)
{
	int rc = net_require_feature(net, VIRTIO_NET_F_VQ_NOTF_COAL,
		"coalescing of a queue's notifications");

	if (rc != 0)
		return rc;
	return net_check_queue(net, queue);
}

int kl_net_queue_coalescing_set(struct kl_net *net, enum kl_net_direction direction, uint16_t queue,
	const struct kl_net_coalescing *coalescing)
{
	int rc = check_coalescing_queue(net, queue);

	if (rc == 0)
		rc = send_queue(net, direction, queue, coalescing);
	if (rc == 0)
		net->pairs[queue].coalescing[direction] = (struct net_coalescing){true,
			*coalescing};
	return rc;
}

/* The device reads the number of the queue and writes the rest of the structure. */
int kl_net_queue_coalescing_get(struct kl_net *net, enum kl_net_direction direction, uint16_t queue,
	struct kl_net_coalescing *coalescing)
{
	struct virtio_net_ctrl_coal_vq data = {.vq_index = index_of(direction, queue)};
	const struct net_command command = {
		.what = "the query of a queue's coalescing",
		.class = VIRTIO_NET_CTRL_NOTF_COAL,
		.command = VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET,
		.data = &data,
		.data_bytes = offsetof(struct virtio_net_ctrl_coal_vq, coal),
		.inner = &data.coal,
		.inner_bytes = sizeof(data.coal),
	};
	int rc = check_coalescing_queue(net, queue);

	if (rc == 0)
		rc = net_control_query(net, &command);
	if (rc < 0)
		return rc;
	coalescing->max_packets = data.coal.max_packets;
	coalescing->max_usecs = data.coal.max_usecs;
	return 0;
}

static int replay_direction(struct kl_net *net, enum kl_net_direction direction)
{
	const struct net_coalescing *all = &net->settings.coalescing[direction];
	int rc = all->is_set ? send_direction(net, direction, &all->value) : 0;

	for (uint16_t i = 0; i < net->info.queue_pairs && rc == 0; i++) {
		const struct net_coalescing *one = &net->pairs[i].coalescing[direction];

		if (one->is_set)
			rc = check_coalescing_queue(net, i);
		if (one->is_set && rc == 0)
			rc = send_queue(net, direction, i, &one->value);
	}
	return rc;
}

int net_coalescing_replay(struct kl_net *net)
{
	int rc;

	net_replay_begin(net, KL_NET_SETTING_COALESCING);
	rc = replay_direction(net, KL_NET_RX);
	if (rc == 0)
		rc = replay_direction(net, KL_NET_TX);
	return net_replay_end(net, rc);
}
