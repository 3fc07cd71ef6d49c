/* SPDX-License-Identifier: BSD-3-Clause */
#include "pci/pci_caps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "finish.h"
#include "fake_device.h"

#define COMMON 1
#define NOTIFY 2
#define ISR 3
#define DEVICE 4
#define WINDOW 5

/* Offsets in a capability, 4.1.4. */
#define CAP_LEN 2
#define CAP_TYPE 3
#define CAP_BAR 4
#define CAP_OFFSET 8
#define CAP_LENGTH 12
#define CAP_MULTIPLIER 16

static struct fake_device *fake;
static struct kl__pci_caps caps;
static const char *why;

static void set_up(void)
{
	fake = fake_new(63);
}

static void tear_down(void)
{
	finish(fake);
}

/* Parses a copy of exactly the size given, so that ASan sees a step beyond it. */
static int parse_size(size_t size)
{
	uint8_t *copy = malloc(size + 1);
	int rc;

	cr_assert_neq(copy, NULL);
	memcpy(copy, fake->pci_config, size);
	copy = realloc(copy, size == 0 ? 1 : size);
	rc = kl__pci_caps_parse(copy, size, fake->access.bar, &caps, &why);
	free(copy);
	cr_expect_neq(why, NULL);
	return rc;
}

static int parse(void)
{
	return parse_size(256);
}

static uint8_t *cap(uint8_t cfg_type)
{
	unsigned int at = fake_capability(fake, cfg_type, 0);

	cr_assert_neq(at, 0);
	return fake->pci_config + at;
}

static void put32(uint8_t *bytes, uint32_t value)
{
	for (unsigned int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get32(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
		(uint32_t)bytes[3] << 24;
}

static void expect_region(const struct kl__pci_region *region, const uint8_t *capability)
{
	cr_expect_eq(region->bar, capability[CAP_BAR]);
	cr_expect_eq(region->offset, get32(capability + CAP_OFFSET));
	cr_expect_eq(region->length, get32(capability + CAP_LENGTH));
}

FRAMED_TEST(pci_caps, a_good_device)
{
	cr_expect_eq(parse(), 0, "%s", why);
	expect_region(&caps.common, cap(COMMON));
	expect_region(&caps.notify, cap(NOTIFY));
	expect_region(&caps.isr, cap(ISR));
	expect_region(&caps.device, cap(DEVICE));
	cr_expect_eq(caps.notify_multiplier, 4);
	cr_expect_eq(caps.msix_vectors, 2);
	cr_expect_eq(caps.refused, 0);
	cr_expect_eq(caps.refused_why, NULL);
}

/* PCI-41: without virtio capabilities it is a legacy device. */
FRAMED_TEST(pci_caps, none)
{
	fake->pci_config[0x34] = 0;
	cr_expect_eq(parse(), -ENODEV);
	fake_rebuild(fake);
	fake->pci_config[6] = 0;
	cr_expect_eq(parse(), -ENODEV, "the status register has no list bit");
	fake_rebuild(fake);
	cr_expect_eq(parse_size(0), -ENODEV);
	cr_expect_eq(parse_size(63), -ENODEV);
	cr_expect_eq(parse_size(64), -ENODEV);
}

/* PCI-17: three structures are needed, the device's own is the type's affair. */
FRAMED_TEST(pci_caps, each_structure_missing)
{
	static const char *const names[] = {"common", "notification", "ISR"};

	for (uint8_t type = COMMON; type <= ISR; type++) {
		fake_rebuild(fake);
		cap(type)[CAP_TYPE] = 200;
		cr_expect_eq(parse(), -EPROTO);
		cr_expect(strstr(why, names[type - 1]) != NULL, "%s", why);
	}
	fake_rebuild(fake);
	cap(DEVICE)[CAP_TYPE] = 200;
	cr_expect_eq(parse(), 0);
	cr_expect_eq(caps.device.length, 0);
}

/* PCI-08, 45, 46, 47: types that we do not know are passed over. */
FRAMED_TEST(pci_caps, reserved_types)
{
	static const uint8_t types[] = {0, 5, 6, 7, 8, 9, 10, 255};

	/* Room for four more only, so two rounds. */
	for (unsigned int i = 0; i < sizeof(types); i++) {
		if (i % 4 == 0)
			fake_rebuild(fake);
		cr_assert_neq(fake_add_capability(fake, types[i], 9, 0xffffffff, 0xffffffff), 0);
		cr_expect_eq(parse(), 0);
		cr_expect_eq(caps.refused, 0);
	}
}

/* PCI-09: of several the first usable one counts. */
FRAMED_TEST(pci_caps, several_of_one_type)
{
	static const struct kl__pci_region *const region[] = {&caps.common, &caps.notify, &caps.isr,
		&caps.device};

	for (uint8_t type = COMMON; type <= DEVICE; type++) {
		unsigned int at;

		fake_rebuild(fake);
		at = fake_add_capability(fake, type, 4, 0x8000, 0x100);
		cr_expect_eq(parse(), 0);
		expect_region(region[type - 1], fake->pci_config + at);
		/* The first one is unusable: it lies in a BAR that does not exist. */
		fake->pci_config[at + CAP_BAR] = 3;
		cr_expect_eq(parse(), 0);
		cr_expect_eq(caps.refused, 1);
		cr_expect_neq(caps.refused_why, NULL);
		expect_region(region[type - 1], fake->pci_config + fake_capability(fake, type, 1));
	}
}

/* PCI-10: longer than defined is fine, shorter is not. */
FRAMED_TEST(pci_caps, cap_len)
{
	static const unsigned int lengths[][2] = {{0, 0}, {2, 0}, {15, 0}, {16, 16}, {17, 16},
		{19, 16}, {20, 20}, {24, 20}, {64, 20}, {255, 20}};

	for (uint8_t type = COMMON; type <= ISR; type++)
		for (unsigned int i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			unsigned int needed = type == NOTIFY ? 20 : 16;

			fake_rebuild(fake);
			cap(type)[CAP_LEN] = (uint8_t)lengths[i][0];
			cr_expect_eq(parse(), lengths[i][1] >= needed ? 0 : -EPROTO,
				"type %u, length %u", type, lengths[i][0]);
		}
}

/* PCI-11: reserved values of bar. */
FRAMED_TEST(pci_caps, bar_beyond_the_last)
{
	for (unsigned int bar = 6; bar < 256; bar++) {
		fake_rebuild(fake);
		cap(COMMON)[CAP_BAR] = (uint8_t)bar;
		cr_expect_eq(parse(), -EPROTO);
		cr_expect_eq(caps.common.length, 0);
	}
}

FRAMED_TEST(pci_caps, bar_that_is_not_there)
{
	for (unsigned int bar = 0; bar < 6; bar++) {
		fake_rebuild(fake);
		cap(ISR)[CAP_BAR] = (uint8_t)bar;
		cr_expect_eq(parse(), bar == 4 ? 0 : -EPROTO);
		if (bar != 4)
			cr_expect(strstr(caps.refused_why, "BAR") != NULL, "%s", caps.refused_why);
	}
}

/* An I/O BAR is as good as any when the access can reach it. */
FRAMED_TEST(pci_caps, io_bar)
{
	fake->access.bar[2] = (struct kl__pci_bar){.size = 64, .is_io = true};
	cap(NOTIFY)[CAP_BAR] = 2;
	put32(cap(NOTIFY) + CAP_OFFSET, 0);
	put32(cap(NOTIFY) + CAP_LENGTH, 64);
	cr_expect_eq(parse(), 0);
	cr_expect_eq(caps.notify.bar, 2);
	fake->access.bar[2].size = 0;
	cr_expect_eq(parse(), -EPROTO);
}

/* PCI-14, PCI-16: the sum is made in 64 bits, against the BAR's real size. */
FRAMED_TEST(pci_caps, offset_and_length)
{
	static const struct {
		uint32_t offset, length;
		bool is_good;
	} cases[] = {
		{0, 0x38, true},
		{0, 0x37, false},
		{0, 0, false},
		{0, 0x40, true},
		{0, 0x1000, true},
		{0, 0x1001, false},
		{0xfc8, 0x38, true},
		{0xfcc, 0x38, false},
		{0x1000, 0x38, false},
		{0xffffffc8, 0x38, false},
		{0xffffffc8, 0x40, false},
		{0xfffffffc, 0xfffffffc, false},
		{0x38, 0xffffffff, false},
		{0, 0xffffffff, false},
		{2, 0x40, false},
		{1, 0x40, false},
		{4, 0x40, true},
	};

	fake->access.bar[1].size = 0x1000;
	cap(COMMON)[CAP_BAR] = 1;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put32(cap(COMMON) + CAP_OFFSET, cases[i].offset);
		put32(cap(COMMON) + CAP_LENGTH, cases[i].length);
		cr_expect_eq(parse(), cases[i].is_good ? 0 : -EPROTO, "0x%x, 0x%x", cases[i].offset,
			cases[i].length);
	}
}

FRAMED_TEST(pci_caps, bars_of_more_than_4_gib)
{
	fake->access.bar[1].size = UINT64_C(1) << 40;
	cap(COMMON)[CAP_BAR] = 1;
	put32(cap(COMMON) + CAP_OFFSET, 0xfffffffc);
	put32(cap(COMMON) + CAP_LENGTH, 0xffffffff);
	cr_expect_eq(parse(), 0);
	expect_region(&caps.common, cap(COMMON));
}

/* Smallest length and alignment of each structure. */
FRAMED_TEST(pci_caps, length_and_alignment)
{
	static const struct {
		uint8_t type;
		uint32_t length, align;
	} demands[] = {{COMMON, 0x38, 4}, {NOTIFY, 2, 2}, {ISR, 1, 1}};

	for (unsigned int i = 0; i < 3; i++) {
		uint32_t length = demands[i].length;

		for (uint32_t offset = 0x8000; offset < 0x8008; offset++) {
			fake_rebuild(fake);
			put32(cap(demands[i].type) + CAP_OFFSET, offset);
			put32(cap(demands[i].type) + CAP_LENGTH, length);
			cr_expect_eq(parse(), offset % demands[i].align == 0 ? 0 : -EPROTO);
		}
		fake_rebuild(fake);
		put32(cap(demands[i].type) + CAP_LENGTH, length - 1);
		cr_expect_eq(parse(), -EPROTO);
	}
}

/* 4.1.4.4.1: 0 means one shared doorbell; an odd one would misalign them. */
FRAMED_TEST(pci_caps, notify_multiplier)
{
	static const uint32_t multipliers[] = {0, 1, 2, 3, 4, 5, 4096, 4097, 0x7fffffff, 0x80000000,
		0xfffffffe, 0xffffffff};

	for (unsigned int i = 0; i < sizeof(multipliers) / sizeof(multipliers[0]); i++) {
		bool is_odd = multipliers[i] % 2 != 0;

		put32(cap(NOTIFY) + CAP_MULTIPLIER, multipliers[i]);
		cr_expect_eq(parse(), is_odd ? -EPROTO : 0);
		if (is_odd)
			cr_expect(strstr(caps.refused_why, "odd") != NULL);
		else
			cr_expect_eq(caps.notify_multiplier, multipliers[i]);
	}
}

FRAMED_TEST(pci_caps, msix_table_size)
{
	static const unsigned int sizes[] = {0, 1, 2, 3, 20, 2047, 2048};

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		fake->script.msix_vectors = sizes[i];
		fake_rebuild(fake);
		cr_expect_eq(parse(), 0);
		cr_expect_eq(caps.msix_vectors, sizes[i]);
	}
}

/* PCI-16: the low bits of a pointer are reserved; a list that leaves the space ends. */
FRAMED_TEST(pci_caps, pointers)
{
	unsigned int first = fake->pci_config[0x34];

	fake->pci_config[0x34] = (uint8_t)(first | 3);
	cr_expect_eq(parse(), 0);
	fake->pci_config[0x34] = (uint8_t)first;
	for (unsigned int at = first; at != 0; at = fake->pci_config[at + 1] & ~3u)
		fake->pci_config[at + 1] |= 3;
	cr_expect_eq(parse(), 0, "the last points below the header, which ends the list");
	fake_rebuild(fake);
	for (unsigned int pointer = 0; pointer < 0x40; pointer++) {
		fake->pci_config[0x34] = (uint8_t)pointer;
		cr_expect_eq(parse(), -ENODEV);
	}
}

FRAMED_TEST(pci_caps, loops)
{
	unsigned int first = fake->pci_config[0x34], last = fake_capability(fake, DEVICE, 0);

	fake->pci_config[last + 1] = (uint8_t)first;
	cr_expect_eq(parse(), 0, "all was found before the loop closed");
	fake->pci_config[first + 1] = (uint8_t)first;
	cr_expect_neq(parse(), 0);
	fake->pci_config[last] = 5;
	fake->pci_config[last + 1] = (uint8_t)last;
	fake->pci_config[0x34] = (uint8_t)last;
	cr_expect_eq(parse(), -ENODEV);
}

/* Read short: what lies beyond is not there, and nothing beyond is touched (ASan). */
FRAMED_TEST(pci_caps, truncated)
{
	unsigned int found = 0;

	for (size_t size = 0; size <= 256; size++) {
		int rc = parse_size(size);

		cr_expect(rc == 0 || rc == -ENODEV || rc == -EPROTO);
		if (rc == 0) {
			cr_expect_geq(size, fake_capability(fake, COMMON, 0) + 16);
			found++;
		}
	}
	cr_expect_gt(found, 0);
	/* More than the header's 256 bytes are not read. */
	cr_expect_eq(kl__pci_caps_parse(fake->pci_config, 4096, fake->access.bar, &caps, &why), 0);
}

/* Whatever stands there: no crash, no hang, and no region that lies outside of its BAR. */
static void expect_sane(const struct kl__pci_region *region)
{
	if (region->length == 0)
		return;
	cr_assert_lt(region->bar, 6);
	cr_assert_leq((uint64_t)region->offset + region->length,
		fake->access.bar[region->bar].size);
}

FRAMED_TEST(pci_caps, random_damage)
{
	for (unsigned int round = 0; round < 100000; round++) {
		unsigned int damages = 1 + (unsigned int)(fake_random(fake) % 6);

		if (round % 16 == 0)
			fake_rebuild(fake);
		while (damages-- > 0)
			fake->pci_config[0x34 + fake_random(fake) % 0x80] = (uint8_t)fake_random(
				fake);
		parse();
		expect_sane(&caps.common);
		expect_sane(&caps.notify);
		expect_sane(&caps.isr);
		expect_sane(&caps.device);
		cr_assert_eq(caps.notify_multiplier % 2, 0);
	}
}

/*
 * Capabilities that end where the configuration space does, and some bytes later; structures that
 * end where the window's 32 bits do.
 */

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

Test(pci_caps, structures_at_the_end)
{
	fake = fake_new(63);
	cr_expect_eq(parse_at(COMMON, 240, 16), 0, "%s", why);
	cr_expect_eq(parse_at(COMMON, 244, 16), -EPROTO);
	cr_expect_eq(parse_at(NOTIFY, 236, 20), 0, "%s", why);
	cr_expect_eq(parse_at(NOTIFY, 240, 20), -EPROTO);
	finish(fake);
}

Test(pci_caps, window_at_the_end)
{
	fake = fake_new(63);
	fake->script.has_window = true;
	fake_rebuild(fake);
	cr_expect_eq(parse_at(WINDOW, 236, 20), 0, "%s", why);
	cr_expect_eq(caps.window, 236);
	finish(fake);
}

/* It has no size that an offset could be held against. */
Test(pci_caps, reach_of_the_window)
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

/*
 * A capability that names the upper half of a 64-bit BAR, which is no BAR of its own, is passed
 * over for the next of its type.
 */
Test(pci_caps, upper_half_of_a_bar)
{
	unsigned int at;

	fake = fake_new(63);
	at = fake_add_capability(fake, COMMON, 5, 0, 56);
	fake->access.bar[5].size = 0;
	cr_assert_neq(at, 0);
	cr_expect_eq(parse(), 0, "%s", why);
	cr_expect_neq(caps.common.bar, 5);
	cr_expect_eq(caps.refused, 1);
	finish(fake);
}

/* A window whose capability claims 16 bytes, 4 too few, is left alone; nobody needs it. */
Test(pci_caps, window_without_its_data)
{
	fake = fake_new(63);
	fake->script.has_window = true;
	fake_rebuild(fake);
	cap(WINDOW)[CAP_LEN] = 16;
	cr_expect_eq(parse(), 0, "%s", why);
	cr_expect_eq(caps.window, 0);
	cr_expect(!caps.common.by_window && !caps.device.by_window);
	finish(fake);
}
