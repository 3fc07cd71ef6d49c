/* SPDX-License-Identifier: BSD-3-Clause */
#include "device_rig.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include <kickless/log.h>

#include "transport/pci.h"

int rig_probe_result, rig_probes, rig_removes, rig_changes;
char rig_colour[16];

static int probe(struct kl_device *device)
{
	rig_probes++;
	kl_device_private_set(device, &rig_probes);
	return rig_probe_result;
}

static void remove_device(struct kl_device *device)
{
	cr_expect_eq(kl_device_private(device), &rig_probes);
	rig_removes++;
}

static int option(struct kl_device *device, const char *key, const char *value)
{
	if (strcmp(key, "colour") != 0)
		return -ENOENT;
	if (strcmp(value, "blue") != 0) {
		kl_error("%s: colour=%s is not possible; allowed: blue",
			kl_device_info(device)->name, value);
		return -EINVAL;
	}
	snprintf(rig_colour, sizeof(rig_colour), "%s", value);
	return 0;
}

static void config_changed(struct kl_device *device)
{
	(void)device;
	rig_changes++;
}

static const uint32_t types[] = {RIG_TYPE, 0};
static const struct kl_feature_name names[] = {
	{RIG_F_APPLE, "APPLE"},
	{RIG_F_PEAR, "PEAR"},
	{RIG_F_PLUM, "PLUM"},
	{RIG_F_FIG, "FIG"},
	{RIG_F_NUT, "NUT"},
	{0, NULL},
};
static const struct kl_feature_name keys[] = {{RIG_F_APPLE, "apple"}, {0, NULL}};
static const struct kl_feature_rule rules[] = {
	{RIG_F_FIG, true, 2, {RIG_F_PLUM, RIG_F_NUT}},
	{RIG_F_PLUM, false, 2, {RIG_F_APPLE, RIG_F_PEAR}},
	{RIG_F_PEAR, false, 1, {RIG_F_APPLE}},
	{0, false, 0, {0}},
};

static struct kl_driver fruit_driver = {
	.name = "fruit",
	.types = types,
	.feature_names = names,
	.feature_keys = keys,
	.feature_rules = rules,
	.probe = probe,
	.remove = remove_device,
	.option = option,
	.config_changed = config_changed,
};
KL_DRIVER(fruit_driver)

void rig_prepare(struct device_rig *rig)
{
	capture_log();
	*rig = (struct device_rig){.model = model_new(RIG_TYPE)};
	cr_assert_neq(rig->model, NULL);
}

int rig_attach(struct device_rig *rig, const char *options)
{
	struct kl__transport *transport;
	int rc;

	rc = kl__pci_open(&rig->model->access, KL__PCI_BEST, &transport);
	if (rc != 0)
		return rc;
	rc = kl__device_attach(transport, &rig->model->host, options, &rig->device);
	if (rc != 0) {
		rig->device = NULL;
		transport->ops->close(transport);
		cr_expect_eq(rig->model->host_closes, 0, "the host is the caller's still");
		cr_expect_eq(rig->model->access_closes, 1);
		rig->model->access_closes = 0;
	}
	return rc;
}

void rig_open(struct device_rig *rig, const char *options)
{
	rig_prepare(rig);
	cr_assert_eq(rig_attach(rig, options), 0, "%s", log_text());
}

struct kl_features rig_features(void)
{
	struct kl_features set = {0};

	for (unsigned int i = 0; names[i].name != NULL; i++)
		kl_features_set(&set, names[i].bit);
	return set;
}

int rig_negotiate(struct device_rig *rig)
{
	struct kl_features wanted = rig_features();

	return kl_device_negotiate(rig->device, &wanted);
}

void rig_start(struct device_rig *rig, uint16_t queues)
{
	cr_assert_eq(rig_negotiate(rig), 0, "%s", log_text());
	for (uint16_t i = 0; i < queues; i++) {
		struct kl_queue_conf conf = {.index = i};
		struct kl_queue *queue;

		cr_assert_eq(kl_device_queue_add(rig->device, &conf, &queue), 0, "%s", log_text());
	}
	cr_assert_eq(kl_device_run(rig->device), 0, "%s", log_text());
}

void rig_close(struct device_rig *rig)
{
	int removes = rig_removes;

	if (rig->device != NULL) {
		kl_device_close(rig->device);
		cr_expect_eq(rig_removes, removes + 1);
		cr_expect_eq(rig->model->access_closes, 1);
		cr_expect_eq(rig->model->host_closes, 1);
	}
	finish(rig->model);
}

void rig_expect_status(struct device_rig *rig, const char *hex)
{
	char text[256] = "";
	size_t at = 0;

	for (unsigned int i = 0; i < rig->model->status_writes; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, i == 0 ? "%x" : " %x",
			rig->model->status_history[i]);
	cr_expect_str_eq(text, hex, "%s", text);
	rig->model->status_writes = 0;
}
