/* SPDX-License-Identifier: BSD-3-Clause */
/* --pcap-out: a file of what the ports received and sent, written by all forwarding lcores. */
#ifndef TESTPMD_CAPTURE_H
#define TESTPMD_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

struct capture;

/* NULL after a message. */
struct capture *capture_open(const char *path);

/* Makes the next port known; in the order of their numbers, before packets of it. */
void capture_add_port(struct capture *capture, uint16_t port, const char *device);

/* 0, or -errno when something could not be written. Frees capture, which may be NULL. */
int capture_close(struct capture *capture);

/* Packets of one burst on their way to the file. One thread's. */
struct capture_batch {
	uint8_t *bytes;
	size_t used;
	size_t room;
};

/*
 * Copies a packet of the burst that came, or is about to be sent. Without memory it is left out.
 * Returns what the batch then holds.
 */
size_t capture_copy(struct capture_batch *batch, uint16_t port, uint16_t queue, bool is_sent,
	const struct rte_mbuf *packet);

/* Writes the first count bytes of the batch, and empties it. Any thread. */
void capture_write(struct capture *capture, struct capture_batch *batch, size_t count);

void capture_batch_free(struct capture_batch *batch);

#endif
