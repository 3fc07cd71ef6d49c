/* SPDX-License-Identifier: BSD-3-Clause */
#include "registers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "machine.h"

/* From one slot to the next. */
#define SLOT_BYTES 0x200

struct slot {
	struct kl__mmio_access access;
	struct qtest_wire *wire;
	uint64_t address;
};

static struct slot *own(struct kl__mmio_access *access)
{
	return (struct slot *)access;
}

static uint32_t slot_read(struct kl__mmio_access *access, uint32_t offset, unsigned int width)
{
	return qtest_read(own(access)->wire, own(access)->address + offset, width);
}

static void slot_write(struct kl__mmio_access *access, uint32_t offset, unsigned int width,
	uint32_t value)
{
	qtest_write(own(access)->wire, own(access)->address + offset, width, value);
}

/* Registers are behind a socket. */
static volatile void *slot_pointer(struct kl__mmio_access *access, uint32_t offset)
{
	(void)access;
	(void)offset;
	return NULL;
}

static void close_slot(struct kl__mmio_access *access)
{
	free(access);
	qtest_machine_put();
}

static const struct kl__mmio_access_ops slot_ops = {
	.read = slot_read,
	.write = slot_write,
	.pointer = slot_pointer,
	.close = close_slot,
};

int qtest_mmio_open(const char *folder, uint64_t address, struct kl__mmio_access **access)
{
	struct slot *slot = calloc(1, sizeof(*slot));
	int rc;

	if (slot == NULL)
		return -ENOMEM;
	slot->address = address;
	slot->access.ops = &slot_ops;
	slot->access.numa_node = -1;
	slot->access.size = SLOT_BYTES;
	snprintf(slot->access.name, sizeof(slot->access.name), "qtest:mmio:0x%" PRIx64, address);
	rc = qtest_machine_get(folder, &slot->wire);
	if (rc != 0) {
		free(slot);
		return rc;
	}
	*access = &slot->access;
	return 0;
}
