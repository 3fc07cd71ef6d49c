/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <kickless/version.h>

#include "common/clock.h"
#include "common/message.h"
#include "pcapng.h"

#define FIRST_ROOM 65536

struct capture {
	const char *path;
	int fd;
	pthread_mutex_t lock;
	int error; /* the first error; nothing is written after it */
};

static void write_bytes(struct capture *capture, const uint8_t *bytes, size_t count)
{
	pthread_mutex_lock(&capture->lock);
	while (count > 0 && capture->error == 0) {
		const ssize_t written = write(capture->fd, bytes, count);

		if (written > 0) {
			bytes += written;
			count -= written;
		} else if (written == 0 || errno != EINTR) {
			capture->error = written == 0 ? -EIO : -errno;
		}
	}
	pthread_mutex_unlock(&capture->lock);
}

struct capture *capture_open(const char *path)
{
	struct capture *capture = calloc(1, sizeof(*capture));
	uint8_t block[PCAPNG_HEAD_BYTES];

	if (capture == NULL)
		return NULL;
	capture->path = path;
	pthread_mutex_init(&capture->lock, NULL);
	capture->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (capture->fd < 0) {
		print_error("can't write packets to %s: %s", path, strerror(errno));
		free(capture);
		return NULL;
	}
	write_bytes(capture, block, pcapng_section(block, "kickless-testpmd " KL_VERSION));
	return capture;
}

void capture_add_port(struct capture *capture, uint16_t port, const char *device)
{
	uint8_t block[PCAPNG_HEAD_BYTES];
	char name[16];

	snprintf(name, sizeof(name), "port %u", port);
	write_bytes(capture, block, pcapng_interface(block, name, device));
}

int capture_close(struct capture *capture)
{
	int rc;

	if (capture == NULL)
		return 0;
	rc = capture->error;
	if (close(capture->fd) != 0 && rc == 0)
		rc = -errno;
	if (rc != 0)
		print_error("can't write packets to %s: %s", capture->path, strerror(-rc));
	pthread_mutex_destroy(&capture->lock);
	free(capture);
	return rc;
}

static bool make_room(struct capture_batch *batch, size_t more)
{
	size_t room = batch->room != 0 ? batch->room : FIRST_ROOM;
	uint8_t *grown;

	while (room < batch->used + more)
		room *= 2;
	if (room == batch->room)
		return true;
	grown = realloc(batch->bytes, room);
	if (grown == NULL)
		return false;
	batch->bytes = grown;
	batch->room = room;
	return true;
}

static uint64_t time_of_day_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

size_t capture_copy(struct capture_batch *batch, uint16_t port, uint16_t queue, bool is_sent,
	const struct rte_mbuf *packet)
{
	const struct pcapng_packet about = {
		.interface = port,
		.queue = queue,
		.is_sent = is_sent,
		.time_ns = time_of_day_ns(),
	};

	if (make_room(batch, pcapng_packet_bytes(packet)))
		batch->used += pcapng_packet(batch->bytes + batch->used, &about, packet);
	return batch->used;
}

void capture_write(struct capture *capture, struct capture_batch *batch, size_t count)
{
	if (count > 0)
		write_bytes(capture, batch->bytes, count);
	batch->used = 0;
}

void capture_batch_free(struct capture_batch *batch)
{
	free(batch->bytes);
	*batch = (struct capture_batch){0};
}
