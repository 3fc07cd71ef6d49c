/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools of packets whose bytes lie in a region of their own. Mbufs and the mempool lie in EAL's
 * memory, as always. Such a pool is what rte_pktmbuf_pool_create_extbuf makes, which is not part of
 * the stable ABI in all versions of DPDK.
 */
#include "pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>

#include <kickless/log.h>
#include <kickless/memory.h>

/* One pool, and the devices that reach its packets by kl_net_pool_grant. */
struct net_pool {
	struct rte_mempool *pool;
	struct kl_region *region;
	struct kl_device **devices;
	size_t device_count;
	struct net_pool *next;
};

static struct net_pool *pools;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/*
 * Bytes from one packet's buffer to the next: a multiple of the bytes from one mbuf to the next, so
 * that the driver computes the buffer's place without a read of the mbuf. DPDK makes that an odd
 * number of cache lines. An odd multiple of it spreads the headers of packets over all sets of the
 * cache.
 */
static size_t stride_of(const struct rte_mempool *pool)
{
	const size_t step = (size_t)pool->header_size + pool->elt_size + pool->trailer_size;
	const size_t room_bytes = rte_pktmbuf_data_room_size((struct rte_mempool *)(uintptr_t)pool);

	return ((room_bytes + step - 1) / step | 1) * step;
}

/* The last clone of a packet that is free already is freed: the packet returns to its pool. */
static void return_packet(void *buffer, void *context)
{
	struct rte_mbuf *packet = context;

	(void)buffer;
	rte_mbuf_ext_refcnt_set(packet->shinfo, 1);
	rte_mbuf_refcnt_set(packet, 1);
	packet->ol_flags = RTE_MBUF_F_EXTERNAL;
	packet->next = NULL;
	packet->nb_segs = 1;
	rte_mbuf_raw_free(packet);
}

static void init_packet(struct rte_mempool *pool, void *context, void *object, unsigned int index)
{
	const uint16_t priv_bytes = rte_pktmbuf_priv_size(pool);
	const uint16_t room_bytes = rte_pktmbuf_data_room_size(pool);
	struct net_pool *record = context;
	struct rte_mbuf *packet = object;

	memset(packet, 0, pool->elt_size);
	packet->buf_addr = (char *)kl_region_memory(record->region) + index * stride_of(pool);
	packet->buf_iova = (uintptr_t)packet->buf_addr;
	packet->buf_len = room_bytes;
	packet->data_off = RTE_MIN(RTE_PKTMBUF_HEADROOM, room_bytes);
	packet->port = RTE_MBUF_PORT_INVALID;
	packet->nb_segs = 1;
	packet->pool = pool;
	packet->priv_size = priv_bytes;
	packet->ol_flags = RTE_MBUF_F_EXTERNAL;
	packet->shinfo = RTE_PTR_ADD(packet, sizeof(*packet) + priv_bytes);
	packet->shinfo->free_cb = return_packet;
	packet->shinfo->fcb_opaque = packet;
	rte_mbuf_refcnt_set(packet, 1);
	rte_mbuf_ext_refcnt_set(packet->shinfo, 1);
}

/* The mempool with its mbufs, which have no buffers yet. NULL: rte_errno is the reason. */
static struct rte_mempool *make_mempool(const char *name, unsigned int count, unsigned int cache,
	const struct rte_pktmbuf_pool_private *settings, int node)
{
	const unsigned int bytes = (unsigned int)(sizeof(struct rte_mbuf) +
		settings->mbuf_priv_size + sizeof(struct rte_mbuf_ext_shared_info));
	/* No device reaches an mbuf, so mbufs may lie across pages: in a row without gaps. */
	struct rte_mempool *pool = rte_mempool_create_empty(name, count, bytes, cache,
		sizeof(*settings), node, RTE_MEMPOOL_F_NO_IOVA_CONTIG);
	struct rte_pktmbuf_pool_private copy = *settings;
	int rc;

	if (pool == NULL)
		return NULL;
	rc = rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL);
	if (rc == 0) {
		rte_pktmbuf_pool_init(pool, &copy);
		rc = rte_mempool_populate_default(pool);
	}
	if (rc >= 0)
		return pool;
	rte_mempool_free(pool);
	rte_errno = -rc;
	return NULL;
}

static int check_request(const char *name, unsigned int count, uint16_t priv_bytes,
	uint16_t room_bytes)
{
	if (rte_eal_iova_mode() == RTE_IOVA_PA) {
		kl_error(
			"mempool %s: packets can't lie in a region, since bus addresses are physical; "
			"use rte_pktmbuf_pool_create, or an IOMMU and --iova-mode=va",
			name);
		return -ENOTSUP;
	}
	if (count > 0 && room_bytes > 0 && priv_bytes % RTE_MBUF_PRIV_ALIGN == 0)
		return 0;
	kl_error(
		"mempool %s: %u packets of %u bytes with %u private ones are not possible; allowed: 1 or "
		"more of each, and private bytes that are a multiple of %u",
		name, count, room_bytes, priv_bytes, RTE_MBUF_PRIV_ALIGN);
	return -EINVAL;
}

static int fill_record(struct net_pool *record, const char *name, unsigned int count,
	unsigned int cache, const struct rte_pktmbuf_pool_private *settings, int node)
{
	int rc;

	record->pool = make_mempool(name, count, cache, settings, node);
	if (record->pool == NULL) {
		rc = rte_errno != 0 ? -rte_errno : -ENOMEM;
		kl_error("mempool %s: can't make it with %u packets and a cache of %u: %s", name,
			count, cache, rte_strerror(-rc));
		return rc;
	}
	rc = kl_region_create(count * stride_of(record->pool), node, &record->region);
	if (rc != 0) {
		rte_mempool_free(record->pool);
		return rc;
	}
	rte_mempool_obj_iter(record->pool, init_packet, record);
	return 0;
}

struct rte_mempool *kl_net_pool_create(const char *name, unsigned int count, unsigned int cache,
	uint16_t priv_bytes, uint16_t room_bytes, int node)
{
	const struct rte_pktmbuf_pool_private settings = {
		.mbuf_data_room_size = room_bytes,
		.mbuf_priv_size = priv_bytes,
		.flags = RTE_PKTMBUF_POOL_F_PINNED_EXT_BUF,
	};
	struct net_pool *record = NULL;
	int rc = check_request(name, count, priv_bytes, room_bytes);

	if (rc == 0) {
		record = calloc(1, sizeof(*record));
		rc = record == NULL ? kl_no_memory(name, sizeof(*record)) :
				      fill_record(record, name, count, cache, &settings, node);
	}
	if (rc != 0) {
		free(record);
		rte_errno = -rc;
		return NULL;
	}
	pthread_mutex_lock(&lock);
	record->next = pools;
	pools = record;
	pthread_mutex_unlock(&lock);
	return record->pool;
}

/* The link to the record of a pool; to NULL when there is none. With the lock. */
static struct net_pool **find_link(const struct rte_mempool *pool)
{
	struct net_pool **link = &pools;

	while (*link != NULL && (*link)->pool != pool)
		link = &(*link)->next;
	return link;
}

/* The record of a pool, NULL after a message. With the lock. */
static struct net_pool *find_pool(const struct rte_mempool *pool)
{
	struct net_pool *record = *find_link(pool);

	if (record == NULL)
		kl_error("mempool %s: was not made by kl_net_pool_create", pool->name);
	return record;
}

static size_t find_device(const struct net_pool *record, const struct kl_device *device)
{
	size_t i = 0;

	while (i < record->device_count && record->devices[i] != device)
		i++;
	return i;
}

static void forget_device(struct net_pool *record, const struct kl_device *device)
{
	size_t i = find_device(record, device);

	if (i < record->device_count)
		record->devices[i] = record->devices[--record->device_count];
}

static int revoke_all(struct net_pool *record)
{
	int rc = 0;

	while (rc == 0 && record->device_count > 0) {
		rc = kl_region_revoke(record->region, record->devices[record->device_count - 1]);
		if (rc == 0)
			record->device_count--;
	}
	return rc;
}

/* True while a started device, which may be away, takes its receive buffers from the pool. */
static bool receives_into(const struct kl_device *device, const struct rte_mempool *pool)
{
	const struct kl_net *net = kl_device_private(device);

	if (!net_is_started(net) || net->conf.pool != pool)
		return false;
	kl_error("mempool %s: %s was started with it; stop the device first", pool->name,
		kl_device_info(device)->name);
	return true;
}

/* Takes the pool apart. With the lock. */
static int destroy_pool(struct net_pool **link)
{
	struct net_pool *record = *link;
	unsigned int out = rte_mempool_in_use_count(record->pool);
	int rc;

	if (out > 0) {
		kl_error(
			"mempool %s: %u of its packets are in use; free them, and stop the devices that "
			"have them",
			record->pool->name, out);
		return -EBUSY;
	}
	for (size_t i = 0; i < record->device_count; i++)
		if (receives_into(record->devices[i], record->pool))
			return -EBUSY;
	rc = revoke_all(record);
	if (rc == 0)
		rc = kl_region_destroy(record->region);
	if (rc != 0)
		return rc;
	rte_mempool_free(record->pool);
	*link = record->next;
	free(record->devices);
	free(record);
	return 0;
}

int kl_net_pool_free(struct rte_mempool *pool)
{
	int rc = -EINVAL;

	if (pool == NULL)
		return 0;
	pthread_mutex_lock(&lock);
	if (find_pool(pool) != NULL)
		rc = destroy_pool(find_link(pool));
	pthread_mutex_unlock(&lock);
	return rc;
}

/* Grants the pool to a device that does not have it. With the lock. */
static int grant_pool(struct net_pool *record, struct kl_device *device)
{
	const size_t bytes = (record->device_count + 1) * sizeof(*record->devices);
	struct kl_device **devices = realloc(record->devices, bytes);
	int rc;

	if (devices == NULL)
		return kl_no_memory(kl_device_info(device)->name, bytes);
	record->devices = devices;
	rc = kl_region_grant(record->region, device);
	if (rc == 0)
		devices[record->device_count++] = device;
	return rc;
}

int kl_net_pool_grant(struct kl_net *net, struct rte_mempool *pool)
{
	struct net_pool *record;
	int rc = -EINVAL;

	pthread_mutex_lock(&lock);
	record = find_pool(pool);
	if (record != NULL)
		rc = find_device(record, net->device) < record->device_count ?
			0 :
			grant_pool(record, net->device);
	pthread_mutex_unlock(&lock);
	return rc;
}

int net_pool_grant_own(struct kl_net *net, struct rte_mempool *pool)
{
	bool is_own;

	pthread_mutex_lock(&lock);
	is_own = *find_link(pool) != NULL;
	pthread_mutex_unlock(&lock);
	return is_own ? kl_net_pool_grant(net, pool) : 0;
}

int kl_net_pool_revoke(struct kl_net *net, struct rte_mempool *pool)
{
	struct net_pool *record;
	int rc = -EINVAL;

	pthread_mutex_lock(&lock);
	record = find_pool(pool);
	if (record != NULL && receives_into(net->device, pool)) {
		rc = -EBUSY;
	} else if (record != NULL) {
		rc = find_device(record, net->device) < record->device_count ?
			kl_region_revoke(record->region, net->device) :
			0;
		if (rc == 0)
			forget_device(record, net->device);
	}
	pthread_mutex_unlock(&lock);
	return rc;
}

void net_pools_forget(const struct kl_device *device)
{
	pthread_mutex_lock(&lock);
	for (struct net_pool *record = pools; record != NULL; record = record->next)
		forget_device(record, device);
	pthread_mutex_unlock(&lock);
}
