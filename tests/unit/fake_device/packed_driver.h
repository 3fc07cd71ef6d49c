/* SPDX-License-Identifier: BSD-3-Clause */
/* A packed ring written by hand, one descriptor at a time, so that each can be wrong. */
#ifndef UNIT_PACKED_DRIVER_H
#define UNIT_PACKED_DRIVER_H

#include "hand_driver.h"

#define NEXT 1
#define WRITE 2
#define INDIRECT 4
#define AVAIL 0x80
#define USED 0x8000

#define INDIRECT_DESC 28
#define EVENT_IDX 29
#define RING_PACKED 34
#define IN_ORDER 35

/* Offsets of the areas in the packed queue's memory, and space for tables and data. */
#define DRIVER_EVENT 0x2000
#define DEVICE_EVENT 0x2100
#define TABLE 0x3000
#define DATA 0x4000
#define PACKED_BYTES 0x5000

/* Queue 0 with packed rings and one more feature, if not negative. Doorbells are not checked. */
void packed_open(uint16_t size, int feature);
void packed_close(void);

/* A descriptor of the place, counted from the start; flags get what makes it available there. */
void packed_write(unsigned int place, uint32_t length, uint16_t flags, uint16_t id);
/* An entry of the indirect table, and a descriptor that refers to so many bytes of it. */
void packed_entry(unsigned int number, uint32_t length, uint16_t flags);
void packed_table(unsigned int place, uint32_t length, uint16_t flags, uint16_t id);
/* The bits that mark a place as available or used in its lap. */
uint16_t packed_available(unsigned int place);
uint16_t packed_used(unsigned int place);

void store(uint8_t *bytes, unsigned int width, uint64_t value);
uint64_t load(const uint8_t *bytes, unsigned int width);
/* The driver's event suppression. */
void packed_event(uint16_t off_wrap, uint16_t flags);
void packed_ring(void);

/* The device reads the ring, which breaks the rule id and no other. */
void packed_expect_caught(const char *id);

#endif
