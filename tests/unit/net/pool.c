/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include <criterion/criterion.h>

#include <rte_errno.h>

#include <kickless/memory.h>

#include "net_fixture.h"
#include "state.h"

static struct net_fixture fixture;
static struct rte_mempool *pool;
static struct kl_region *granted;
static unsigned int grants, revokes;
static int grant_result, revoke_result;
TestSuite(pool, .timeout = 60);

static int host_grant(struct kl__host *host, struct kl_region *region)
{
	(void)host;
	grants++;
	if (grant_result == 0) {
		granted = region;
		fake_add_window(fixture.fake, kl_region_memory(region),
			(uintptr_t)kl_region_memory(region), kl_region_size(region));
	}
	return grant_result;
}

static int host_revoke(struct kl__host *host, struct kl_region *region)
{
	(void)host;
	cr_expect_eq(region, granted);
	revokes++;
	return revoke_result;
}

static void prepare(void)
{
	net_iova_is_virtual = true;
	net_prepare(&fixture);
	fixture.fake->host.grant = host_grant;
	fixture.fake->host.revoke = host_revoke;
	cr_assert_eq(net_attach(&fixture, NULL), 0, "%s", log_text());
	pool = kl_net_pool_create("isolated", 200, 16, 64, RTE_MBUF_DEFAULT_BUF_SIZE,
		SOCKET_ID_ANY);
	cr_assert_neq(pool, NULL, "%s", log_text());
}

struct extent {
	uintptr_t first, end;
	unsigned int count;
};

static void measure(struct rte_mempool *all, void *context, void *object, unsigned int index)
{
	const struct rte_mbuf *mbuf = object;
	const uintptr_t address = (uintptr_t)mbuf->buf_addr;
	struct extent *extent = context;

	(void)all;
	(void)index;
	extent->first = RTE_MIN(extent->first, address);
	extent->end = RTE_MAX(extent->end, address + mbuf->buf_len);
	extent->count++;
	cr_expect_eq(mbuf->buf_iova, address);
	cr_expect_eq(address % RTE_CACHE_LINE_SIZE, 0);
	cr_expect_eq(mbuf->buf_len, RTE_MBUF_DEFAULT_BUF_SIZE);
	cr_expect(RTE_MBUF_HAS_EXTBUF(mbuf));
}

/* The packets are DPDK's in every respect. */
Test(pool, packets)
{
	struct rte_mbuf *packets[200], *clone;
	struct rte_mempool *clones;

	prepare();
	clones = net_pool(&fixture, "clones", 16, 0, 0);
	cr_expect_eq(rte_pktmbuf_data_room_size(pool), RTE_MBUF_DEFAULT_BUF_SIZE);
	cr_expect_eq(rte_pktmbuf_priv_size(pool), 64);
	cr_assert_eq(rte_pktmbuf_alloc_bulk(pool, packets, 200), 0);
	cr_expect_eq(rte_pktmbuf_alloc(pool), NULL);
	for (unsigned int i = 0; i < 200; i++) {
		cr_expect_eq(rte_pktmbuf_headroom(packets[i]), RTE_PKTMBUF_HEADROOM);
		memset(rte_pktmbuf_append(packets[i], 2048), (int)i, 2048);
	}
	for (unsigned int i = 0; i < 200; i++)
		cr_expect_eq(*rte_pktmbuf_mtod_offset(packets[i], uint8_t *, 2047), i);
	/* The clone is the last to hold the buffer. */
	clone = rte_pktmbuf_clone(packets[0], clones);
	rte_pktmbuf_free_bulk(packets, 200);
	cr_expect_eq(rte_mempool_in_use_count(pool), 1);
	cr_expect_eq(kl_net_pool_free(pool), -EBUSY);
	cr_expect(logged("isolated: 1 of its packets"), "%s", log_text());
	rte_pktmbuf_free(clone);
	cr_expect_eq(rte_mempool_in_use_count(pool), 0);
	for (unsigned int times = 0; times < 2; times++) {
		cr_assert_eq(rte_pktmbuf_alloc_bulk(pool, packets, 200), 0);
		rte_pktmbuf_free_bulk(packets, 200);
	}
	cr_expect_eq(kl_net_pool_free(pool), 0, "%s", log_text());
	net_close(&fixture);
}

/* A device that is granted the pool has the packets' bytes, and no mbuf. */
Test(pool, a_region_of_their_own)
{
	struct extent extent = {.first = UINTPTR_MAX};
	struct rte_mbuf *packet;

	prepare();
	cr_assert_eq(kl_net_pool_grant(fixture.net, pool), 0);
	rte_mempool_obj_iter(pool, measure, &extent);
	cr_expect_eq(extent.count, 200);
	cr_expect_eq(extent.first, (uintptr_t)kl_region_memory(granted));
	cr_expect_leq(extent.end, extent.first + kl_region_size(granted));
	packet = rte_pktmbuf_alloc(pool);
	cr_expect((uintptr_t)packet < extent.first || (uintptr_t)packet >= extent.end);
	rte_pktmbuf_free(packet);
	cr_expect_eq(kl_net_pool_free(pool), 0, "%s", log_text());
	net_close(&fixture);
}

Test(pool, a_start_grants_the_receive_buffers)
{
	const struct arrival arrival = {.bytes = 300, .seed = 2};
	struct rte_mbuf *packet;

	prepare();
	fixture.conf.pool = pool;
	grant_result = -ENOMEM;
	cr_expect_eq(net_start(&fixture), -ENOMEM);
	grant_result = 0;
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	cr_expect_eq(grants, 2);
	cr_expect_eq(fixture.net->pairs[0].rx.place, NET_BUFFERS_STRIDED);
	net_arrive(&fixture, &arrival);
	packet = net_receive(&fixture);
	cr_assert_neq(packet, NULL);
	cr_expect_eq(net_send(&fixture, packet), 1);
	cr_expect_eq(net_transmit(&fixture, 1), 1);
	net_expect_sent(&fixture, 300, 2);
	cr_expect_eq(fixture.sent.segments, 1);
	/* A device that is away has no packets, but will need some. */
	cr_expect_eq(kl_net_pool_revoke(fixture.net, pool), -EBUSY);
	cr_expect(logged("isolated: fake was started with it"), "%s", log_text());
	cr_expect_eq(kl_net_stop(fixture.net), 0);
	cr_assert_eq(net_start(&fixture), 0);
	cr_expect_eq(grants, 2, "it has it already");
	net_close(&fixture);
	cr_expect_eq(rte_mempool_in_use_count(pool), 0);
	/* A closed device has nothing that was to be taken from it. */
	cr_expect_eq(kl_net_pool_free(pool), 0, "%s", log_text());
	cr_expect_eq(revokes, 0);
}

/* Segments of both kinds of pools in one packet, also some that somebody else holds. */
Test(pool, segments_return_to_their_pools)
{
	struct rte_mempool *ordinary, *clones;
	struct rte_mbuf *head, *clone;

	prepare();
	fixture.conf.pool = pool;
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	ordinary = net_pool(&fixture, "ordinary", 64, 256, 0);
	clones = net_pool(&fixture, "clones", 16, 0, 0);
	for (unsigned int times = 0; times < 40; times++) {
		const unsigned int out = rte_mempool_in_use_count(pool);

		head = rte_pktmbuf_alloc(pool);
		memset(rte_pktmbuf_append(head, 100), 1, 100);
		for (unsigned int i = 0; i < 4; i++) {
			struct rte_mbuf *next = rte_pktmbuf_alloc(i % 2 == 0 ? ordinary : pool);

			memset(rte_pktmbuf_append(next, 100), 2, 100);
			cr_assert_eq(rte_pktmbuf_chain(head, next), 0);
		}
		clone = rte_pktmbuf_clone(head->next, clones);
		cr_assert_neq(clone, NULL);
		cr_assert_eq(net_send(&fixture, head), 1);
		cr_expect_eq(net_transmit(&fixture, 1), 1);
		kl_net_tx_kick(fixture.net, 0);
		cr_expect_eq(rte_mempool_in_use_count(pool), out + 2, "those of the clone");
		cr_expect_eq(rte_mempool_in_use_count(ordinary), 2);
		rte_pktmbuf_free(clone);
		cr_expect_eq(rte_mempool_in_use_count(pool), out);
		cr_expect_eq(rte_mempool_in_use_count(ordinary), 0);
		cr_expect_eq(rte_mempool_in_use_count(clones), 0);
	}
	net_close(&fixture);
	cr_expect_eq(kl_net_pool_free(pool), 0, "%s", log_text());
}

Test(pool, grants)
{
	prepare();
	cr_expect_eq(kl_net_pool_revoke(fixture.net, pool), 0);
	cr_expect_eq(revokes, 0);
	cr_assert_eq(kl_net_pool_grant(fixture.net, pool), 0);
	cr_assert_eq(kl_net_pool_grant(fixture.net, pool), 0);
	cr_expect_eq(grants, 1);
	revoke_result = -EBUSY;
	cr_expect_eq(kl_net_pool_revoke(fixture.net, pool), -EBUSY);
	cr_expect_eq(kl_net_pool_free(pool), -EBUSY);
	revoke_result = 0;
	cr_expect_eq(kl_net_pool_revoke(fixture.net, pool), 0);
	cr_expect_eq(revokes, 3);
	cr_assert_eq(kl_net_pool_grant(fixture.net, pool), 0);
	cr_expect_eq(kl_net_pool_free(pool), 0, "%s", log_text());
	cr_expect_eq(revokes, 4);
	net_close(&fixture);
}

Test(pool, bad_requests)
{
	struct rte_mempool *other;

	prepare();
	cr_expect_eq(kl_net_pool_create("empty", 0, 0, 0, 2048, -1), NULL);
	cr_expect_eq(rte_errno, EINVAL);
	cr_expect(logged("empty: 0 packets"), "%s", log_text());
	cr_expect_eq(kl_net_pool_create("odd", 10, 0, 3, 2048, -1), NULL);
	cr_expect_eq(rte_errno, EINVAL);
	cr_expect_eq(kl_net_pool_create("isolated", 10, 0, 0, 2048, -1), NULL);
	cr_expect_eq(rte_errno, EEXIST);
	cr_expect(logged("isolated: can't make it with 10"), "%s", log_text());
	cr_expect_eq(kl_net_pool_create("cached", 10, 64, 0, 2048, -1), NULL);
	cr_expect_eq(rte_errno, EINVAL);
	other = net_pool(&fixture, "ordinary", 16, 2048, 0);
	cr_expect_eq(kl_net_pool_grant(fixture.net, other), -EINVAL);
	cr_expect_eq(kl_net_pool_revoke(fixture.net, other), -EINVAL);
	cr_expect_eq(kl_net_pool_free(other), -EINVAL);
	cr_expect(logged("ordinary: was not made by kl_net_pool_create"), "%s", log_text());
	cr_expect_eq(kl_net_pool_free(NULL), 0);
	cr_expect_eq(kl_net_pool_free(pool), 0);
	net_close(&fixture);
}

Test(pool, physical_bus_addresses)
{
	net_prepare(&fixture);
	cr_expect_eq(kl_net_pool_create("isolated", 10, 0, 0, 2048, -1), NULL);
	cr_expect_eq(rte_errno, ENOTSUP);
	cr_expect(logged("bus addresses are physical"), "%s", log_text());
	net_close(&fixture);
}
