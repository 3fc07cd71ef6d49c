/* SPDX-License-Identifier: BSD-3-Clause */
/* The device status, features and vectors: 2.1, 2.2, 3.1.1, 4.1.5.1.2. */
#include <string.h>

#include "internal.h"

#define KNOWN_STATUS \
	(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_DRIVER_OK | STATUS_FEATURES_OK | \
		STATUS_NEEDS_RESET | STATUS_FAILED)

static void finish_reset(struct fake_device *fake)
{
	fake->reset_is_pending = false;
	fake->status = 0;
	fake->isr = 0;
	fake->accepted = (struct kl_features){{0, 0}};
	fake->banks_written = 0;
	fake->features_checked = false;
	fake->is_driven_legacy = false;
	fake->config_vector = FAKE_NO_VECTOR;
	fake->config_vector_unread = false;
	fake_reset_queues(fake);
}

static void begin_reset(struct fake_device *fake)
{
	fake->resets++;
	fake->reset_left = fake->script.reset_reads;
	fake->reset_is_pending = true;
	if (fake->reset_left == 0)
		finish_reset(fake);
}

uint32_t fake_status_read(struct fake_device *fake)
{
	if (fake->reset_is_pending) {
		for (uint16_t i = 0; fake->script.scribbles && i < FAKE_QUEUES; i++)
			fake_scribble(fake, i);
		/* A device that has not finished must not read as if it had. */
		if (fake->reset_left == FAKE_NEVER || fake->reset_left-- > 0)
			return fake->status != 0 ? fake->status : STATUS_NEEDS_RESET;
		finish_reset(fake);
	}
	if ((fake->status & STATUS_FEATURES_OK) != 0)
		fake->features_checked = true;
	return fake->status;
}

/* 3.1.1: the bits come one by one, and in this order. */
static void check_order(struct fake_device *fake, uint8_t old, uint8_t added)
{
	if ((added & STATUS_DRIVER) != 0 && (old & STATUS_ACKNOWLEDGE) == 0)
		fake_violation(fake, "INIT-02: DRIVER before ACKNOWLEDGE");
	if ((added & STATUS_FEATURES_OK) != 0 && (old & STATUS_DRIVER) == 0)
		fake_violation(fake, "INIT-01: FEATURES_OK before DRIVER");
	if ((added & STATUS_FEATURES_OK) != 0 && fake->is_driven_legacy)
		fake_violation(fake, "INIT-01: FEATURES_OK, which a legacy device does not know");
	if ((added & STATUS_DRIVER_OK) != 0 && !fake->is_driven_legacy &&
		((old & STATUS_FEATURES_OK) == 0 || !fake->features_checked))
		fake_violation(fake, "INIT-04: DRIVER_OK, but FEATURES_OK was not read back");
	if ((added & (added - 1)) != 0)
		fake_violation(fake, "INIT-01: several status bits at once: 0x%02x", added);
	if ((added & STATUS_NEEDS_RESET) != 0)
		fake_violation(fake, "INIT-02: the driver set DEVICE_NEEDS_RESET");
}

/* 2.2.1 */
static void check_features(struct fake_device *fake)
{
	struct kl_features wrong = kl_features_without(fake->accepted, fake->script.offered);

	if (wrong.word[0] != 0 || wrong.word[1] != 0)
		fake_violation(fake, "FEAT-01: accepted but not offered: 0x%016llx 0x%016llx",
			(unsigned long long)wrong.word[1], (unsigned long long)wrong.word[0]);
	for (unsigned int bank = 0; bank < 4; bank++) {
		uint32_t offered = (uint32_t)(fake->script.offered.word[bank / 2] >>
			(bank % 2 * 32));

		if ((bank < 2 || offered != 0) && (fake->banks_written & 1u << bank) == 0)
			fake_violation(fake, "FEAT-21: feature bank %u was never written", bank);
	}
}

void fake_status_write(struct fake_device *fake, uint8_t value)
{
	uint8_t old = fake->status, added = value & (uint8_t)~old;

	if (fake->status_writes < sizeof(fake->status_history))
		fake->status_history[fake->status_writes] = value;
	fake->status_writes++;
	if (value == 0) {
		begin_reset(fake);
		return;
	}
	if ((old & STATUS_FAILED) != 0)
		fake_violation(fake, "INIT-09: status 0x%02x written after FAILED", value);
	if ((value & old) != old)
		fake_violation(fake, "INIT-03: status 0x%02x written over 0x%02x", value, old);
	if ((value & ~KNOWN_STATUS) != 0)
		fake_violation(fake, "SUSP-01: unknown status bits: 0x%02x", value);
	check_order(fake, old, added);
	if ((added & STATUS_FEATURES_OK) != 0) {
		check_features(fake);
		if (fake->script.refuses_features)
			value &= (uint8_t)~STATUS_FEATURES_OK;
	}
	fake->status = value;
}

uint32_t fake_feature_read(const struct fake_device *fake)
{
	uint32_t bank = fake->device_feature_select;

	if (bank > 3)
		return 0;
	return (uint32_t)(fake->script.offered.word[bank / 2] >> (bank % 2 * 32));
}

uint32_t fake_driver_feature_read(const struct fake_device *fake)
{
	uint32_t bank = fake->driver_feature_select;

	if (bank > 3)
		return 0;
	return (uint32_t)(fake->accepted.word[bank / 2] >> (bank % 2 * 32));
}

void fake_feature_write(struct fake_device *fake, uint32_t value)
{
	uint32_t bank = fake->driver_feature_select;
	unsigned int shift = bank % 2 * 32;

	if ((fake->status & STATUS_DRIVER) == 0)
		fake_violation(fake, "INIT-01: features written before DRIVER");
	if ((fake->status & STATUS_FEATURES_OK) != 0) {
		fake_violation(fake, "INIT-05: features written after FEATURES_OK");
		return;
	}
	if (bank > 3) {
		if (value != 0)
			fake_violation(fake, "FEAT-04: feature bank %u accepted", bank);
		return;
	}
	fake->banks_written |= 1u << bank;
	fake->accepted.word[bank / 2] &= ~((uint64_t)UINT32_MAX << shift);
	fake->accepted.word[bank / 2] |= (uint64_t)value << shift;
}

uint16_t fake_map_vector(struct fake_device *fake, uint16_t vector, const char *name)
{
	if (vector == FAKE_NO_VECTOR)
		return vector;
	if (!fake->msix_is_on)
		fake_violation(fake, "PCI-39: %s set while MSI-X is off", name);
	if (vector >= fake->script.msix_vectors) {
		fake_violation(fake, "PCI-36: %s: vector %u of %u", name, vector,
			fake->script.msix_vectors);
		return FAKE_NO_VECTOR;
	}
	return fake->mappings++ >= fake->script.vectors_refused_from ? FAKE_NO_VECTOR : vector;
}

void fake_map_config_vector(struct fake_device *fake, uint16_t vector)
{
	fake->config_vector = fake_map_vector(fake, vector, "config_msix_vector");
	fake->config_vector_unread = vector != FAKE_NO_VECTOR;
}
