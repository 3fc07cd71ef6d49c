/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The virtqueue formats in memory that the driver and the device share: virtio 1.x, 2.7 (split) and
 * 2.8 (packed). All fields are little-endian. The hosts we build for are little-endian too, which
 * is asserted once here, so that no field needs a conversion on the data path.
 */
#ifndef KL_SPEC_RING_H
#define KL_SPEC_RING_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "virtio 1.x fields are little-endian");

/*
 * 2.7: a split queue has a power of two entries; 2.8: a packed one any number; at most this many.
 */
#define VIRTQ_MAX_SIZE 32768

/* 2.7.5: descriptor flags. */
#define VIRTQ_DESC_F_NEXT 1
#define VIRTQ_DESC_F_WRITE 2
#define VIRTQ_DESC_F_INDIRECT 4

/* 2.7.6, 2.7.8: the ring flags, meaningful only when EVENT_IDX was not negotiated. */
#define VIRTQ_AVAIL_F_NO_INTERRUPT 1
#define VIRTQ_USED_F_NO_NOTIFY 1

/* 2.7: alignment of the three parts. */
#define VIRTQ_DESC_ALIGN 16
#define VIRTQ_AVAIL_ALIGN 2
#define VIRTQ_USED_ALIGN 4

/* 2.7.2, 4.1.5.1.3.1: of the whole block and of its used ring, before virtio 1.0. */
#define VIRTQ_LEGACY_ALIGN 4096

/* 2.7.5 */
struct virtq_desc {
	uint64_t addr;
	union {
		struct {
			uint32_t len;
			uint16_t flags;
			uint16_t next;
		};
		uint64_t rest; /* the three as one word */
	};
};
static_assert(sizeof(struct virtq_desc) == 16, "2.7.5");
static_assert(offsetof(struct virtq_desc, len) == 8, "2.7.5");
static_assert(offsetof(struct virtq_desc, flags) == 12, "2.7.5");
static_assert(offsetof(struct virtq_desc, next) == 14, "2.7.5");

/* 2.7.6: used_event follows ring[size]. */
struct virtq_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[];
};
static_assert(offsetof(struct virtq_avail, ring) == 4, "2.7.6");

/* 2.7.8 */
struct virtq_used_elem {
	uint32_t id;
	uint32_t len;
};
static_assert(sizeof(struct virtq_used_elem) == 8, "2.7.8");

/* 2.7.8: avail_event follows ring[size]. */
struct virtq_used {
	uint16_t flags;
	uint16_t idx;
	struct virtq_used_elem ring[];
};
static_assert(offsetof(struct virtq_used, ring) == 4, "2.7.8");

/*
 * 2.8.1: available when the first differs from the second and equals the driver's wrap counter,
 * used when both equal the device's.
 */
#define VIRTQ_DESC_F_AVAIL 0x0080
#define VIRTQ_DESC_F_USED 0x8000

/* 2.8: alignment of the two event suppression areas; the descriptor ring's is VIRTQ_DESC_ALIGN. */
#define VIRTQ_EVENT_ALIGN 4

/* 2.8.13, in the ring and in indirect tables; a used descriptor has the same shape: 2.8.14. */
struct pvirtq_desc {
	uint64_t addr;
	union {
		struct {
			uint32_t len;
			uint16_t id;
			uint16_t flags;
		};
		uint64_t rest; /* the three as one word */
	};
};
static_assert(sizeof(struct pvirtq_desc) == 16, "2.8.13");
static_assert(offsetof(struct pvirtq_desc, len) == 8, "2.8.13");
static_assert(offsetof(struct pvirtq_desc, id) == 12, "2.8.13");
static_assert(offsetof(struct pvirtq_desc, flags) == 14, "2.8.13");

/* 2.8.10 */
#define RING_EVENT_FLAGS_ENABLE 0
#define RING_EVENT_FLAGS_DISABLE 1
#define RING_EVENT_FLAGS_DESC 2 /* for one descriptor, with EVENT_IDX */

/* 2.8.14: offset in the lower 15 bits, and a wrap counter. */
#define VIRTQ_EVENT_WRAP 0x8000

struct pvirtq_event_suppress {
	uint16_t desc;
	uint16_t flags;
};
static_assert(sizeof(struct pvirtq_event_suppress) == 4, "2.8.14");
static_assert(offsetof(struct pvirtq_event_suppress, flags) == 2, "2.8.14");

#endif
