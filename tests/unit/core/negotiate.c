/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "device_rig.h"
#include "spec/features.h"

static struct device_rig rig;

static void offer_all(struct model *model)
{
	model->script.offered = (struct kl_features){{UINT64_MAX, UINT64_MAX}};
}

static void expect_accepted(uint64_t low, uint64_t high)
{
	const struct kl_features *accepted = &kl_device_info(rig.device)->accepted;

	cr_expect(accepted->word[0] == low && accepted->word[1] == high, "0x%lx 0x%lx",
		accepted->word[1], accepted->word[0]);
	cr_expect(kl_features_equal(accepted, &rig.model->accepted), "what the device was told");
}

#define RING_BITS \
	(UINT64_C(1) << VIRTIO_F_INDIRECT_DESC | UINT64_C(1) << VIRTIO_F_EVENT_IDX | \
		UINT64_C(1) << VIRTIO_F_RING_PACKED | UINT64_C(1) << VIRTIO_F_IN_ORDER | \
		UINT64_C(1) << VIRTIO_F_ORDER_PLATFORM)
#define PCI_BITS \
	(UINT64_C(1) << VIRTIO_F_VERSION_1 | UINT64_C(1) << VIRTIO_F_ACCESS_PLATFORM | \
		UINT64_C(1) << VIRTIO_F_NOTIF_CONFIG_DATA | UINT64_C(1) << VIRTIO_F_RING_RESET)
#define TYPE_BITS \
	(UINT64_C(1) << RIG_F_APPLE | UINT64_C(1) << RIG_F_PEAR | UINT64_C(1) << RIG_F_PLUM | \
		UINT64_C(1) << RIG_F_FIG)
#define NUT_BIT (UINT64_C(1) << (RIG_F_NUT - 64))

/* FEAT-04, 06, 09: a device that offers everything gets what is known and no more. */
Test(negotiate, golden_mask)
{
	rig_prepare(&rig);
	offer_all(rig.model);
	cr_assert_eq(rig_attach(&rig, NULL), 0);
	cr_expect_eq(rig_negotiate(&rig), 0);
	expect_accepted(RING_BITS | PCI_BITS | TYPE_BITS, NUT_BIT);
	for (unsigned int bit = 0; bit < KL_FEATURE_BITS; bit++)
		cr_expect(kl_device_offers(rig.device, bit));
	cr_expect(kl_device_has(rig.device, RIG_F_NUT));
	cr_expect_not(kl_device_has(rig.device, VIRTIO_F_ADMIN_VQ));
	cr_expect_not(kl_device_has(rig.device, 500));
	rig_close(&rig);
}

/* What the driver does not ask for is not taken, except for what transport and rings need. */
Test(negotiate, nothing_wanted)
{
	struct kl_features none = {0};

	rig_prepare(&rig);
	offer_all(rig.model);
	cr_assert_eq(rig_attach(&rig, NULL), 0);
	cr_expect_eq(kl_device_negotiate(rig.device, &none), 0);
	expect_accepted(RING_BITS | PCI_BITS, 0);
	rig_close(&rig);
}

/* What makes doorbells dear is for who asks for it by name. */
Test(negotiate, doorbell_data_on_request)
{
	struct kl_features none = {0};

	rig_prepare(&rig);
	offer_all(rig.model);
	cr_assert_eq(rig_attach(&rig, "features=+NOTIFICATION_DATA/-RING_RESET"), 0);
	cr_expect_eq(kl_device_negotiate(rig.device, &none), 0);
	expect_accepted(RING_BITS | (PCI_BITS & ~(UINT64_C(1) << VIRTIO_F_RING_RESET)) |
			UINT64_C(1) << VIRTIO_F_NOTIFICATION_DATA,
		0);
	rig_close(&rig);
}

/* FEAT-01, FEAT-02: for any offer, the largest subset of it that is closed under the rules. */
Test(negotiate, prerequisites)
{
	for (unsigned int mask = 0; mask < 32; mask++) {
		bool apple = mask & 1, pear = (mask & 2) && apple,
		     plum = (mask & 4) && apple && pear;
		bool nut = mask & 16, fig = (mask & 8) && (plum || nut);

		rig_prepare(&rig);
		for (unsigned int i = 0; i < 5; i++) {
			static const unsigned int bits[] = {RIG_F_APPLE, RIG_F_PEAR, RIG_F_PLUM,
				RIG_F_FIG, RIG_F_NUT};

			if ((mask & 1u << i) != 0)
				model_offer(rig.model, bits[i]);
		}
		cr_assert_eq(rig_attach(&rig, NULL), 0);
		cr_expect_eq(rig_negotiate(&rig), 0);
		cr_expect_eq(kl_device_has(rig.device, RIG_F_APPLE), apple);
		cr_expect_eq(kl_device_has(rig.device, RIG_F_PEAR), pear);
		cr_expect_eq(kl_device_has(rig.device, RIG_F_PLUM), plum);
		cr_expect_eq(kl_device_has(rig.device, RIG_F_FIG), fig);
		cr_expect_eq(kl_device_has(rig.device, RIG_F_NUT), nut);
		rig_close(&rig);
	}
}

Test(negotiate, random_offers)
{
	for (unsigned int round = 0; round < 500; round++) {
		uint64_t seed;

		rig_prepare(&rig);
		rig.model->random += round * UINT64_C(0x9e3779b97f4a7c15);
		seed = model_random(rig.model);
		rig.model->script.offered.word[0] = seed | UINT64_C(1) << VIRTIO_F_VERSION_1;
		rig.model->script.offered.word[1] = model_random(rig.model);
		cr_assert_eq(rig_attach(&rig, NULL), 0);
		cr_expect_eq(rig_negotiate(&rig), 0);
		rig_close(&rig);
	}
}

/* FEAT-07: without the optional ones it works as well. */
Test(negotiate, each_optional_bit_missing)
{
	static const unsigned int bits[] = {RIG_F_APPLE, RIG_F_PEAR, RIG_F_PLUM, RIG_F_FIG,
		RIG_F_NUT, VIRTIO_F_INDIRECT_DESC, VIRTIO_F_EVENT_IDX, VIRTIO_F_ACCESS_PLATFORM};

	for (unsigned int i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		rig_prepare(&rig);
		offer_all(rig.model);
		model_offer_not(rig.model, bits[i]);
		cr_assert_eq(rig_attach(&rig, NULL), 0);
		rig_start(&rig, 2);
		cr_expect_not(kl_device_has(rig.device, bits[i]));
		rig_close(&rig);
	}
}

/* FEAT-08, INIT-07, INIT-08: what can't be done without is missing. */
Test(negotiate, version_1_is_not_offered)
{
	rig_prepare(&rig);
	model_offer_not(rig.model, VIRTIO_F_VERSION_1);
	cr_assert_eq(rig_attach(&rig, NULL), 0);
	rig_expect_status(&rig, "0 1 3");
	cr_expect_eq(rig_negotiate(&rig), -ENOTSUP);
	rig_expect_status(&rig, "83");
	cr_expect(logged("VERSION_1 is not offered"), "%s", log_text());
	rig_close(&rig);
}

Test(negotiate, version_1_is_declined)
{
	rig_open(&rig, "features=-VERSION_1");
	cr_expect_eq(rig_negotiate(&rig), -ENOTSUP);
	cr_expect(logged("VERSION_1 is declined"), "%s", log_text());
	rig_close(&rig);
}

/* FEAT-14: a device that bypasses the IOMMU would take our addresses for physical ones. */
static void check_platform(bool has_iommu, bool is_physical, bool offered, int expected)
{
	rig_prepare(&rig);
	rig.model->host.has_iommu = has_iommu;
	rig.model->host.iova_is_physical = is_physical;
	if (offered)
		model_offer(rig.model, VIRTIO_F_ACCESS_PLATFORM);
	cr_assert_eq(rig_attach(&rig, NULL), 0);
	cr_expect_eq(rig_negotiate(&rig), expected, "iommu %d, physical %d, offered %d", has_iommu,
		is_physical, offered);
	cr_expect_eq(logged("ACCESS_PLATFORM") && logged("iommu_platform=on") &&
			logged("--iova-mode=pa"),
		expected != 0);
	rig_close(&rig);
}

Test(negotiate, access_platform)
{
	for (unsigned int i = 0; i < 8; i++)
		check_platform(i & 1, i & 2, i & 4, i == 1 ? -ENOTSUP : 0);
}

Test(negotiate, access_platform_declined)
{
	rig_prepare(&rig);
	rig.model->host.has_iommu = true;
	model_offer(rig.model, VIRTIO_F_ACCESS_PLATFORM);
	cr_assert_eq(rig_attach(&rig, "features=-ACCESS_PLATFORM"), 0);
	cr_expect_eq(rig_negotiate(&rig), -ENOTSUP);
	rig_close(&rig);
}

/* INIT-04, INIT-07 to INIT-09: refused; FAILED; no queue; a reset makes another try possible. */
Test(negotiate, features_ok_refused)
{
	rig_open(&rig, NULL);
	rig.model->script.refuses_features = true;
	rig_expect_status(&rig, "0 1 3");
	model_trace_clear(rig.model);
	cr_expect_eq(rig_negotiate(&rig), -EPROTO);
	rig_expect_status(&rig, "b 83");
	cr_expect_eq(model_trace_count(rig.model, "queue_select", true), 0);
	cr_expect(logged("refuses") && logged("0x03") && logged("VERSION_1"), "%s", log_text());
	cr_expect_eq(kl_device_info(rig.device)->accepted.word[0], 0);
	rig.model->script.refuses_features = false;
	cr_expect_eq(kl_device_reset(rig.device, NULL, NULL), 0);
	rig_start(&rig, 2);
	rig_close(&rig);
}

Test(negotiate, gone)
{
	rig_open(&rig, NULL);
	rig.model->script.is_gone = true;
	cr_expect_eq(rig_negotiate(&rig), -EIO);
	rig_close(&rig);
}

static void expect_refused(const char *options, const char *text)
{
	rig_prepare(&rig);
	model_offer(rig.model, RIG_F_APPLE);
	model_offer(rig.model, RIG_F_FIG);
	model_offer(rig.model, VIRTIO_F_SR_IOV);
	cr_assert_eq(rig_attach(&rig, options), 0, "%s", log_text());
	cr_expect_eq(rig_negotiate(&rig), -ENOTSUP, "%s", options);
	cr_expect(logged(text), "%s: %s", text, log_text());
	cr_expect(logged("model: "));
	cr_expect(rig.model->status & 0x80);
	rig_close(&rig);
}

/* What the user insists on and can't have is refused by name. */
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
	rig_prepare(&rig);
	model_offer(rig.model, VIRTIO_F_EVENT_IDX);
	model_offer(rig.model, RIG_F_APPLE);
	cr_assert_eq(rig_attach(&rig, "event_idx=1,apple=1"), 0);
	cr_expect_eq(rig_negotiate(&rig), 0);
	cr_expect(kl_device_has(rig.device, VIRTIO_F_EVENT_IDX) &&
		kl_device_has(rig.device, RIG_F_APPLE));
	rig_close(&rig);
}

/* Declining takes away what depends on it, too. */
Test(negotiate, declined)
{
	rig_prepare(&rig);
	offer_all(rig.model);
	cr_assert_eq(rig_attach(&rig,
			     "event_idx=0,indirect=0,packed=0,in_order=0,"
			     "features=-APPLE/-NUT/-ORDER_PLATFORM"),
		0);
	cr_expect_eq(rig_negotiate(&rig), 0);
	expect_accepted(PCI_BITS, 0);
	rig_close(&rig);
}

/* INIT-17: another set of features only after a reset. */
Test(negotiate, again_after_a_reset)
{
	struct kl_features none = {0};

	rig_prepare(&rig);
	offer_all(rig.model);
	cr_assert_eq(rig_attach(&rig, NULL), 0);
	rig_start(&rig, 1);
	cr_expect_eq(kl_device_reset(rig.device, NULL, NULL), 0);
	expect_accepted(0, 0);
	cr_expect_eq(kl_device_negotiate(rig.device, &none), 0);
	expect_accepted(RING_BITS | PCI_BITS, 0);
	rig_close(&rig);
}

/* The device may offer something else after a reset. */
Test(negotiate, the_offer_is_read_again_after_a_reset)
{
	rig_open(&rig, NULL);
	cr_expect_not(kl_device_offers(rig.device, RIG_F_APPLE));
	model_offer(rig.model, RIG_F_APPLE);
	cr_expect_not(kl_device_offers(rig.device, RIG_F_APPLE));
	cr_expect_eq(kl_device_reset(rig.device, NULL, NULL), 0);
	cr_expect(kl_device_offers(rig.device, RIG_F_APPLE));
	rig_close(&rig);
}

Test(negotiate, feature_names)
{
	struct kl_features set = {0};
	char text[64];

	rig_open(&rig, NULL);
	cr_expect_str_eq(kl_device_feature_names(rig.device, &set, text, sizeof(text)), "");
	kl_features_set(&set, RIG_F_PEAR);
	kl_features_set(&set, VIRTIO_F_EVENT_IDX);
	kl_features_set(&set, 45);
	kl_features_set(&set, RIG_F_NUT);
	kl_features_set(&set, 127);
	kl_device_feature_names(rig.device, &set, text, sizeof(text));
	cr_expect_str_eq(text, "PEAR EVENT_IDX bit-45 NUT bit-127");
	for (size_t size = 1; size < 34; size++) {
		char whole[64];

		strcpy(whole, "PEAR EVENT_IDX bit-45 NUT bit-127");
		whole[size - 1] = '\0';
		memset(text, 'x', sizeof(text));
		cr_expect_str_eq(kl_device_feature_names(rig.device, &set, text, size), whole);
		cr_expect_eq(text[size], 'x');
	}
	rig_close(&rig);
}
