/* SPDX-License-Identifier: BSD-3-Clause */
/* The device status, features and vectors: 2.1, 2.2, 3.1.1, 4.1.5.1.2. */
#include <string.h>

#include "internal.h"

#define KNOWN_STATUS \
	(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_DRIVER_OK | STATUS_FEATURES_OK | \
		STATUS_NEEDS_RESET | STATUS_FAILED)

static void finish_reset(struct model *model)
{
	model->reset_is_pending = false;
	model->status = 0;
	model->isr = 0;
	model->accepted = (struct kl_features){{0, 0}};
	model->banks_written = 0;
	model->features_checked = false;
	model->is_driven_legacy = false;
	model->config_vector = MODEL_NO_VECTOR;
	model->config_vector_unread = false;
	model_reset_queues(model);
}

static void begin_reset(struct model *model)
{
	model->resets++;
	model->reset_left = model->script.reset_reads;
	model->reset_is_pending = true;
	if (model->reset_left == 0)
		finish_reset(model);
}

uint32_t model_status_read(struct model *model)
{
	if (model->reset_is_pending) {
		for (uint16_t i = 0; model->script.scribbles && i < MODEL_QUEUES; i++)
			model_scribble(model, i);
		/* A device that has not finished must not look as if it had. */
		if (model->reset_left == MODEL_NEVER || model->reset_left-- > 0)
			return model->status != 0 ? model->status : STATUS_NEEDS_RESET;
		finish_reset(model);
	}
	if ((model->status & STATUS_FEATURES_OK) != 0)
		model->features_checked = true;
	return model->status;
}

/* 3.1.1: the bits come one by one, and in this order. */
static void check_order(struct model *model, uint8_t old, uint8_t added)
{
	if ((added & STATUS_DRIVER) != 0 && (old & STATUS_ACKNOWLEDGE) == 0)
		model_violation(model, "INIT-02: DRIVER before ACKNOWLEDGE");
	if ((added & STATUS_FEATURES_OK) != 0 && (old & STATUS_DRIVER) == 0)
		model_violation(model, "INIT-01: FEATURES_OK before DRIVER");
	if ((added & STATUS_FEATURES_OK) != 0 && model->is_driven_legacy)
		model_violation(model, "INIT-01: FEATURES_OK, which a legacy device does not know");
	if ((added & STATUS_DRIVER_OK) != 0 && !model->is_driven_legacy &&
		((old & STATUS_FEATURES_OK) == 0 || !model->features_checked))
		model_violation(model, "INIT-04: DRIVER_OK, but FEATURES_OK was not read back");
	if ((added & (added - 1)) != 0)
		model_violation(model, "INIT-01: several status bits at once: 0x%02x", added);
	if ((added & STATUS_NEEDS_RESET) != 0)
		model_violation(model, "INIT-02: the driver set DEVICE_NEEDS_RESET");
}

/* 2.2.1 */
static void check_features(struct model *model)
{
	struct kl_features wrong = kl_features_without(model->accepted, model->script.offered);

	if (wrong.word[0] != 0 || wrong.word[1] != 0)
		model_violation(model, "FEAT-01: accepted but not offered: 0x%016llx 0x%016llx",
			(unsigned long long)wrong.word[1], (unsigned long long)wrong.word[0]);
	for (unsigned int bank = 0; bank < 4; bank++) {
		uint32_t offered = (uint32_t)(model->script.offered.word[bank / 2] >>
			(bank % 2 * 32));

		if ((bank < 2 || offered != 0) && (model->banks_written & 1u << bank) == 0)
			model_violation(model, "FEAT-21: feature bank %u was never written", bank);
	}
}

void model_status_write(struct model *model, uint8_t value)
{
	uint8_t old = model->status, added = value & (uint8_t)~old;

	if (model->status_writes < sizeof(model->status_history))
		model->status_history[model->status_writes] = value;
	model->status_writes++;
	if (value == 0) {
		begin_reset(model);
		return;
	}
	if ((old & STATUS_FAILED) != 0)
		model_violation(model, "INIT-09: status 0x%02x written after FAILED", value);
	if ((value & old) != old)
		model_violation(model, "INIT-03: status 0x%02x written over 0x%02x", value, old);
	if ((value & ~KNOWN_STATUS) != 0)
		model_violation(model, "SUSP-01: unknown status bits: 0x%02x", value);
	check_order(model, old, added);
	if ((added & STATUS_FEATURES_OK) != 0) {
		check_features(model);
		if (model->script.refuses_features)
			value &= (uint8_t)~STATUS_FEATURES_OK;
	}
	model->status = value;
}

uint32_t model_feature_read(const struct model *model)
{
	uint32_t bank = model->device_feature_select;

	if (bank > 3)
		return 0;
	return (uint32_t)(model->script.offered.word[bank / 2] >> (bank % 2 * 32));
}

uint32_t model_driver_feature_read(const struct model *model)
{
	uint32_t bank = model->driver_feature_select;

	if (bank > 3)
		return 0;
	return (uint32_t)(model->accepted.word[bank / 2] >> (bank % 2 * 32));
}

void model_feature_write(struct model *model, uint32_t value)
{
	uint32_t bank = model->driver_feature_select;
	unsigned int shift = bank % 2 * 32;

	if ((model->status & STATUS_DRIVER) == 0)
		model_violation(model, "INIT-01: features written before DRIVER");
	if ((model->status & STATUS_FEATURES_OK) != 0) {
		model_violation(model, "INIT-05: features written after FEATURES_OK");
		return;
	}
	if (bank > 3) {
		if (value != 0)
			model_violation(model, "FEAT-04: feature bank %u accepted", bank);
		return;
	}
	model->banks_written |= 1u << bank;
	model->accepted.word[bank / 2] &= ~((uint64_t)UINT32_MAX << shift);
	model->accepted.word[bank / 2] |= (uint64_t)value << shift;
}

uint16_t model_map_vector(struct model *model, uint16_t vector, const char *name)
{
	if (vector == MODEL_NO_VECTOR)
		return vector;
	if (!model->msix_is_on)
		model_violation(model, "PCI-39: %s set while MSI-X is off", name);
	if (vector >= model->script.msix_vectors) {
		model_violation(model, "PCI-36: %s: vector %u of %u", name, vector,
			model->script.msix_vectors);
		return MODEL_NO_VECTOR;
	}
	return model->mappings++ >= model->script.vectors_refused_from ? MODEL_NO_VECTOR : vector;
}

void model_map_config_vector(struct model *model, uint16_t vector)
{
	model->config_vector = model_map_vector(model, vector, "config_msix_vector");
	model->config_vector_unread = vector != MODEL_NO_VECTOR;
}
