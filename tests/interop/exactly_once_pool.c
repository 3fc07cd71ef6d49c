/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A mempool whose handler records the owner of each packet buffer. The mempool has no cache, so
 * that each allocation and each free passes here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>
#include <rte_spinlock.h>

#include <kickless/net.h>

#include "exactly_once.h"

#define HANDLER "exactly_once"
#define ENTRIES 16384u

enum owner {
	IN_POOL,
	ALLOCATED, /* by the driver, for its receive ring */
	DELIVERED, /* to the application */
	GIVEN, /* to the driver, to be sent and freed */
};

struct entry {
	void *buffer; /* a struct rte_mbuf */
	void *bytes; /* where its data lies */
	enum owner owner;
};

static const char *const owner_names[] = {
	"in the pool",
	"allocated",
	"delivered to the application",
	"given to the driver",
};

static struct {
	rte_spinlock_t lock;
	struct rte_mempool *pool;
	struct entry entries[ENTRIES]; /* by a hash of the address */
	void *free[ENTRIES];
	unsigned int free_count;
	unsigned int count;
} table;

static bool is_from_driver; /* by kl_net_pool_create */

/* The entry of a buffer, or the empty one where it would stand. */
static struct entry *find(const void *buffer)
{
	unsigned int at = (unsigned int)((uintptr_t)buffer / RTE_CACHE_LINE_SIZE * 2654435761u);

	while (table.entries[at % ENTRIES].buffer != NULL &&
		table.entries[at % ENTRIES].buffer != buffer)
		at++;
	return &table.entries[at % ENTRIES];
}

/* Returns false when the buffer had another owner than one of the two. */
static bool move(void *buffer, enum owner from, enum owner or_from, enum owner to, const char *what)
{
	struct entry *entry = find(buffer);
	enum owner owner = entry->owner;

	if (entry->buffer == NULL) {
		report("%s: %p is no buffer of the pool", what, buffer);
		return false;
	}
	entry->owner = to;
	if (owner == from || owner == or_from)
		return true;
	report("%s: buffer %p is %s", what, buffer, owner_names[owner]);
	return false;
}

static int begin_pool(struct rte_mempool *pool)
{
	return pool->size <= ENTRIES / 2 ? 0 : -EINVAL;
}

static void end_pool(struct rte_mempool *pool)
{
	(void)pool;
}

/* Without a pool yet, it is being filled for the first time. */
static int put(struct rte_mempool *pool, void *const *buffers, unsigned int count)
{
	(void)pool;
	rte_spinlock_lock(&table.lock);
	for (unsigned int i = 0; i < count; i++) {
		if (table.pool == NULL) {
			*find(buffers[i]) = (struct entry){.buffer = buffers[i]};
			table.count++;
		} else if (!move(buffers[i], ALLOCATED, GIVEN, IN_POOL, "free")) {
			continue;
		}
		table.free[table.free_count++] = buffers[i];
	}
	rte_spinlock_unlock(&table.lock);
	return 0;
}

/* The buffer that has been free for the shortest time first: an early use of one shows soonest. */
static int get(struct rte_mempool *pool, void **buffers, unsigned int count)
{
	int rc = 0;

	(void)pool;
	rte_spinlock_lock(&table.lock);
	if (count > table.free_count)
		rc = -ENOBUFS;
	for (unsigned int i = 0; i < count && rc == 0; i++) {
		buffers[i] = table.free[--table.free_count];
		move(buffers[i], IN_POOL, IN_POOL, ALLOCATED, "allocation");
	}
	rte_spinlock_unlock(&table.lock);
	return rc;
}

static unsigned int get_count(const struct rte_mempool *pool)
{
	(void)pool;
	return table.free_count;
}

static const struct rte_mempool_ops handler = {
	.name = HANDLER,
	.alloc = begin_pool,
	.free = end_pool,
	.enqueue = put,
	.dequeue = get,
	.get_count = get_count,
};

RTE_MEMPOOL_REGISTER_OPS(handler)

struct rte_mempool *pool_create(unsigned int buffers, bool is_isolated)
{
	struct rte_mempool *pool;

	is_from_driver = is_isolated;
	if (rte_mbuf_set_user_mempool_ops(HANDLER) != 0)
		return NULL;
	pool = is_isolated ? kl_net_pool_create("packets", buffers, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
				     SOCKET_ID_ANY) :
			     rte_pktmbuf_pool_create("packets", buffers, 0, 0,
				     RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (pool == NULL)
		fprintf(stderr, "exactly_once: no pool: %s\n", rte_strerror(rte_errno));
	for (unsigned int i = 0; pool != NULL && i < ENTRIES; i++)
		if (table.entries[i].buffer != NULL)
			table.entries[i].bytes =
				((struct rte_mbuf *)table.entries[i].buffer)->buf_addr;
	table.pool = pool;
	return pool;
}

/* Fields that are the driver's own: the device writes data only. */
static bool is_sound(const struct rte_mbuf *segment)
{
	const struct entry *entry = find(segment);

	return segment->pool == table.pool && segment->buf_addr == entry->bytes &&
		rte_mbuf_refcnt_read(segment) == 1 &&
		(uint32_t)segment->data_off + segment->data_len <= segment->buf_len;
}

static bool check_segment(struct rte_mbuf *segment, uint32_t *bytes)
{
	bool is_known;

	rte_spinlock_lock(&table.lock);
	is_known = move(segment, ALLOCATED, ALLOCATED, DELIVERED, "delivery");
	rte_spinlock_unlock(&table.lock);
	if (!is_known)
		return false;
	if (!is_sound(segment)) {
		report("delivery: buffer %p has impossible fields", (void *)segment);
		return false;
	}
	*bytes += segment->data_len;
	return true;
}

bool pool_check_delivered(struct rte_mbuf *packet)
{
	unsigned int segments = 0;
	uint32_t bytes = 0;

	for (struct rte_mbuf *segment = packet; segment != NULL;
		segment = segment->next, segments++)
		if (segments == packet->nb_segs || !check_segment(segment, &bytes))
			return false;
	if (segments == packet->nb_segs && bytes == packet->pkt_len)
		return true;
	report("delivery: packet %p has %u bytes in %u segments; its fields give %u in %u",
		(void *)packet, bytes, segments, packet->pkt_len, packet->nb_segs);
	return false;
}

static void move_packet(struct rte_mbuf *packet, enum owner from, enum owner to, const char *what)
{
	rte_spinlock_lock(&table.lock);
	for (struct rte_mbuf *segment = packet; segment != NULL; segment = segment->next)
		move(segment, from, from, to, what);
	rte_spinlock_unlock(&table.lock);
}

void pool_check_given(struct rte_mbuf *packet)
{
	move_packet(packet, DELIVERED, GIVEN, "the application's own use");
}

void pool_check_returned(struct rte_mbuf *packet)
{
	move_packet(packet, GIVEN, DELIVERED, "a packet that was not taken");
}

void pool_close(void)
{
	unsigned int missing[RTE_DIM(owner_names)] = {0};

	for (unsigned int i = 0; i < ENTRIES; i++)
		if (table.entries[i].buffer != NULL)
			missing[table.entries[i].owner]++;
	for (unsigned int i = ALLOCATED; i < RTE_DIM(missing); i++)
		if (missing[i] > 0)
			report("at the end %u of %u buffers are %s", missing[i], table.count,
				owner_names[i]);
	if (is_from_driver && kl_net_pool_free(table.pool) != 0)
		report("the pool can't be freed");
}
