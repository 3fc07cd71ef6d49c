/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/pci.h"

#include <errno.h>

#include <criterion/criterion.h>

#include "finish.h"
#include "fake_device.h"

static struct fake_device *fake;
static struct kl__transport *transport;

static void expect_opens(enum fake_interfaces interfaces, enum kl__interface wanted,
	const char *name)
{
	fake = fake_new(63);
	fake->script.interfaces = interfaces;
	fake_rebuild(fake);
	cr_assert_eq(kl__pci_open(&fake->access, wanted, &transport), 0, "%s", log_text());
	cr_expect_str_eq(transport->ops->name, name);
	cr_expect_eq(transport->type, 63);
	cr_expect_eq(fake->traced, 0, "no register is touched by opening");
	transport->ops->close(transport);
	cr_expect_eq(fake->access_closes, 1);
	finish(fake);
}

static void expect_refused(enum fake_interfaces interfaces, enum kl__interface wanted, int error,
	const char *why)
{
	fake = fake_new(63);
	fake->script.interfaces = interfaces;
	fake_rebuild(fake);
	forget_log();
	cr_expect_eq(kl__pci_open(&fake->access, wanted, &transport), error);
	cr_expect(logged(why), "%s", log_text());
	cr_expect_eq(fake->access_closes, 0, "the access stays the caller's");
	finish(fake);
}

/*
 * PCI-02, PCIL-01: a function with virtio capabilities is driven by them, unless an
 * option overrides it.
 */
Test(pci, the_interface)
{
	capture_log();
	expect_opens(FAKE_MODERN, KL__INTERFACE_BEST, "pci-modern");
	expect_opens(FAKE_MODERN, KL__INTERFACE_MODERN, "pci-modern");
	expect_opens(FAKE_TRANSITIONAL, KL__INTERFACE_BEST, "pci-modern");
	expect_opens(FAKE_TRANSITIONAL, KL__INTERFACE_MODERN, "pci-modern");
	expect_opens(FAKE_TRANSITIONAL, KL__INTERFACE_LEGACY, "pci-legacy");
	expect_opens(FAKE_LEGACY, KL__INTERFACE_BEST, "pci-legacy");
	expect_opens(FAKE_LEGACY, KL__INTERFACE_LEGACY, "pci-legacy");
}

Test(pci, an_interface_that_it_lacks)
{
	capture_log();
	expect_refused(FAKE_MODERN, KL__INTERFACE_LEGACY, -ENODEV, "no legacy interface");
	expect_refused(FAKE_LEGACY, KL__INTERFACE_MODERN, -ENODEV, "no virtio capabilities");
}

/* Capabilities that can't be used make a broken modern device, not a legacy one. */
Test(pci, broken_capabilities)
{
	capture_log();
	fake = fake_new(63);
	fake->script.interfaces = FAKE_TRANSITIONAL;
	fake_rebuild(fake);
	fake->access.bar[4].size = 0x1000;
	cr_expect_eq(kl__pci_open(&fake->access, KL__INTERFACE_BEST, &transport), -EPROTO);
	cr_expect(logged("no usable notification"), "%s", log_text());
	cr_assert_eq(kl__pci_open(&fake->access, KL__INTERFACE_LEGACY, &transport), 0);
	transport->ops->close(transport);
	finish(fake);
}
