/* SPDX-License-Identifier: BSD-3-Clause */
/* Feature negotiation. 2.2, 3.1.1, section 6. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <kickless/log.h>

#include "core/device.h"
#include "spec/features.h"
#include "spec/status.h"

static const struct kl_feature_name common_names[] = {
	{VIRTIO_F_NOTIFY_ON_EMPTY, "NOTIFY_ON_EMPTY"},
	{VIRTIO_F_ANY_LAYOUT, "ANY_LAYOUT"},
	{VIRTIO_F_INDIRECT_DESC, "INDIRECT_DESC"},
	{VIRTIO_F_EVENT_IDX, "EVENT_IDX"},
	{VIRTIO_F_VERSION_1, "VERSION_1"},
	{VIRTIO_F_ACCESS_PLATFORM, "ACCESS_PLATFORM"},
	{VIRTIO_F_RING_PACKED, "RING_PACKED"},
	{VIRTIO_F_IN_ORDER, "IN_ORDER"},
	{VIRTIO_F_ORDER_PLATFORM, "ORDER_PLATFORM"},
	{VIRTIO_F_SR_IOV, "SR_IOV"},
	{VIRTIO_F_NOTIFICATION_DATA, "NOTIFICATION_DATA"},
	{VIRTIO_F_NOTIF_CONFIG_DATA, "NOTIF_CONFIG_DATA"},
	{VIRTIO_F_RING_RESET, "RING_RESET"},
	{VIRTIO_F_ADMIN_VQ, "ADMIN_VQ"},
	{VIRTIO_F_SUSPEND, "SUSPEND"},
	{0, NULL},
};

struct kl_features kl__ring_features(void)
{
	struct kl_features set = {0};

	kl_features_set(&set, VIRTIO_F_INDIRECT_DESC);
	kl_features_set(&set, VIRTIO_F_EVENT_IDX);
	kl_features_set(&set, VIRTIO_F_RING_PACKED);
	kl_features_set(&set, VIRTIO_F_IN_ORDER);
	kl_features_set(&set, VIRTIO_F_ORDER_PLATFORM);
	return set;
}

int kl__feature_find(const struct kl_feature_name *names, const char *name)
{
	for (; names != NULL && names->name != NULL; names++)
		if (strcmp(names->name, name) == 0)
			return (int)names->bit;
	return -1;
}

int kl__feature_by_name(const struct kl_driver *driver, const char *name)
{
	int bit = kl__feature_find(common_names, name);

	return bit >= 0 ? bit : kl__feature_find(driver->feature_names, name);
}

static const char *find_bit(const struct kl_feature_name *names, unsigned int bit)
{
	for (; names != NULL && names->name != NULL; names++)
		if (names->bit == bit)
			return names->name;
	return NULL;
}

char *kl_device_feature_names(const struct kl_device *device, const struct kl_features *set,
	char *text, size_t size)
{
	size_t at = 0;

	if (size > 0)
		text[0] = '\0';
	for (unsigned int bit = 0; bit < KL_FEATURE_BITS && at < size; bit++) {
		const char *name = find_bit(common_names, bit);
		char number[16];

		if (!kl_features_has(set, bit))
			continue;
		if (name == NULL && device->driver != NULL)
			name = find_bit(device->driver->feature_names, bit);
		snprintf(number, sizeof(number), "bit-%u", bit);
		at += (size_t)snprintf(text + at, size - at, "%s%s", at > 0 ? " " : "",
			name != NULL ? name : number);
	}
	return text;
}

static bool rule_holds(const struct kl_feature_rule *rule, const struct kl_features *set)
{
	unsigned int have = 0;

	for (unsigned int i = 0; i < rule->needed_count; i++)
		have += kl_features_has(set, rule->needed[i]);
	return rule->any ? have > 0 : have == rule->needed_count;
}

/* 2.2.1: a bit without its prerequisite goes, which may take another's prerequisite away. */
static void apply_rules(const struct kl_feature_rule *rules, struct kl_features *set)
{
	bool changed = true;

	while (rules != NULL && changed) {
		changed = false;
		for (const struct kl_feature_rule *rule = rules; rule->needed_count != 0; rule++) {
			if (kl_features_has(set, rule->bit) && !rule_holds(rule, set)) {
				kl_features_clear(set, rule->bit);
				changed = true;
			}
		}
	}
}

/*
 * With this each doorbell costs the hypervisor more than it spares the device, so it is taken only
 * when the user insists.
 */
static struct kl_features on_request(void)
{
	struct kl_features set = {0};

	kl_features_set(&set, VIRTIO_F_NOTIFICATION_DATA);
	return set;
}

static struct kl_features choose_features(const struct kl_device *device,
	const struct kl_features *wanted)
{
	struct kl_features ring = kl__ring_features();
	struct kl_features ours = device->transport->features, set;

	for (unsigned int w = 0; w < KL_FEATURE_BITS / 64; w++)
		ours.word[w] |= ring.word[w] | wanted->word[w];
	set = kl_features_and(device->info.offered, ours);
	set = kl_features_without(set, kl_features_without(on_request(), device->options.insisted));
	set = kl_features_without(set, device->options.declined);
	apply_rules(device->driver->feature_rules, &set);
	return set;
}

/* Each feature that the user insisted on must have been accepted. */
static int check_insisted(const struct kl_device *device, const struct kl_features *set)
{
	struct kl_features missing = kl_features_without(device->options.insisted, *set);
	struct kl_features not_offered = kl_features_without(missing, device->info.offered);
	char names[512], offered[512];

	if (missing.word[0] == 0 && missing.word[1] == 0)
		return 0;
	if (not_offered.word[0] != 0 || not_offered.word[1] != 0)
		kl_error("%s: the device does not offer %s; it offers %s", device->info.name,
			kl_device_feature_names(device, &not_offered, names, sizeof(names)),
			kl_device_feature_names(device, &device->info.offered, offered,
				sizeof(offered)));
	else
		kl_error(
			"%s: %s can't be used: this driver lacks it, or it needs a feature that was not "
			"accepted; accepted would be %s",
			device->info.name,
			kl_device_feature_names(device, &missing, names, sizeof(names)),
			kl_device_feature_names(device, set, offered, sizeof(offered)));
	return -ENOTSUP;
}

/* Rules of section 6 that no device type can waive. */
static int check_common(const struct kl_device *device, const struct kl_features *set)
{
	bool is_legacy = (device->transport->quirks & KL__QUIRK_LEGACY) != 0;

	if (!is_legacy && !kl_features_has(set, VIRTIO_F_VERSION_1)) {
		kl_error("%s: VERSION_1 is %s, and a modern device can't be driven without it",
			device->info.name,
			kl_features_has(&device->info.offered, VIRTIO_F_VERSION_1) ? "declined" :
										     "not offered");
		return -ENOTSUP;
	}
	if (!kl_features_has(set, VIRTIO_F_ACCESS_PLATFORM) && device->host->has_iommu &&
		!device->host->iova_is_physical) {
		kl_error(
			"%s: the device does not offer ACCESS_PLATFORM, so it bypasses the IOMMU and would take "
			"our addresses for physical ones; %srun with the EAL option --iova-mode=pa",
			device->info.name,
			is_legacy ? "" : "give it iommu_platform=on in the hypervisor, or ");
		return -ENOTSUP;
	}
	return 0;
}

/* 3.1.1, steps 4 to 6. */
static int write_features(struct kl_device *device, const struct kl_features *set)
{
	struct kl__transport *transport = device->transport;
	char names[512];
	uint8_t status;

	device->is_acknowledged = false;
	transport->ops->set_features(transport, set);
	if ((transport->quirks & KL__QUIRK_LEGACY) != 0)
		return 0;
	kl__status_add(device, VIRTIO_STATUS_FEATURES_OK);
	status = transport->ops->get_status(transport);
	if (status == VIRTIO_STATUS_GONE)
		return kl__device_gone(device);
	if ((status & VIRTIO_STATUS_FEATURES_OK) != 0)
		return 0;
	kl_error("%s: the device refuses these features (device_status 0x%02x): %s",
		device->info.name, status,
		kl_device_feature_names(device, set, names, sizeof(names)));
	return -EPROTO;
}

static bool is_empty(const struct kl_features *set)
{
	return (set->word[0] | set->word[1]) == 0;
}

void kl_device_changes_log(const struct kl_device *device)
{
	const struct kl_features *before = &device->ran_with, *now = &device->info.accepted;
	const struct kl_features lost = kl_features_without(*before, *now);
	const struct kl_features gained = kl_features_without(*now, *before);
	char lost_names[384], gained_names[384];

	if (!device->is_recovering || (is_empty(&lost) && is_empty(&gained)))
		return;
	kl_warning("%s: it has come back with other features%s%s%s%s", device->info.name,
		is_empty(&lost) ? "" : "; lost: ",
		kl_device_feature_names(device, &lost, lost_names, sizeof(lost_names)),
		is_empty(&gained) ? "" : "; gained: ",
		kl_device_feature_names(device, &gained, gained_names, sizeof(gained_names)));
}

int kl_device_negotiate(struct kl_device *device, const struct kl_features *wanted)
{
	struct kl_features set = choose_features(device, wanted);
	int rc = kl__device_check_lost(device);

	if (rc != 0)
		return rc;
	rc = check_insisted(device, &set);
	if (rc == 0)
		rc = check_common(device, &set);
	if (rc == 0)
		rc = write_features(device, &set);
	if (rc != 0) {
		kl__status_fail(device);
		return rc;
	}
	device->info.accepted = set;
	return 0;
}

bool kl_device_offers(const struct kl_device *device, unsigned int bit)
{
	return kl_features_has(&device->info.offered, bit);
}

bool kl_device_has(const struct kl_device *device, unsigned int bit)
{
	return kl_features_has(&device->info.accepted, bit);
}
