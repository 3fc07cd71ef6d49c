/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_fixture.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_malloc.h>

#include "attach_device.h"
#include "core/device.h"

/* 5.1.4: a field may be read when its feature is offered, in its own width. */
static const struct fake_config_field fields[] = {
	{0, 1, 6, FIXTURE_MAC},
	{6, 2, 1, FIXTURE_STATUS},
	{8, 2, 1, FIXTURE_MQ},
	{8, 2, 1, FIXTURE_RSS},
	{10, 2, 1, FIXTURE_MTU},
	{12, 4, 1, FIXTURE_SPEED_DUPLEX},
	{16, 1, 1, FIXTURE_SPEED_DUPLEX},
	{17, 1, 1, FIXTURE_RSS},
	{17, 1, 1, FIXTURE_HASH_REPORT},
	{18, 2, 1, FIXTURE_RSS},
	{20, 4, 1, FIXTURE_RSS},
	{20, 4, 1, FIXTURE_HASH_REPORT},
	{24, 4, 1, FIXTURE_HASH_TUNNEL},
	{0, 0, 0, 0},
};

bool net_iova_is_virtual;
static bool is_prepared;

/* EAL without hugepages runs with IOVA=VA only, so the linker's --wrap replaces its answer. */
enum rte_iova_mode __real_rte_eal_iova_mode(void);
enum rte_iova_mode __wrap_rte_eal_iova_mode(void);

enum rte_iova_mode __wrap_rte_eal_iova_mode(void)
{
	if (!is_prepared)
		return __real_rte_eal_iova_mode();
	return net_iova_is_virtual ? RTE_IOVA_VA : RTE_IOVA_PA;
}

static void start_eal(void)
{
	static char *argv[] = {"unit", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
		"-m", "64", "-l", "0", "--log-level=error"};
	static bool is_started;

	if (is_started)
		return;
	is_started = true;
	cr_assert_geq(rte_eal_init((int)RTE_DIM(argv), argv), 0, "%s", rte_strerror(rte_errno));
}

static void add_window(struct rte_mempool *pool, void *context, struct rte_mempool_memhdr *memory,
	unsigned int index)
{
	struct net_fixture *fixture = context;

	(void)pool;
	(void)index;
	fake_add_window(fixture->fake, memory->addr, memory->iova, memory->len);
}

struct rte_mempool *net_pool(struct net_fixture *fixture, const char *name, unsigned int count,
	uint16_t room, uint16_t private_bytes)
{
	struct rte_pktmbuf_pool_private settings = {
		.mbuf_data_room_size = (uint16_t)(room + RTE_PKTMBUF_HEADROOM),
		.mbuf_priv_size = private_bytes,
	};
	unsigned int element = (unsigned int)sizeof(struct rte_mbuf) + private_bytes +
		settings.mbuf_data_room_size;
	struct rte_mempool *pool = rte_mempool_create_empty(name, count, element, 0,
		sizeof(settings), SOCKET_ID_ANY, 0);
	/* A pool lets no small object cross a page. */
	size_t size = (size_t)(count + 2) * RTE_ALIGN_CEIL(element + 256, 4096);
	char *memory = rte_malloc(NULL, size, 4096);
	int got;

	cr_assert(pool != NULL && memory != NULL);
	rte_pktmbuf_pool_init(pool, &settings);
	cr_assert_eq(rte_mempool_set_ops_byname(pool, "ring_mp_mc", NULL), 0);
	got = rte_mempool_populate_iova(pool, memory,
		(uintptr_t)memory + (net_iova_is_virtual ? 0 : FAKE_IOVA_SHIFT), size, NULL, NULL);
	cr_assert_eq(got, (int)count, "%d", got);
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	rte_mempool_mem_iter(pool, add_window, fixture);
	return pool;
}

static void add_external(struct net_fixture *fixture, struct rte_pktmbuf_extmem *memory,
	unsigned int count, uint16_t room)
{
	memory->elt_size = RTE_ALIGN_CEIL(room + RTE_PKTMBUF_HEADROOM, RTE_CACHE_LINE_SIZE);
	memory->buf_len = (size_t)count * memory->elt_size;
	memory->buf_ptr = rte_malloc(NULL, memory->buf_len, 4096);
	cr_assert_neq(memory->buf_ptr, NULL);
	memory->buf_iova = (uintptr_t)memory->buf_ptr + (net_iova_is_virtual ? 0 : FAKE_IOVA_SHIFT);
	fake_add_window(fixture->fake, memory->buf_ptr, memory->buf_iova, memory->buf_len);
}

struct rte_mempool *net_pinned_pool(struct net_fixture *fixture, const char *name,
	unsigned int count, uint16_t room, uint16_t private_bytes)
{
	struct rte_pktmbuf_extmem memory[2] = {0};
	struct rte_mempool *pool;

	add_external(fixture, &memory[0], count / 3, room);
	add_external(fixture, &memory[1], count - count / 3, room);
	pool = rte_pktmbuf_pool_create_extbuf(name, count, 0, private_bytes,
		(uint16_t)(room + RTE_PKTMBUF_HEADROOM), SOCKET_ID_ANY, memory, 2);
	cr_assert_neq(pool, NULL, "%s", rte_strerror(rte_errno));
	return pool;
}

void net_give_queues(struct net_fixture *fixture, uint16_t count)
{
	fixture->fake->script.num_queues = count;
	for (uint16_t i = 0; i < count; i++)
		fixture->fake->script.queue_size[i] = fixture->fake->queue[i].size = FIXTURE_RING;
}

void net_prepare(struct net_fixture *fixture)
{
	/*
	 * Address, link up, 4 pairs, MTU 1500, 10000 Mbit/s, full duplex; a key of 40, a table of
	 * 128, all hash types and tunnels.
	 */
	static const uint8_t config[] = {0x52, 0x54, 0, 1, 2, 3, 1, 0, 4, 0, 0xdc, 5, 0x10, 0x27, 0,
		0, 1, 40, 128, 0, 0xff, 1, 0, 0, 0xff, 1, 0, 0};
	static const unsigned int offered[] = {FIXTURE_MAC, FIXTURE_STATUS, FIXTURE_MRG_RXBUF,
		FIXTURE_INDIRECT, FIXTURE_EVENT_IDX};

	static unsigned int times;
	char name[16];

	capture_log();
	start_eal();
	*fixture = (struct net_fixture){.fake = fake_new(1), .header = FIXTURE_HEADER};
	if (net_iova_is_virtual)
		fixture->fake->host.translate = NULL;
	fixture->fake->script.config_length = sizeof(config);
	memcpy(fixture->fake->script.config, config, sizeof(config));
	fixture->fake->script.fields = fields;
	for (unsigned int i = 0; i < RTE_DIM(offered); i++)
		fake_offer(fixture->fake, offered[i]);
	ring_variant_offer(fixture->fake);
	if (ring_is("unmerged"))
		fake_offer_not(fixture->fake, FIXTURE_MRG_RXBUF);
	net_give_queues(fixture, 2);
	fake_rebuild(fixture->fake);
	snprintf(name, sizeof(name), "packets%u", times++);
	fixture->pool = (ring_is("pinned") ? net_pinned_pool : net_pool)(fixture, name,
		FIXTURE_POOL, FIXTURE_ROOM, 0);
	is_prepared = true;
	fixture->conf = (struct kl_net_conf){.queue_pairs = 1, .pool = fixture->pool};
}

int net_attach(struct net_fixture *fixture, const char *options)
{
	struct kl__transport *transport;
	int rc = ring_variant_open(fixture->fake, &transport);

	if (rc != 0)
		return rc;
	rc = attach_device(transport, &fixture->fake->host, options, &fixture->device);
	if (rc != 0) {
		fixture->fake->access_closes = 0;
		return rc;
	}
	fixture->net = kl_net_from_device(fixture->device);
	cr_assert_neq(fixture->net, NULL);
	return 0;
}

int net_start(struct net_fixture *fixture)
{
	return kl_net_start(fixture->net, &fixture->conf);
}

void net_open(struct net_fixture *fixture)
{
	net_prepare(fixture);
	cr_assert_eq(net_attach(fixture, NULL), 0, "%s", log_text());
	cr_assert_eq(net_start(fixture), 0, "%s", log_text());
}

unsigned int net_buffers_out(const struct net_fixture *fixture)
{
	return rte_mempool_in_use_count(fixture->pool);
}

void net_close(struct net_fixture *fixture)
{
	if (fixture->device != NULL) {
		kl_device_close(fixture->device);
		cr_expect_eq(fixture->fake->host_closes, 1);
		cr_expect_eq(fixture->fake->access_closes, 1);
	}
	cr_expect_eq(net_buffers_out(fixture), 0, "%u packets leaked", net_buffers_out(fixture));
	finish(fixture->fake);
}

uint8_t net_pattern(uint32_t seed, uint32_t at)
{
	return (uint8_t)((seed * 2654435761u >> 16) + at * 131u + (at >> 8));
}

struct rte_mbuf *net_packet(struct net_fixture *fixture, uint32_t bytes, uint32_t seed)
{
	struct rte_mbuf *packet = rte_pktmbuf_alloc(fixture->pool);
	uint8_t *data;

	cr_assert_neq(packet, NULL);
	data = (uint8_t *)rte_pktmbuf_append(packet, (uint16_t)bytes);
	cr_assert(bytes == 0 || data != NULL);
	for (uint32_t i = 0; i < bytes; i++)
		data[i] = net_pattern(seed, i);
	return packet;
}

uint16_t net_send(struct net_fixture *fixture, struct rte_mbuf *packet)
{
	return kl_net_tx_burst(fixture->net, 0, &packet, 1);
}

/* NTX-02, NTX-03, NTX-09, NTX-20: with no offload negotiated the header is all zeros. */
static uint32_t record_sent(struct fake_device *fake, uint16_t queue,
	const struct fake_chain *chain, void *context)
{
	struct net_fixture *fixture = context;
	uint32_t at = 0;

	(void)fake;
	(void)queue;
	cr_expect_eq(chain->readable, chain->count, "a sent packet is read only");
	cr_expect_gt(chain->readable_bytes, fixture->header);
	for (unsigned int i = 0; i < chain->count; i++)
		for (uint32_t byte = 0; byte < chain->segment[i].length; byte++, at++) {
			if (at < fixture->header)
				cr_expect_eq(chain->segment[i].data[byte], 0, "header byte %u", at);
			else if (at - fixture->header < sizeof(fixture->sent.data))
				fixture->sent.data[at - fixture->header] =
					chain->segment[i].data[byte];
		}
	fixture->sent.segments = chain->count;
	fixture->sent.is_indirect = chain->is_indirect;
	fixture->sent.length = at - fixture->header;
	fixture->sent_count++;
	fixture->sent_bytes += fixture->sent.length;
	return fixture->sent_used;
}

unsigned int net_transmit(struct net_fixture *fixture, unsigned int max)
{
	fixture->fake->script.handler = record_sent;
	fixture->fake->script.context = fixture;
	return fake_process(fixture->fake, FIXTURE_TX, max);
}

void net_expect_sent(const struct net_fixture *fixture, uint32_t bytes, uint32_t seed)
{
	cr_expect_eq(fixture->sent.length, bytes, "%u of %u", fixture->sent.length, bytes);
	for (uint32_t i = 0; i < bytes && i < sizeof(fixture->sent.data); i++)
		cr_assert_eq(fixture->sent.data[i], net_pattern(seed, i), "byte %u", i);
}

/* With legacy framing a buffer has two segments. */
static uint8_t *byte_of(const struct fake_chain *chain, uint32_t at)
{
	const struct fake_segment *segment = chain->segment;

	for (; at >= segment->length; segment++)
		at -= segment->length;
	return segment->data + at;
}

/* Fills one receive buffer from the packet's byte at; the first buffer starts with the header. */
static uint32_t fill(const struct net_fixture *fixture, const struct arrival *arrival,
	const struct fake_chain *chain, uint32_t at, uint32_t limit)
{
	uint32_t start = at == 0 ? fixture->header : 0;
	uint32_t bytes = (uint32_t)chain->writable_bytes - start;

	cr_assert_eq(chain->readable, 0, "NRX: writable segments");
	cr_assert(chain->count == 1 || fixture->fake->is_driven_legacy, "NRX: one segment");
	if (bytes > arrival->bytes - at)
		bytes = arrival->bytes - at;
	if (limit != 0 && bytes > limit)
		bytes = limit;
	for (uint32_t i = 0; i < bytes; i++)
		*byte_of(chain, start + i) = net_pattern(arrival->seed, at + i);
	return bytes;
}

unsigned int net_arrive(struct net_fixture *fixture, const struct arrival *arrival)
{
	static struct fake_chain chain;
	uint16_t head[64];
	uint32_t length[64], at = 0;
	uint8_t *header = NULL; /* a segment has all of it */
	unsigned int used = 0;

	do {
		if (used == 64 || !fake_pop(fixture->fake, FIXTURE_RX, &chain))
			break;
		if (used == 0)
			header = chain.segment[0].data;
		length[used] = fill(fixture, arrival, &chain, at,
			used == 0 ? arrival->first_bytes : 0);
		at += length[used];
		length[used] += used == 0 ? fixture->header : 0;
		head[used++] = chain.head;
	} while (at < arrival->bytes);
	if (header != NULL) {
		uint16_t buffers = arrival->malforms_buffers ? arrival->num_buffers :
							       (uint16_t)used;

		memcpy(header, arrival->header, sizeof(arrival->header));
		if (fixture->header >= FIXTURE_HEADER)
			memcpy(header + 10, &buffers, 2);
	}
	/*
	 * A device that uses buffers in order may write one used element for all that
	 * it has filled.
	 */
	if (kl_device_has(fixture->device, FIXTURE_IN_ORDER) && used > 1 &&
		arrival->first_bytes == 0)
		fake_complete_batch(fixture->fake, FIXTURE_RX, used, length[used - 1]);
	else
		for (unsigned int i = 0; i < used; i++)
			fake_complete(fixture->fake, FIXTURE_RX, head[i], length[i]);
	fake_arm(fixture->fake, FIXTURE_RX);
	return used;
}

struct rte_mbuf *net_receive(struct net_fixture *fixture)
{
	struct rte_mbuf *packet = NULL;

	return kl_net_rx_burst(fixture->net, 0, &packet, 1) == 1 ? packet : NULL;
}

void net_expect_packet(struct rte_mbuf *packet, uint32_t bytes, uint32_t seed)
{
	uint32_t at = 0;
	uint16_t segments = 0;

	cr_assert_neq(packet, NULL);
	cr_expect_eq(packet->pkt_len, bytes, "%u of %u", packet->pkt_len, bytes);
	cr_expect_eq(net_flags(packet), 0, "NRX-10: nothing is known of checksums");
	for (struct rte_mbuf *m = packet; m != NULL; m = m->next, segments++) {
		const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);

		for (uint32_t i = 0; i < m->data_len; i++, at++)
			cr_assert_eq(data[i], net_pattern(seed, at), "byte %u", at);
		cr_expect_eq(rte_mbuf_refcnt_read(m), 1);
	}
	cr_expect_eq(at, bytes);
	cr_expect_eq(segments, packet->nb_segs);
	rte_pktmbuf_free(packet);
}

void net_expect_path(const struct kl_net_queue_info *info, const char *path)
{
	const char *rest = info->path + strlen(path);

	cr_assert_eq(strncmp(info->path, path, strlen(path)), 0, "%s is not %s", info->path, path);
	cr_expect_str_eq(rest, ring_is("in_order") ? " in-order" : "");
}

struct kl_net_queue_stats net_stats(const struct net_fixture *fixture,
	enum kl_net_direction direction)
{
	struct kl_net_queue_stats stats;

	cr_assert_eq(kl_net_queue_stats_get(fixture->net, direction, 0, &stats), 0);
	return stats;
}

void net_expect_law(const struct net_fixture *fixture)
{
	for (int direction = KL_NET_RX; direction <= KL_NET_TX; direction++) {
		struct kl_net_queue_stats stats = net_stats(fixture,
			(enum kl_net_direction)direction);
		const struct fake_queue *queue =
			&fixture->fake->queue[direction == KL_NET_RX ? FIXTURE_RX : FIXTURE_TX];

		cr_expect_leq(stats.queue.done + stats.queue.failed, stats.queue.posted);
		cr_expect_eq(stats.queue.kicks_sent, queue->doorbells);
		cr_expect_eq(stats.queue.watchdog_kicks, 0);
	}
}
