/* SPDX-License-Identifier: BSD-3-Clause */
/* What the model's own files share: its reading of the register map, and little-endian helpers. */
#ifndef MODEL_DEVICE_INTERNAL_H
#define MODEL_DEVICE_INTERNAL_H

#include "model.h"

/* 2.1 */
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
#define FEATURE_NOTIFICATION_DATA 38
#define FEATURE_NOTIF_CONFIG_DATA 39
#define FEATURE_RING_RESET 40

/* Where the model's structures lie in its BAR, each with a hole behind it. */
#define MODEL_BAR 4
#define COMMON_OFFSET 0x0000u
#define COMMON_LENGTH 0x40u
#define ISR_OFFSET 0x1000u
#define NOTIFY_OFFSET 0x4000u
#define NOTIFY_LENGTH 0x10000u
#define DEVICE_OFFSET 0x20000u
#define MODEL_BAR_SIZE 0x200000u

/* A record per descriptor of a queue: is it with the device, and what did its chain look like. */
struct model_record {
	uint64_t hash;
	bool is_exposed; /* belongs to a buffer that the device has */
	bool is_head;
	bool is_fetched;
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
void model_reset_queues(struct model *model);

/* enable.c: takes the rings into use, after checking what the driver laid there. */
void model_enable(struct model *model, uint16_t index);

/* chain.c: false, and a violation, when the chain at head breaks a rule. */
bool model_walk(struct model *model, uint16_t index, uint16_t head, struct model_chain *chain);
/* Calls fn for each ring descriptor of the chain at head. */
void model_for_each_descriptor(struct model_queue *queue, uint16_t head,
	void (*fn)(struct model_record *record, void *context), void *context);

/* serve.c: overwrites all writable bytes of all buffers that the device has. */
void model_scribble(struct model *model);

/* doorbell.c */
void model_doorbell_write(struct model *model, uint32_t offset, unsigned int width, uint32_t value);
volatile void *model_doorbell_pointer(struct model *model, uint32_t offset, unsigned int width);
/* Before an action: the driver had its chance to ring. */
void model_settle(struct model *model, uint16_t index);
bool model_has(const struct model *model, unsigned int bit);

#endif
