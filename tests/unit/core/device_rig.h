/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A whole device over the model: PCI transport, core, and a driver of a type that nobody has made
 * up before, 63, which this rig registers.
 */
#ifndef UNIT_DEVICE_RIG_H
#define UNIT_DEVICE_RIG_H

#include <stddef.h>

#include <kickless/bus.h>

#include "core/device.h"
#include "finish.h"
#include "model.h"

#define RIG_TYPE 63
/* Bits of the type: what each needs is in the rig's table of rules. */
#define RIG_F_APPLE 0
#define RIG_F_PEAR 1 /* needs APPLE */
#define RIG_F_PLUM 23 /* needs APPLE and PEAR */
#define RIG_F_FIG 50 /* needs one of PLUM, NUT */
#define RIG_F_NUT 70

struct device_rig {
	struct model *model;
	struct kl_device *device;
};

/* What the driver's operations do and have seen. */
extern int rig_probe_result, rig_probes, rig_removes, rig_changes;
extern char rig_colour[16]; /* of the key colour */

/* A model, and the log captured; nothing is opened yet. */
void rig_prepare(struct device_rig *rig);
/* Opens and attaches; on failure all is given back. Returns the attach's result. */
int rig_attach(struct device_rig *rig, const char *options);
/* rig_prepare and rig_attach, which must work. */
void rig_open(struct device_rig *rig, const char *options);
/* All bits of the type. */
struct kl_features rig_features(void);
int rig_negotiate(struct device_rig *rig);
/* Negotiates, adds queues from 0, runs; all must work. */
void rig_start(struct device_rig *rig, uint16_t queues);
/* Closes, expects no violation and nothing left over. */
void rig_close(struct device_rig *rig);

/* Expects the status values written so far, then forgets them. */
void rig_expect_status(struct device_rig *rig, const char *hex);

#endif
