/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A disk without memory: each request of a split ring ends well, and no data is moved. Its threads:
 * one that serves the ring, and those of DPDK's library, which call disk_begin and disk_end.
 */
#include "vhost_disk.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include <rte_pause.h>

static struct rte_vhost_vring ring;
static struct rte_vhost_memory *memory;
static pthread_t thread;
static atomic_bool has_ended;

/* Ends the request in the chain that starts at id; returns the bytes that were written. */
static uint32_t end_request(uint16_t id)
{
	const struct vring_desc *segment = &ring.desc[id];
	uint32_t written = 0;
	uint64_t bytes = 1;
	uint8_t *status;

	for (unsigned int i = 0; i < ring.size; i++) {
		if (segment->flags & VRING_DESC_F_WRITE)
			written += segment->len;
		if (!(segment->flags & VRING_DESC_F_NEXT))
			break;
		segment = &ring.desc[segment->next % ring.size];
	}
	status = (uint8_t *)(uintptr_t)rte_vhost_va_from_guest_pa(memory, segment->addr, &bytes);
	if (status != NULL)
		*status = 0;
	return written;
}

static void *serve_ring(void *unused)
{
	uint16_t next = 0;

	(void)unused;
	while (!atomic_load(&has_ended)) {
		const uint16_t avail = __atomic_load_n(&ring.avail->idx, __ATOMIC_ACQUIRE);

		for (; next != avail; next++) {
			const uint16_t id = ring.avail->ring[next % ring.size] % ring.size;

			ring.used->ring[next % ring.size].id = id;
			ring.used->ring[next % ring.size].len = end_request(id);
			__atomic_store_n(&ring.used->idx, (uint16_t)(next + 1), __ATOMIC_RELEASE);
		}
		rte_pause();
	}
	return NULL;
}

int disk_begin(int vid)
{
	if (rte_vhost_get_vhost_vring(vid, 0, &ring) != 0 ||
		rte_vhost_get_mem_table(vid, &memory) != 0)
		return -1;
	rte_vhost_enable_guest_notification(vid, 0, 0);
	atomic_store(&has_ended, false);
	return pthread_create(&thread, NULL, serve_ring, NULL) == 0 ? 0 : -1;
}

void disk_end(void)
{
	atomic_store(&has_ended, true);
	pthread_join(thread, NULL);
	free(memory);
}
