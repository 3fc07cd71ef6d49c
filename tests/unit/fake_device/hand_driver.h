/* SPDX-License-Identifier: BSD-3-Clause */
/* A driver made by hand, one register access at a time, so that each can be wrong. */
#ifndef UNIT_HAND_DRIVER_H
#define UNIT_HAND_DRIVER_H

#include "finish.h"
#include "fake_device.h"

#define VERSION_1 (UINT64_C(1) << 32)

extern struct fake_device *fake;
/* Offsets of the structures in the BAR. */
extern uint32_t common, config, isr, notify;
/* Of queue 0, once laid out. */
extern uint8_t *memory;
extern uint64_t iova;

void set_up(void);
void tear_down(void);

uint32_t get(unsigned int width, uint32_t offset);
void put(unsigned int width, uint32_t offset, uint32_t value);
void status(uint8_t value);
void features(uint64_t low, uint64_t high);
/* An exemplary start up to the queues. */
void begin(void);
/* Lays queue 0 of 8 entries out in good memory; its addresses are moved by so much. */
void lay_out(uint64_t desc, uint64_t avail, uint64_t used);
void enable(void);
/* Resets, and frees the memory. */
void free_queue_memory(void);

/* The fake device has noticed what id names; it is then forgotten. */
#define expect(id) cr_expect(fake_take_violation(fake, id), "%s is not caught", id)

#endif
