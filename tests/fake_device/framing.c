/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Message framing of devices from before virtio 1.0 that have no ANY_LAYOUT: 2.7.4.3, 5.1.9.8,
 * 5.2.6.4. Each part of a buffer has descriptors of its own.
 */
#include "internal.h"

#define TYPE_NET 1
#define TYPE_BLK 2

#define FEATURE_NET_MRG_RXBUF 15
#define FEATURE_NET_CTRL_VQ 17
#define FEATURE_NET_MQ 22
#define FEATURE_ANY_LAYOUT 27

/* Offset of max_virtqueue_pairs. 5.1.4 */
#define NET_PAIRS_AT 8

static uint16_t control_index(const struct fake_device *fake)
{
	if (!fake_has(fake, FEATURE_NET_CTRL_VQ))
		return UINT16_MAX;
	return fake_has(fake, FEATURE_NET_MQ) ?
		(uint16_t)(2 * get16(fake->script.config + NET_PAIRS_AT)) :
		2;
}

static void check_packet(struct fake_device *fake, uint16_t index, const struct fake_chain *chain)
{
	uint32_t header = fake_has(fake, FEATURE_NET_MRG_RXBUF) ? 12 : 10;

	if (chain->count < 2 || chain->segment[0].length != header)
		fake_violation(fake,
			"NETL-04: queue %u: %u descriptors, %u bytes in the first, of a header of %u",
			index, chain->count, chain->segment[0].length, header);
}

/* A count of addresses, and so many. */
static bool is_mac_table(const struct fake_segment *segment)
{
	return segment->length >= 4 && segment->length == 4 + 6 * get32(segment->data);
}

static void check_command(struct fake_device *fake, const struct fake_chain *chain)
{
	const struct fake_segment *segment = chain->segment;
	bool is_table;

	if (chain->readable == 0 || segment[0].length != 2 || chain->count != chain->readable + 1 ||
		segment[chain->readable].length != 1) {
		fake_violation(fake, "NETL-05: class and command, or the answer, with something");
		return;
	}
	is_table = segment[0].data[0] == 1 && segment[0].data[1] == 0;
	if (!is_table && chain->readable > 2)
		fake_violation(fake, "NETL-05: a command's data in %u descriptors",
			chain->readable - 1);
	if (is_table &&
		(chain->readable != 3 || !is_mac_table(&segment[1]) || !is_mac_table(&segment[2])))
		fake_violation(fake, "NETL-06: tables of addresses in %u descriptors",
			chain->readable - 1);
}

static void check_request(struct fake_device *fake, const struct fake_chain *chain)
{
	if (chain->readable == 0 || chain->readable == chain->count ||
		chain->segment[0].length != 16 || chain->segment[chain->count - 1].length != 1)
		fake_violation(fake,
			"BLKL-03: the request's header, or the status, with something");
}

void fake_check_framing(struct fake_device *fake, uint16_t index, const struct fake_chain *chain)
{
	if (!fake->is_driven_legacy || fake_has(fake, FEATURE_ANY_LAYOUT))
		return;
	if (fake->type == TYPE_BLK)
		check_request(fake, chain);
	else if (fake->type == TYPE_NET && index == control_index(fake))
		check_command(fake, chain);
	else if (fake->type == TYPE_NET)
		check_packet(fake, index, chain);
}
