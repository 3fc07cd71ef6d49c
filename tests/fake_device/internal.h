/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Declarations that the fake device's files share: its reading of the
 * register map, and little-endian helpers.
 */
#ifndef FAKE_DEVICE_INTERNAL_H
#define FAKE_DEVICE_INTERNAL_H

#include "fake_device.h"

/* 2.1 */
#define COMMAND_IO 0x1
#define COMMAND_MEMORY 0x2
#define COMMAND_MASTER 0x4

#define STATUS_ACKNOWLEDGE 0x01
#define STATUS_DRIVER 0x02
#define STATUS_DRIVER_OK 0x04
#define STATUS_FEATURES_OK 0x08
#define STATUS_NEEDS_RESET 0x40
#define STATUS_FAILED 0x80

/* Section 6 */
#define FEATURE_INDIRECT_DESC 28
#define FEATURE_EVENT_IDX 29
#define FEATURE_VERSION_1 32
#define FEATURE_RING_PACKED 34
#define FEATURE_IN_ORDER 35
#define FEATURE_NOTIFICATION_DATA 38
#define FEATURE_NOTIF_CONFIG_DATA 39
#define FEATURE_RING_RESET 40

/* Offsets of the fake device's structures in its BAR, each with a hole behind it. */
#define FAKE_BAR 4
#define FAKE_PORT_BAR 2
#define COMMON_OFFSET 0x0000u
#define COMMON_LENGTH 0x40u
#define ISR_OFFSET 0x1000u
#define NOTIFY_OFFSET 0x4000u
#define NOTIFY_LENGTH 0x10000u
#define DEVICE_OFFSET 0x20000u
#define FAKE_BAR_SIZE 0x200000u

/*
 * Record of a buffer. Split: per descriptor, where only a head has a hash. Packed: per buffer id,
 * with the list as the driver wrote it, since others' used descriptors overwrite it.
 */
struct fake_record {
	uint64_t hash;
	uint8_t *list;
	uint16_t descriptors;
	bool is_writable; /* in part */
	bool is_exposed; /* belongs to a buffer that the device has */
	bool is_head;
	bool is_fetched;
};

/* Notifications that a side requests, when the other has written entries or descriptors. */
struct fake_request {
	enum { FAKE_REQUEST_NONE, FAKE_REQUEST_ALL, FAKE_REQUEST_PLACE } kind;
	uint16_t word; /* of the one place */
};

/*
 * A virtqueue format: split.c (2.7) and packed.c (2.8). Places count from the enabling and do not
 * wrap. They are entries of the available ring, or descriptors of the packed ring.
 */
struct fake_ring_format {
	const char *part_name[3];
	unsigned int part_align[3];
	uint64_t (*part_bytes)(unsigned int part, uint64_t size);
	bool (*size_is_legal)(uint32_t size);
	/* Checks the rings' contents when the driver enables the queue. */
	void (*check_content)(struct fake_device *fake, const struct fake_queue *queue);
	/* Checks the driver's suppression of used buffer notifications. */
	void (*check_suppression)(struct fake_device *fake, const struct fake_queue *queue);
	/* Reads, checks and records the entries that became available since the last call. */
	void (*observe)(struct fake_device *fake, uint16_t index);
	/* Reads the next buffer again, which was observed before; false when it can't be read. */
	bool (*fetch)(struct fake_device *fake, uint16_t index, struct fake_chain *chain);
	bool (*is_unchanged)(struct fake_device *fake, uint16_t index, uint16_t head);
	/* Places that the buffer takes. */
	unsigned int (*span)(const struct fake_queue *queue, uint32_t head);
	void (*withdraw)(struct fake_queue *queue, uint16_t head);
	/* Writes a used element at the place done, for a buffer or a batch of so many places. */
	void (*use)(struct fake_device *fake, uint16_t index, uint32_t head, uint32_t length,
		unsigned int span);
	/* The number of a place in an event field, and in notification data (2.9). */
	uint16_t (*word)(const struct fake_queue *queue, uint64_t place);
	struct fake_request (
		*driver_request)(const struct fake_device *fake, const struct fake_queue *queue);
	struct fake_request (
		*device_request)(const struct fake_device *fake, const struct fake_queue *queue);
	void (*set_event)(struct fake_device *fake, struct fake_queue *queue, uint16_t word);
	void (*set_flags)(struct fake_queue *queue, uint16_t flags);
	void (*disarm)(struct fake_device *fake, struct fake_queue *queue);
	/* Calls fn for each buffer that the device has. */
	void (*for_each)(struct fake_device *fake, uint16_t index,
		void (*fn)(const struct fake_chain *chain));
};

extern const struct fake_ring_format fake_split, fake_packed;

/* A chain while it is read. */
struct fake_walk {
	struct fake_device *fake;
	uint16_t index; /* queue */
	uint16_t head;
	struct fake_chain *chain;
};

static inline uint16_t load16(const uint8_t *bytes)
{
	/* Indices are written by the driver with a release; the rest is behind them. */
	return __atomic_load_n((const uint16_t *)(const void *)bytes, __ATOMIC_ACQUIRE);
}

static inline void store16(uint8_t *bytes, uint16_t value)
{
	__atomic_store_n((uint16_t *)(void *)bytes, value, __ATOMIC_RELEASE);
}

static inline uint32_t get16(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8;
}

static inline uint32_t get32(const uint8_t *bytes)
{
	return get16(bytes) | get16(bytes + 2) << 16;
}

static inline uint64_t get64(const uint8_t *bytes)
{
	return get32(bytes) | (uint64_t)get32(bytes + 4) << 32;
}

static inline void put(uint8_t *bytes, unsigned int width, uint64_t value)
{
	for (unsigned int i = 0; i < width; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
}

static inline bool is_zero(const uint8_t *bytes, uint64_t length)
{
	for (uint64_t i = 0; i < length; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

/* fake_device.c */
__attribute__((format(printf, 2, 3))) void fake_violation(struct fake_device *fake,
	const char *format, ...);

/* trace.c */
void fake_log(struct fake_device *fake, bool is_write, const char *name, unsigned int width,
	uint32_t value);

/* memory.c */
void fake_init_host(struct fake_device *fake);
/* NULL, and a violation, unless length bytes at iova lie in one window. */
uint8_t *fake_translate(struct fake_device *fake, uint64_t iova, uint64_t length, const char *what);

/* common.c: the common configuration structure. */
uint32_t fake_common_read(struct fake_device *fake, uint32_t offset, unsigned int width);
void fake_common_write(struct fake_device *fake, uint32_t offset, unsigned int width,
	uint32_t value);

/* config.c: the device configuration structure, and ISR. */
uint32_t fake_config_read(struct fake_device *fake, uint32_t offset, unsigned int width);
void fake_config_write(struct fake_device *fake, uint32_t offset, unsigned int width,
	uint32_t value);
uint32_t fake_isr_read(struct fake_device *fake, unsigned int width);

/* lifecycle.c */
uint32_t fake_status_read(struct fake_device *fake);
void fake_status_write(struct fake_device *fake, uint8_t value);
uint32_t fake_feature_read(const struct fake_device *fake);
uint32_t fake_driver_feature_read(const struct fake_device *fake);
void fake_feature_write(struct fake_device *fake, uint32_t value);
void fake_map_config_vector(struct fake_device *fake, uint16_t vector);
/* The vector that a mapping gets: the requested one, or none. */
uint16_t fake_map_vector(struct fake_device *fake, uint16_t vector, const char *name);

/* queue_registers.c */
struct fake_queue *fake_selected_queue(struct fake_device *fake);
uint32_t fake_queue_read(struct fake_device *fake, uint32_t offset);
void fake_queue_write(struct fake_device *fake, uint32_t offset, uint32_t value, const char *name);

/* queue_reset.c */
void fake_reset_queues(struct fake_device *fake);
void fake_queue_reset_write(struct fake_device *fake, uint16_t index, uint32_t value);
uint32_t fake_queue_reset_read(struct fake_device *fake, uint16_t index);

/* enable.c: starts the rings, after checking what the driver prepared. */
void fake_enable(struct fake_device *fake, uint16_t index);

/* chain.c: builds a chain, segment by segment; false, and a violation, when one breaks a rule. */
void fake_begin_chain(const struct fake_walk *walk);
bool fake_reject(const struct fake_walk *walk, const char *what);
void fake_hash(struct fake_chain *chain, const void *bytes, size_t length);
bool fake_add_segment(const struct fake_walk *walk, uint64_t address, uint32_t length,
	bool is_writable);
/* The table that a descriptor refers to; NULL, and a violation, when there can't be one. */
const uint8_t *fake_open_table(const struct fake_walk *walk, uint64_t address, uint32_t length);

/* split_chain.c: the chain at head, of the descriptor table. */
bool fake_walk_split(struct fake_device *fake, uint16_t index, uint16_t head,
	struct fake_chain *chain);
/* Calls fn for each descriptor of the chain at head. */
void fake_for_each_descriptor(struct fake_queue *queue, uint16_t head,
	void (*fn)(struct fake_record *record, void *context), void *context);

/* framing.c: checks the parts of a buffer that the driver made available. */
void fake_check_framing(struct fake_device *fake, uint16_t index, const struct fake_chain *chain);

/* packed_chain.c: a list of count descriptors of the buffer id. */
bool fake_walk_packed(struct fake_device *fake, uint16_t index, uint16_t id, const uint8_t *list,
	unsigned int count, struct fake_chain *chain);

/* serve.c */
const struct fake_ring_format *fake_ring_format(const struct fake_device *fake);
struct fake_queue *fake_live_queue(struct fake_device *fake, uint16_t index);
bool fake_request_covers(const struct fake_device *fake, const struct fake_queue *queue,
	struct fake_request request, uint64_t from, uint64_t to);
/* Overwrites all writable bytes of all buffers of a queue that the device has. */
void fake_scribble(struct fake_device *fake, uint16_t index);
/* Frees the records of a queue that is no longer used. */
void fake_free_records(struct fake_queue *queue);

/* legacy.c: the I/O ports of BAR 0. */
uint32_t fake_legacy_bytes(const struct fake_device *fake);
uint32_t fake_legacy_read(struct fake_device *fake, uint32_t offset, unsigned int width);
void fake_legacy_write(struct fake_device *fake, uint32_t offset, unsigned int width,
	uint32_t value);

/* window.c: configuration space, of which only the window may be written. */
int fake_config_space_read(struct kl__pci_access *access, uint32_t offset, void *data, size_t size);
int fake_config_space_write(struct kl__pci_access *access, uint32_t offset, const void *data,
	size_t size);

/* fake_device.c: a register of the modern structures, by its offset in their BAR. */
uint32_t fake_register_read(struct fake_device *fake, uint32_t offset, unsigned int width);
void fake_register_write(struct fake_device *fake, uint32_t offset, unsigned int width,
	uint32_t value);

/* mmio.c */
void fake_init_mmio(struct fake_device *fake, uint32_t type);

/* doorbell.c */
void fake_doorbell_port_write(struct fake_device *fake, unsigned int width, uint32_t value);
void fake_doorbell_ring(struct fake_device *fake, int index, uint16_t data);
void fake_doorbell_write(struct fake_device *fake, uint32_t offset, unsigned int width,
	uint32_t value);
volatile void *fake_doorbell_pointer(struct fake_device *fake, uint32_t offset, unsigned int width);
/* Before an action: by now the driver must have decided about its kick. */
void fake_finish_decision(struct fake_device *fake, uint16_t index);
bool fake_has(const struct fake_device *fake, unsigned int bit);

#endif
