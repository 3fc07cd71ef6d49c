/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "device_fixture.h"
#include "spec/features.h"

static struct device_fixture fixture;

static void offer_all(struct fake_device *fake)
{
	fake->script.offered = (struct kl_features){{UINT64_MAX, UINT64_MAX}};
}

static void expect_accepted(uint64_t low, uint64_t high)
{
	const struct kl_features *accepted = &kl_device_info(fixture.device)->accepted;

	cr_expect(accepted->word[0] == low && accepted->word[1] == high, "0x%lx 0x%lx",
		accepted->word[1], accepted->word[0]);
	cr_expect(kl_features_equal(accepted, &fixture.fake->accepted),
		"the features that the device got");
}

#define RING_BITS \
	(UINT64_C(1) << VIRTIO_F_INDIRECT_DESC | UINT64_C(1) << VIRTIO_F_EVENT_IDX | \
		UINT64_C(1) << VIRTIO_F_RING_PACKED | UINT64_C(1) << VIRTIO_F_IN_ORDER | \
		UINT64_C(1) << VIRTIO_F_ORDER_PLATFORM)
#define PCI_BITS \
	(UINT64_C(1) << VIRTIO_F_VERSION_1 | UINT64_C(1) << VIRTIO_F_ACCESS_PLATFORM | \
		UINT64_C(1) << VIRTIO_F_NOTIF_CONFIG_DATA | UINT64_C(1) << VIRTIO_F_RING_RESET)
#define TYPE_BITS \
	(UINT64_C(1) << FIXTURE_F_APPLE | UINT64_C(1) << FIXTURE_F_PEAR | \
		UINT64_C(1) << FIXTURE_F_PLUM | UINT64_C(1) << FIXTURE_F_FIG)
#define NUT_BIT (UINT64_C(1) << (FIXTURE_F_NUT - 64))

/* FEAT-04, 06, 09: a device that offers everything gets what is known and no more. */
Test(negotiate, golden_mask)
{
	fixture_prepare(&fixture);
	offer_all(fixture.fake);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	cr_expect_eq(fixture_negotiate(&fixture), 0);
	expect_accepted(RING_BITS | PCI_BITS | TYPE_BITS, NUT_BIT);
	for (unsigned int bit = 0; bit < KL_FEATURE_BITS; bit++)
		cr_expect(kl_device_offers(fixture.device, bit));
	cr_expect(kl_device_has(fixture.device, FIXTURE_F_NUT));
	cr_expect_not(kl_device_has(fixture.device, VIRTIO_F_ADMIN_VQ));
	cr_expect_not(kl_device_has(fixture.device, 500));
	fixture_close(&fixture);
}

/*
 * A feature that the driver does not request is not accepted, except those of transport and rings.
 */
Test(negotiate, nothing_wanted)
{
	struct kl_features none = {0};

	fixture_prepare(&fixture);
	offer_all(fixture.fake);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	cr_expect_eq(kl_device_negotiate(fixture.device, &none), 0);
	expect_accepted(RING_BITS | PCI_BITS, 0);
	fixture_close(&fixture);
}

/* A feature that makes doorbells expensive is accepted only by its name. */
Test(negotiate, doorbell_data_on_request)
{
	struct kl_features none = {0};

	fixture_prepare(&fixture);
	offer_all(fixture.fake);
	cr_assert_eq(fixture_attach(&fixture, "features=+NOTIFICATION_DATA/-RING_RESET"), 0);
	cr_expect_eq(kl_device_negotiate(fixture.device, &none), 0);
	expect_accepted(RING_BITS | (PCI_BITS & ~(UINT64_C(1) << VIRTIO_F_RING_RESET)) |
			UINT64_C(1) << VIRTIO_F_NOTIFICATION_DATA,
		0);
	fixture_close(&fixture);
}

/* FEAT-01, FEAT-02: for any offer, the largest subset of it that is closed under the rules. */
Test(negotiate, prerequisites)
{
	for (unsigned int mask = 0; mask < 32; mask++) {
		bool apple = mask & 1, pear = (mask & 2) && apple,
		     plum = (mask & 4) && apple && pear;
		bool nut = mask & 16, fig = (mask & 8) && (plum || nut);

		fixture_prepare(&fixture);
		for (unsigned int i = 0; i < 5; i++) {
			static const unsigned int bits[] = {FIXTURE_F_APPLE, FIXTURE_F_PEAR,
				FIXTURE_F_PLUM, FIXTURE_F_FIG, FIXTURE_F_NUT};

			if ((mask & 1u << i) != 0)
				fake_offer(fixture.fake, bits[i]);
		}
		cr_assert_eq(fixture_attach(&fixture, NULL), 0);
		cr_expect_eq(fixture_negotiate(&fixture), 0);
		cr_expect_eq(kl_device_has(fixture.device, FIXTURE_F_APPLE), apple);
		cr_expect_eq(kl_device_has(fixture.device, FIXTURE_F_PEAR), pear);
		cr_expect_eq(kl_device_has(fixture.device, FIXTURE_F_PLUM), plum);
		cr_expect_eq(kl_device_has(fixture.device, FIXTURE_F_FIG), fig);
		cr_expect_eq(kl_device_has(fixture.device, FIXTURE_F_NUT), nut);
		fixture_close(&fixture);
	}
}

Test(negotiate, random_offers)
{
	for (unsigned int round = 0; round < 500; round++) {
		uint64_t seed;

		fixture_prepare(&fixture);
		fixture.fake->random += round * UINT64_C(0x9e3779b97f4a7c15);
		seed = fake_random(fixture.fake);
		fixture.fake->script.offered.word[0] = seed | UINT64_C(1) << VIRTIO_F_VERSION_1;
		fixture.fake->script.offered.word[1] = fake_random(fixture.fake);
		cr_assert_eq(fixture_attach(&fixture, NULL), 0);
		cr_expect_eq(fixture_negotiate(&fixture), 0);
		fixture_close(&fixture);
	}
}

/* FEAT-07: without the optional ones it works as well. */
Test(negotiate, each_optional_bit_missing)
{
	static const unsigned int bits[] = {FIXTURE_F_APPLE, FIXTURE_F_PEAR, FIXTURE_F_PLUM,
		FIXTURE_F_FIG, FIXTURE_F_NUT, VIRTIO_F_INDIRECT_DESC, VIRTIO_F_EVENT_IDX,
		VIRTIO_F_ACCESS_PLATFORM};

	for (unsigned int i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		fixture_prepare(&fixture);
		offer_all(fixture.fake);
		fake_offer_not(fixture.fake, bits[i]);
		cr_assert_eq(fixture_attach(&fixture, NULL), 0);
		fixture_start(&fixture, 2);
		cr_expect_not(kl_device_has(fixture.device, bits[i]));
		fixture_close(&fixture);
	}
}

/* FEAT-08, INIT-07, INIT-08: what can't be done without is missing. */
Test(negotiate, version_1_is_not_offered)
{
	fixture_prepare(&fixture);
	fake_offer_not(fixture.fake, VIRTIO_F_VERSION_1);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	fixture_expect_status(&fixture, "0 1 3");
	cr_expect_eq(fixture_negotiate(&fixture), -ENOTSUP);
	fixture_expect_status(&fixture, "83");
	cr_expect(logged("VERSION_1 is not offered"), "%s", log_text());
	fixture_close(&fixture);
}

Test(negotiate, version_1_is_declined)
{
	fixture_open(&fixture, "features=-VERSION_1");
	cr_expect_eq(fixture_negotiate(&fixture), -ENOTSUP);
	cr_expect(logged("VERSION_1 is declined"), "%s", log_text());
	fixture_close(&fixture);
}

/* FEAT-14: a device that bypasses the IOMMU would take our addresses for physical ones. */
static void check_platform(bool has_iommu, bool is_physical, bool offered, int expected)
{
	fixture_prepare(&fixture);
	fixture.fake->host.has_iommu = has_iommu;
	fixture.fake->host.iova_is_physical = is_physical;
	if (offered)
		fake_offer(fixture.fake, VIRTIO_F_ACCESS_PLATFORM);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	cr_expect_eq(fixture_negotiate(&fixture), expected, "iommu %d, physical %d, offered %d",
		has_iommu, is_physical, offered);
	cr_expect_eq(logged("ACCESS_PLATFORM") && logged("iommu_platform=on") &&
			logged("--iova-mode=pa"),
		expected != 0);
	fixture_close(&fixture);
}

Test(negotiate, access_platform)
{
	for (unsigned int i = 0; i < 8; i++)
		check_platform(i & 1, i & 2, i & 4, i == 1 ? -ENOTSUP : 0);
}

Test(negotiate, access_platform_declined)
{
	fixture_prepare(&fixture);
	fixture.fake->host.has_iommu = true;
	fake_offer(fixture.fake, VIRTIO_F_ACCESS_PLATFORM);
	cr_assert_eq(fixture_attach(&fixture, "features=-ACCESS_PLATFORM"), 0);
	cr_expect_eq(fixture_negotiate(&fixture), -ENOTSUP);
	fixture_close(&fixture);
}

/* INIT-04, INIT-07 to INIT-09: refused; FAILED; no queue; a reset makes another try possible. */
Test(negotiate, features_ok_refused)
{
	fixture_open(&fixture, NULL);
	fixture.fake->script.refuses_features = true;
	fixture_expect_status(&fixture, "0 1 3");
	fake_trace_clear(fixture.fake);
	cr_expect_eq(fixture_negotiate(&fixture), -EPROTO);
	fixture_expect_status(&fixture, "b 83");
	cr_expect_eq(fake_trace_count(fixture.fake, "queue_select", true), 0);
	cr_expect(logged("refuses") && logged("0x03") && logged("VERSION_1"), "%s", log_text());
	cr_expect_eq(kl_device_info(fixture.device)->accepted.word[0], 0);
	fixture.fake->script.refuses_features = false;
	cr_expect_eq(kl__device_reset(fixture.device, NULL, NULL), 0);
	fixture_start(&fixture, 2);
	fixture_close(&fixture);
}

Test(negotiate, gone)
{
	fixture_open(&fixture, NULL);
	fixture.fake->script.is_gone = true;
	cr_expect_eq(fixture_negotiate(&fixture), -EIO);
	fixture_close(&fixture);
}

static void expect_refused(const char *options, const char *text)
{
	fixture_prepare(&fixture);
	fake_offer(fixture.fake, FIXTURE_F_APPLE);
	fake_offer(fixture.fake, FIXTURE_F_FIG);
	fake_offer(fixture.fake, VIRTIO_F_SR_IOV);
	cr_assert_eq(fixture_attach(&fixture, options), 0, "%s", log_text());
	cr_expect_eq(fixture_negotiate(&fixture), -ENOTSUP, "%s", options);
	cr_expect(logged(text), "%s: %s", text, log_text());
	cr_expect(logged("fake: "));
	cr_expect(fixture.fake->status & 0x80);
	fixture_close(&fixture);
}

/* A feature that the user insists on and can't have is refused by name. */
Test(negotiate, insisted)
{
	expect_refused("event_idx=1", "does not offer EVENT_IDX; it offers APPLE");
	expect_refused("features=+PEAR/+NUT", "does not offer PEAR NUT;");
	expect_refused("features=+SR_IOV", "SR_IOV can't be used");
	expect_refused("features=+FIG", "FIG can't be used");
	expect_refused("features=+ADMIN_VQ", "does not offer ADMIN_VQ;");
}

Test(negotiate, insisted_and_offered)
{
	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_F_EVENT_IDX);
	fake_offer(fixture.fake, FIXTURE_F_APPLE);
	cr_assert_eq(fixture_attach(&fixture, "event_idx=1,apple=1"), 0);
	cr_expect_eq(fixture_negotiate(&fixture), 0);
	cr_expect(kl_device_has(fixture.device, VIRTIO_F_EVENT_IDX) &&
		kl_device_has(fixture.device, FIXTURE_F_APPLE));
	fixture_close(&fixture);
}

/* Declining takes away what depends on it, too. */
Test(negotiate, declined)
{
	fixture_prepare(&fixture);
	offer_all(fixture.fake);
	cr_assert_eq(fixture_attach(&fixture,
			     "event_idx=0,indirect=0,packed=0,in_order=0,"
			     "features=-APPLE/-NUT/-ORDER_PLATFORM"),
		0);
	cr_expect_eq(fixture_negotiate(&fixture), 0);
	expect_accepted(PCI_BITS, 0);
	fixture_close(&fixture);
}

/* INIT-17: another set of features only after a reset. */
Test(negotiate, again_after_a_reset)
{
	struct kl_features none = {0};

	fixture_prepare(&fixture);
	offer_all(fixture.fake);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	fixture_start(&fixture, 1);
	cr_expect_eq(kl__device_reset(fixture.device, NULL, NULL), 0);
	expect_accepted(0, 0);
	cr_expect_eq(kl_device_negotiate(fixture.device, &none), 0);
	expect_accepted(RING_BITS | PCI_BITS, 0);
	fixture_close(&fixture);
}

/* The device may offer something else after a reset. */
Test(negotiate, the_offer_is_read_again_after_a_reset)
{
	fixture_open(&fixture, NULL);
	cr_expect_not(kl_device_offers(fixture.device, FIXTURE_F_APPLE));
	fake_offer(fixture.fake, FIXTURE_F_APPLE);
	cr_expect_not(kl_device_offers(fixture.device, FIXTURE_F_APPLE));
	cr_expect_eq(kl__device_reset(fixture.device, NULL, NULL), 0);
	cr_expect(kl_device_offers(fixture.device, FIXTURE_F_APPLE));
	fixture_close(&fixture);
}

Test(negotiate, feature_names)
{
	struct kl_features set = {0};
	char text[64];

	fixture_open(&fixture, NULL);
	cr_expect_str_eq(kl_device_feature_names(fixture.device, &set, text, sizeof(text)), "");
	kl_features_set(&set, FIXTURE_F_PEAR);
	kl_features_set(&set, VIRTIO_F_EVENT_IDX);
	kl_features_set(&set, 45);
	kl_features_set(&set, FIXTURE_F_NUT);
	kl_features_set(&set, 127);
	kl_device_feature_names(fixture.device, &set, text, sizeof(text));
	cr_expect_str_eq(text, "PEAR EVENT_IDX bit-45 NUT bit-127");
	for (size_t size = 1; size < 34; size++) {
		char whole[64];

		strcpy(whole, "PEAR EVENT_IDX bit-45 NUT bit-127");
		whole[size - 1] = '\0';
		memset(text, 'x', sizeof(text));
		cr_expect_str_eq(kl_device_feature_names(fixture.device, &set, text, size), whole);
		cr_expect_eq(text[size], 'x');
	}
	fixture_close(&fixture);
}
