/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A whole device over the fake device: PCI transport, core, and a driver of a type that nobody has
 * made up before, 63, which this fixture registers.
 */
#ifndef UNIT_DEVICE_FIXTURE_H
#define UNIT_DEVICE_FIXTURE_H

#include <stddef.h>

#include <kickless/driver/driver.h>

#include "core/device.h"
#include "finish.h"
#include "fake_device.h"

#define FIXTURE_TYPE 63
/* Bits of the type: what each needs is in the fixture's table of rules. */
#define FIXTURE_F_APPLE 0
#define FIXTURE_F_PEAR 1 /* needs APPLE */
#define FIXTURE_F_PLUM 23 /* needs APPLE and PEAR */
#define FIXTURE_F_FIG 50 /* needs one of PLUM, NUT */
#define FIXTURE_F_NUT 70

struct device_fixture {
	struct fake_device *fake;
	struct kl_device *device;
};

/* Results and counters of the driver's operations. */
extern int fixture_probe_result, fixture_probes, fixture_removes, fixture_changes;
extern char fixture_colour[16]; /* of the key colour */

/* A fake device, and the log captured; nothing is opened yet. */
void fixture_prepare(struct device_fixture *fixture);
/* Opens and attaches; on failure all is freed. Returns the attach's result. */
int fixture_attach(struct device_fixture *fixture, const char *options);
/* fixture_prepare and fixture_attach, which must work. */
void fixture_open(struct device_fixture *fixture, const char *options);
/* All bits of the type. */
struct kl_features fixture_features(void);
int fixture_negotiate(struct device_fixture *fixture);
/* Negotiates, adds queues from 0, runs; all must work. */
void fixture_start(struct device_fixture *fixture, uint16_t queues);
/* Closes, expects no violation and nothing left over. */
void fixture_close(struct device_fixture *fixture);

/* Expects the status values written so far, then forgets them. */
void fixture_expect_status(struct device_fixture *fixture, const char *hex);

#endif
