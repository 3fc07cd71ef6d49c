/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * noisy: as io, with the load that a network function puts on a core: packets wait in a buffer, and
 * each one comes with reads and writes of memory at random. By default neither is done.
 */
#include "modes.h"

#include <errno.h>

#include <rte_malloc.h>
#include <rte_random.h>

#include "common/message.h"
#include "forward/stream.h"

#define MIB (UINT64_C(1) << 20)

struct noisy {
	volatile uint8_t *memory; /* NULL without lookups */
	uint32_t lines; /* cache lines in it */
	uint64_t flush_cycles; /* 0: packets wait until they are pushed out */
	uint64_t sent_at; /* the last time that packets left */
	uint32_t size; /* packets that may wait; 0 for no buffer */
	uint32_t count; /* those that do */
	uint32_t first;
	struct rte_mbuf *waiting[];
};

static void noisy_end(struct fwd_stream *stream)
{
	struct noisy *noisy = stream->engine_data;

	if (noisy == NULL)
		return;
	for (; noisy->count > 0; noisy->count--) {
		rte_pktmbuf_free(noisy->waiting[noisy->first]);
		noisy->first = noisy->first + 1 == noisy->size ? 0 : noisy->first + 1;
		stream->dropped++;
	}
	rte_free((void *)(uintptr_t)noisy->memory);
	rte_free(noisy);
	stream->engine_data = NULL;
}

static int noisy_begin(struct fwd_stream *stream)
{
	const struct noisy_settings *settings = &stream->settings->noisy;
	const uint64_t lookups = settings->reads + settings->writes + settings->reads_writes;
	struct noisy *noisy;

	if (lookups > 0 && settings->memory_mib == 0) {
		print_error("noisy: lookups need memory; give --noisy-lkup-memory=N too");
		return -EINVAL;
	}
	noisy = rte_zmalloc("noisy", sizeof(*noisy) + settings->buffer * sizeof(noisy->waiting[0]),
		RTE_CACHE_LINE_SIZE);
	if (noisy != NULL && settings->memory_mib > 0)
		noisy->memory = rte_zmalloc("noisy", settings->memory_mib * MIB,
			RTE_CACHE_LINE_SIZE);
	stream->engine_data = noisy;
	if (noisy == NULL || (settings->memory_mib > 0 && noisy->memory == NULL)) {
		print_error("noisy: no memory for %" PRIu64 " packets and %" PRIu64
			    " MiB; give EAL more",
			settings->buffer, settings->memory_mib);
		noisy_end(stream);
		return -ENOMEM;
	}
	noisy->lines = settings->memory_mib * MIB / RTE_CACHE_LINE_SIZE;
	noisy->size = settings->buffer;
	noisy->flush_cycles = settings->flush_ms * (rte_get_tsc_hz() / MS_PER_S);
	noisy->sent_at = rte_rdtsc();
	return 0;
}

/* A byte of a random cache line. */
static volatile uint8_t *random_byte(const struct noisy *noisy)
{
	const uint64_t line = ((rte_rand() & UINT32_MAX) * noisy->lines) >> 32;

	return noisy->memory + line * RTE_CACHE_LINE_SIZE;
}

static void look_up(const struct noisy *noisy, const struct noisy_settings *settings)
{
	for (uint64_t i = 0; i < settings->writes; i++)
		*random_byte(noisy) = (uint8_t)i;
	for (uint64_t i = 0; i < settings->reads; i++)
		(void)*random_byte(noisy);
	for (uint64_t i = 0; i < settings->reads_writes; i++) {
		(void)*random_byte(noisy);
		*random_byte(noisy) = (uint8_t)i;
	}
}

/* Sends the packets that have waited longest. */
static void send_waiting(struct fwd_stream *stream, struct noisy *noisy, uint32_t count)
{
	struct rte_mbuf *packets[MAX_BURST];

	for (uint32_t i = 0; i < count; i++) {
		packets[i] = noisy->waiting[noisy->first];
		noisy->first = noisy->first + 1 == noisy->size ? 0 : noisy->first + 1;
	}
	noisy->count -= count;
	noisy->sent_at = rte_rdtsc();
	stream_send(stream, packets, count);
}

static void keep_packet(struct noisy *noisy, struct rte_mbuf *packet)
{
	const uint32_t at = noisy->first + noisy->count++;

	noisy->waiting[at < noisy->size ? at : at - noisy->size] = packet;
}

/* New packets push out as many of the old ones as there is no room for. */
static void buffer_packets(struct fwd_stream *stream, struct noisy *noisy,
	struct rte_mbuf **packets, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		const uint32_t room = noisy->size - noisy->count;
		const uint32_t needed = count - i;

		if (room == 0)
			send_waiting(stream, noisy, RTE_MIN(needed, noisy->count));
		keep_packet(noisy, packets[i]);
	}
}

static bool noisy_burst(struct fwd_stream *stream)
{
	struct noisy *noisy = stream->engine_data;
	struct rte_mbuf *packets[MAX_BURST];
	const uint16_t count = stream_receive(stream, packets);

	if (noisy->memory != NULL)
		for (uint16_t i = 0; i < count; i++)
			look_up(noisy, &stream->settings->noisy);
	if (noisy->size == 0) {
		if (count > 0)
			stream_send(stream, packets, count);
		return count > 0;
	}
	buffer_packets(stream, noisy, packets, count);
	if (noisy->flush_cycles > 0 && noisy->count > 0 &&
		rte_rdtsc() - noisy->sent_at > noisy->flush_cycles)
		send_waiting(stream, noisy, RTE_MIN(noisy->count, (uint32_t)MAX_BURST));
	/* Without a flush time only new packets push those out that wait. */
	return count > 0 || (noisy->flush_cycles > 0 && noisy->count > 0);
}

const struct fwd_engine noisy_engine = {
	.name = "noisy",
	.begin = noisy_begin,
	.burst = noisy_burst,
	.end = noisy_end,
};
