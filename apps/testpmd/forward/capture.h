/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The file of --pcap-out: packets that the ports received and sent, written by
 * all forwarding lcores.
 */
#ifndef TESTPMD_CAPTURE_H
#define TESTPMD_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

struct capture;

/* Returns NULL after a message. */
struct capture *capture_open(const char *path);

/* Adds the next port, in the order of numbers, before packets of it. */
void capture_add_port(struct capture *capture, uint16_t port, const char *device);

/*
 * Closes the file and frees capture, which may be NULL. Returns 0, or -errno when a write failed.
 */
int capture_close(struct capture *capture);

/* Packets of one burst on their way to the file. One thread. */
struct capture_batch {
	uint8_t *bytes;
	size_t used;
	size_t room;
};

/*
 * Copies a packet that was received or is about to be sent; without memory it is left out. Returns
 * the bytes in the batch.
 */
size_t capture_copy(struct capture_batch *batch, uint16_t port, uint16_t queue, bool is_sent,
	const struct rte_mbuf *packet);

/* Writes the first count bytes of the batch, and empties it. Any thread. */
void capture_write(struct capture *capture, struct capture_batch *batch, size_t count);

void capture_batch_free(struct capture_batch *batch);

#endif
