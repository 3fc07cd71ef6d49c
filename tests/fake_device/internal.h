/* SPDX-License-Identifier: BSD-3-Clause */
/* What the model's own files share: its reading of the register map, and little-endian helpers. */
#ifndef MODEL_DEVICE_INTERNAL_H
#define MODEL_DEVICE_INTERNAL_H

#include "model.h"

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

/* Where the model's structures lie in its BAR, each with a hole behind it. */
#define MODEL_BAR 4
#define MODEL_PORT_BAR 2
#define COMMON_OFFSET 0x0000u
#define COMMON_LENGTH 0x40u
#define ISR_OFFSET 0x1000u
#define NOTIFY_OFFSET 0x4000u
#define NOTIFY_LENGTH 0x10000u
#define DEVICE_OFFSET 0x20000u
#define MODEL_BAR_SIZE 0x200000u

/*
 * What the model remembers of a buffer. Split: per descriptor, where only a head has a hash. Packed:
 * per buffer id, with the list as the driver wrote it, since others' used descriptors go over it.
 */
struct model_record {
	uint64_t hash;
	uint8_t *list;
	uint16_t descriptors;
	bool is_writable; /* in part */
	bool is_exposed; /* belongs to a buffer that the device has */
	bool is_head;
	bool is_fetched;
};

/* Which notifications a side wants, when the other has written entries or descriptors. */
struct model_wish {
	enum { MODEL_WISH_NONE, MODEL_WISH_ALL, MODEL_WISH_PLACE } kind;
	uint16_t word; /* of the one place */
};

/*
 * A virtqueue format: split.c (2.7) and packed.c (2.8). Places count from the enabling and do not
 * wrap; they are entries of the available ring, or descriptors of the packed ring.
 */
struct model_format {
	const char *part_name[3];
	unsigned int part_align[3];
	uint64_t (*part_bytes)(unsigned int part, uint64_t size);
	bool (*size_is_legal)(uint32_t size);
	/* What the driver has laid out when it enables the queue. */
	void (*check_content)(struct model *model, const struct model_queue *queue);
	/* What the driver says about used buffer notifications. */
	void (*check_suppression)(struct model *model, const struct model_queue *queue);
	/* Sees, checks and records what was made available since the last look. */
	void (*look)(struct model *model, uint16_t index);
	/* Reads the next buffer again, which was looked at; false when it can't be read. */
	bool (*fetch)(struct model *model, uint16_t index, struct model_chain *chain);
	bool (*is_unchanged)(struct model *model, uint16_t index, uint16_t head);
	/* Places that the buffer takes. */
	unsigned int (*span)(const struct model_queue *queue, uint32_t head);
	void (*withdraw)(struct model_queue *queue, uint16_t head);
	/* Writes a used element at the place done, for a buffer or a batch of so many places. */
	void (*use)(struct model *model, uint16_t index, uint32_t head, uint32_t length,
		unsigned int span);
	/* How a place is called in an event field, and in notification data (2.9). */
	uint16_t (*word)(const struct model_queue *queue, uint64_t place);
	struct model_wish (
		*driver_wish)(const struct model *model, const struct model_queue *queue);
	struct model_wish (
		*device_wish)(const struct model *model, const struct model_queue *queue);
	void (*set_event)(struct model *model, struct model_queue *queue, uint16_t word);
	void (*set_flags)(struct model_queue *queue, uint16_t flags);
	void (*disarm)(struct model *model, struct model_queue *queue);
	/* Calls fn for each buffer that the device has. */
	void (*for_each)(struct model *model, uint16_t index,
		void (*fn)(const struct model_chain *chain));
};

extern const struct model_format model_split, model_packed;

/* A chain while it is read. */
struct model_walk {
	struct model *model;
	uint16_t index; /* queue */
	uint16_t head;
	struct model_chain *chain;
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

/* model.c */
__attribute__((format(printf, 2, 3))) void model_violation(struct model *model, const char *format,
	...);

/* trace.c */
void model_log(struct model *model, bool is_write, const char *name, unsigned int width,
	uint32_t value);

/* memory.c */
void model_init_host(struct model *model);
/* NULL, and a violation, unless length bytes at iova lie in one window. */
uint8_t *model_translate(struct model *model, uint64_t iova, uint64_t length, const char *what);

/* common.c: the common configuration structure. */
uint32_t model_common_read(struct model *model, uint32_t offset, unsigned int width);
void model_common_write(struct model *model, uint32_t offset, unsigned int width, uint32_t value);

/* config.c: the device configuration structure, and ISR. */
uint32_t model_config_read(struct model *model, uint32_t offset, unsigned int width);
void model_config_write(struct model *model, uint32_t offset, unsigned int width, uint32_t value);
uint32_t model_isr_read(struct model *model, unsigned int width);

/* lifecycle.c */
uint32_t model_status_read(struct model *model);
void model_status_write(struct model *model, uint8_t value);
uint32_t model_feature_read(const struct model *model);
uint32_t model_driver_feature_read(const struct model *model);
void model_feature_write(struct model *model, uint32_t value);
void model_map_config_vector(struct model *model, uint16_t vector);
/* The vector that a mapping gets: the asked one, or none. */
uint16_t model_map_vector(struct model *model, uint16_t vector, const char *name);

/* queue_registers.c */
struct model_queue *model_selected(struct model *model);
uint32_t model_queue_read(struct model *model, uint32_t offset);
void model_queue_write(struct model *model, uint32_t offset, uint32_t value, const char *name);

/* queue_reset.c */
void model_reset_queues(struct model *model);
void model_queue_reset_write(struct model *model, uint16_t index, uint32_t value);
uint32_t model_queue_reset_read(struct model *model, uint16_t index);

/* enable.c: takes the rings into use, after checking what the driver laid there. */
void model_enable(struct model *model, uint16_t index);

/* chain.c: building a chain, piece by piece; false, and a violation, when one breaks a rule. */
void model_begin_chain(const struct model_walk *walk);
bool model_complain(const struct model_walk *walk, const char *what);
void model_hash(struct model_chain *chain, const void *bytes, size_t length);
bool model_add_piece(const struct model_walk *walk, uint64_t address, uint32_t length,
	bool is_writable);
/* The table that a descriptor refers to; NULL, and a violation, when there can't be one. */
const uint8_t *model_open_table(const struct model_walk *walk, uint64_t address, uint32_t length);

/* split_chain.c: the chain at head, of the descriptor table. */
bool model_walk_split(struct model *model, uint16_t index, uint16_t head,
	struct model_chain *chain);
/* Calls fn for each descriptor of the chain at head. */
void model_for_each_descriptor(struct model_queue *queue, uint16_t head,
	void (*fn)(struct model_record *record, void *context), void *context);

/* packed_chain.c: a list of count descriptors of the buffer id. */
bool model_walk_packed(struct model *model, uint16_t index, uint16_t id, const uint8_t *list,
	unsigned int count, struct model_chain *chain);

/* serve.c */
const struct model_format *model_format(const struct model *model);
struct model_queue *model_live(struct model *model, uint16_t index);
bool model_covers(const struct model *model, const struct model_queue *queue,
	struct model_wish wish, uint64_t from, uint64_t to);
/* Overwrites all writable bytes of all buffers of a queue that the device has. */
void model_scribble(struct model *model, uint16_t index);
/* For a queue that is given up: frees what the model keeps of it. */
void model_free_records(struct model_queue *queue);

/* legacy.c: the I/O ports of BAR 0. */
uint32_t model_legacy_bytes(const struct model *model);
uint32_t model_legacy_read(struct model *model, uint32_t offset, unsigned int width);
void model_legacy_write(struct model *model, uint32_t offset, unsigned int width, uint32_t value);

/* window.c: configuration space, of which only the window may be written. */
int model_config_space_read(struct kl__pci_access *access, uint32_t offset, void *data,
	size_t size);
int model_config_space_write(struct kl__pci_access *access, uint32_t offset, const void *data,
	size_t size);

/* model.c: a register of the modern structures, by its offset in their BAR. */
uint32_t model_register_read(struct model *model, uint32_t offset, unsigned int width);
void model_register_write(struct model *model, uint32_t offset, unsigned int width, uint32_t value);

/* mmio.c */
void model_init_mmio(struct model *model, uint32_t type);

/* doorbell.c */
void model_doorbell_port_write(struct model *model, unsigned int width, uint32_t value);
void model_doorbell_ring(struct model *model, int index, uint16_t data);
void model_doorbell_write(struct model *model, uint32_t offset, unsigned int width, uint32_t value);
volatile void *model_doorbell_pointer(struct model *model, uint32_t offset, unsigned int width);
/* Before an action: the driver had its chance to ring. */
void model_settle(struct model *model, uint16_t index);
bool model_has(const struct model *model, unsigned int bit);

#endif
