/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Capabilities that end where the configuration space does, and some bytes later; structures that
 * end where the window's 32 bits do.
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "finish.h"
#include "fake_device.h"
#include "pci/pci_caps.h"

#define COMMON 1
#define NOTIFY 2
#define WINDOW 5

/* Offsets in a capability, 4.1.4. */
#define CAP_BAR 4
#define CAP_OFFSET 8
#define CAP_LENGTH 12

static struct fake_device *fake;
static struct kl__pci_caps caps;
static const char *why;

/* Of more bytes than capabilities may lie in. */
static int parse_at(uint8_t cfg_type, unsigned int at, unsigned int bytes)
{
	static uint8_t config[4096];
	unsigned int was = fake_capability(fake, cfg_type, 0);

	memcpy(config, fake->pci_config, 256);
	memset(config + 256, 0, sizeof(config) - 256);
	memcpy(config + at, fake->pci_config + was, bytes);
	/* The place of the capability now holds one of another vendor. */
	config[was] = 0;
	config[at + 1] = config[0x34];
	config[0x34] = (uint8_t)at;
	return kl__pci_caps_parse(config, sizeof(config), fake->access.bar, &caps, &why);
}

Test(pci_caps_end, structures)
{
	fake = fake_new(63);
	cr_expect_eq(parse_at(COMMON, 240, 16), 0, "%s", why);
	cr_expect_eq(parse_at(COMMON, 244, 16), -EPROTO);
	cr_expect_eq(parse_at(NOTIFY, 236, 20), 0, "%s", why);
	cr_expect_eq(parse_at(NOTIFY, 240, 20), -EPROTO);
	finish(fake);
}

Test(pci_caps_end, window)
{
	fake = fake_new(63);
	fake->script.has_window = true;
	fake_rebuild(fake);
	cr_expect_eq(parse_at(WINDOW, 236, 20), 0, "%s", why);
	cr_expect_eq(caps.window, 236);
	finish(fake);
}

static void put32(uint8_t *bytes, uint32_t value)
{
	for (unsigned int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
}

/* It has no size that an offset could be held against. */
Test(pci_caps_end, reach_of_the_window)
{
	static const struct {
		uint32_t offset, length;
		bool is_good;
	} cases[] = {
		{0, 0x38, true},
		{0, 0x37, false},
		{2, 0x40, false},
		{0xffffffbc, 0x43, true},
		{0xffffffbc, 0x44, false},
		{0, 0xffffffff, true},
		{4, 0xffffffff, false},
	};
	uint8_t *common;

	fake = fake_new(63);
	fake->script.has_window = true;
	fake_rebuild(fake);
	fake->access.bar[1].size = 0;
	common = fake->pci_config + fake_capability(fake, COMMON, 0);
	common[CAP_BAR] = 1;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put32(common + CAP_OFFSET, cases[i].offset);
		put32(common + CAP_LENGTH, cases[i].length);
		cr_expect_eq(kl__pci_caps_parse(fake->pci_config, 256, fake->access.bar, &caps,
				     &why),
			cases[i].is_good ? 0 : -EPROTO, "0x%x, 0x%x", cases[i].offset,
			cases[i].length);
		cr_expect_eq(caps.common.by_window, cases[i].is_good);
	}
	finish(fake);
}
