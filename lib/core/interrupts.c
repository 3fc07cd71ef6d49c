/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupts as eventfds: the first vector is for configuration changes, each further one for used
 * buffers in one queue. A device with too few vectors is polled; nothing is lost but
 * sleep. 4.1.5.1.2. One with no vectors at all has a line, which is used for configuration changes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <kickless/log.h>

#include "core/device.h"
#include "ring/barrier.h"

/*
 * The eventfds of a device: the first for configuration changes, then one per queue. A thread may
 * read the table while another start needs more of them, and may sleep on one of them: so each
 * table and each eventfd stays until the device is closed.
 */
struct kl__event_fds {
	struct kl__event_fds *before; /* the smaller table that this one replaced */
	unsigned int count;
	int fds[];
};

void kl__interrupts_close(struct kl_device *device)
{
	struct kl__event_fds *table = device->event_fds, *before;

	for (unsigned int i = 0; table != NULL && i < table->count; i++)
		close(table->fds[i]);
	for (; table != NULL; table = before) {
		before = table->before;
		free(table);
	}
	device->event_fds = NULL;
	device->vector_count = 0;
}

/* Makes the table one of at least so many eventfds. */
static int open_fds(struct kl_device *device, unsigned int vectors)
{
	struct kl__event_fds *old = device->event_fds, *table;
	unsigned int count = old != NULL ? old->count : 0;
	int rc;

	if (count >= vectors)
		return 0;
	table = malloc(sizeof(*table) + vectors * sizeof(int));
	if (table == NULL)
		return -ENOMEM;
	if (old != NULL)
		memcpy(table->fds, old->fds, count * sizeof(int));
	for (table->count = count; table->count < vectors; table->count++) {
		table->fds[table->count] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (table->fds[table->count] >= 0)
			continue;
		rc = -errno;
		while (table->count > count)
			close(table->fds[--table->count]);
		free(table);
		return rc;
	}
	table->before = old;
	__atomic_store_n(&device->event_fds, table, __ATOMIC_RELEASE);
	return 0;
}

static int connect_vectors(struct kl_device *device, unsigned int vectors)
{
	struct kl__transport *transport = device->transport;
	int rc = open_fds(device, vectors);

	if (rc == 0)
		rc = transport->ops->set_interrupts(transport, vectors, device->event_fds->fds);
	if (rc == 0) {
		rc = transport->ops->set_config_vector(transport, 0);
		if (rc != 0)
			transport->ops->set_interrupts(transport, 0, NULL);
	}
	kl__store_release(&device->vector_count, rc == 0 ? (uint16_t)vectors : 0);
	return rc;
}

int kl_device_interrupts_enable(struct kl_device *device, uint16_t queues)
{
	int fd = -ENOTSUP, rc;
	bool is_again = device->vector_count > 0 && device->vectors_requested == queues;

	if (device->transport->ops->set_interrupts == NULL)
		return -ENOTSUP;
	/* What worked last time, so that the eventfds stay. */
	if (is_again && connect_vectors(device, device->vector_count) == 0)
		return device->vector_count == queues + 1u ? 0 : -ENOTSUP;
	device->vectors_requested = queues;
	rc = connect_vectors(device, queues + 1u);
	if (rc == 0)
		return 0;
	if (queues > 0 && connect_vectors(device, 1) == 0) {
		kl_notice("%s: %s for %u queues; they can be polled but not waited for",
			device->info.name,
			rc == -ENOTSUP || rc == -EPROTO ? "too few MSI-X vectors" : strerror(-rc),
			queues);
		return -ENOTSUP;
	}
	if (device->transport->ops->intx_open != NULL)
		fd = device->transport->ops->intx_open(device->transport);
	device->line = fd >= 0 ? fd : -1;
	if (fd < 0)
		kl_debug("%s: no interrupt for configuration changes", device->info.name);
	return -ENOTSUP;
}

int kl__interrupts_config_fd(const struct kl_device *device)
{
	return device->event_fds->fds[0];
}

int kl_device_queue_event_fd(const struct kl_device *device, uint16_t vector)
{
	const uint16_t connected = kl__load_acquire(&device->vector_count);
	const struct kl__event_fds *table = __atomic_load_n(&device->event_fds, __ATOMIC_ACQUIRE);

	return vector > 0 && vector < connected ? table->fds[vector] : -1;
}
