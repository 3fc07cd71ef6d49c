/* SPDX-License-Identifier: BSD-3-Clause */
#include "device_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include <kickless/log.h>

#include "attach_device.h"
#include "transport/pci.h"

int fixture_probe_result, fixture_probes, fixture_removes, fixture_changes;
char fixture_colour[16];

static int probe(struct kl_device *device)
{
	fixture_probes++;
	kl_device_private_set(device, &fixture_probes);
	return fixture_probe_result;
}

static void remove_device(struct kl_device *device)
{
	cr_expect_eq(kl_device_private(device), &fixture_probes);
	fixture_removes++;
}

static bool is_colour_valid(const char *value)
{
	return strcmp(value, "blue") == 0;
}

static void apply_colour(struct kl_device *device, const char *value)
{
	cr_expect_eq(kl_device_private(device), &fixture_probes);
	snprintf(fixture_colour, sizeof(fixture_colour), "%s", value);
}

static const struct kl_driver_option options_of_driver[] = {
	{"colour", "blue", is_colour_valid, apply_colour},
	{0},
};

static void config_changed(struct kl_device *device)
{
	(void)device;
	fixture_changes++;
}

static const uint32_t types[] = {FIXTURE_TYPE, 0};
static const struct kl_feature_name names[] = {
	{FIXTURE_F_APPLE, "APPLE"},
	{FIXTURE_F_PEAR, "PEAR"},
	{FIXTURE_F_PLUM, "PLUM"},
	{FIXTURE_F_FIG, "FIG"},
	{FIXTURE_F_NUT, "NUT"},
	{0, NULL},
};
static const struct kl_feature_name keys[] = {{FIXTURE_F_APPLE, "apple"}, {0, NULL}};
static const struct kl_feature_rule rules[] = {
	{FIXTURE_F_FIG, true, 2, {FIXTURE_F_PLUM, FIXTURE_F_NUT}},
	{FIXTURE_F_PLUM, false, 2, {FIXTURE_F_APPLE, FIXTURE_F_PEAR}},
	{FIXTURE_F_PEAR, false, 1, {FIXTURE_F_APPLE}},
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
	.options = options_of_driver,
	.config_changed = config_changed,
};
KL_DRIVER(fruit_driver)

void fixture_prepare(struct device_fixture *fixture)
{
	capture_log();
	*fixture = (struct device_fixture){.fake = fake_new(FIXTURE_TYPE)};
	cr_assert_neq(fixture->fake, NULL);
}

int fixture_attach(struct device_fixture *fixture, const char *options)
{
	struct kl__transport *transport;
	int rc;

	rc = kl__pci_open(&fixture->fake->access, KL__INTERFACE_BEST, &transport);
	if (rc != 0)
		return rc;
	rc = attach_device(transport, &fixture->fake->host, options, &fixture->device);
	if (rc != 0) {
		cr_expect_eq(fixture->fake->host_closes, 0, "the host is the caller's still");
		cr_expect_eq(fixture->fake->access_closes, 1);
		fixture->fake->access_closes = 0;
	}
	return rc;
}

void fixture_open(struct device_fixture *fixture, const char *options)
{
	fixture_prepare(fixture);
	cr_assert_eq(fixture_attach(fixture, options), 0, "%s", log_text());
}

struct kl_features fixture_features(void)
{
	struct kl_features set = {0};

	for (unsigned int i = 0; names[i].name != NULL; i++)
		kl_features_set(&set, names[i].bit);
	return set;
}

int fixture_negotiate(struct device_fixture *fixture)
{
	struct kl_features wanted = fixture_features();

	return kl_device_negotiate(fixture->device, &wanted);
}

void fixture_start(struct device_fixture *fixture, uint16_t queues)
{
	cr_assert_eq(fixture_negotiate(fixture), 0, "%s", log_text());
	for (uint16_t i = 0; i < queues; i++) {
		struct kl_queue_conf conf = {.index = i};
		struct kl_queue *queue;

		cr_assert_eq(kl_device_queue_add(fixture->device, &conf, &queue), 0, "%s",
			log_text());
	}
	cr_assert_eq(kl__device_run(fixture->device), 0, "%s", log_text());
}

void fixture_close(struct device_fixture *fixture)
{
	int removes = fixture_removes;

	if (fixture->device != NULL) {
		kl_device_close(fixture->device);
		cr_expect_eq(fixture_removes, removes + 1);
		cr_expect_eq(fixture->fake->access_closes, 1);
		cr_expect_eq(fixture->fake->host_closes, 1);
	}
	finish(fixture->fake);
}

void fixture_expect_status(struct device_fixture *fixture, const char *hex)
{
	char text[256] = "";
	size_t at = 0;

	for (unsigned int i = 0; i < fixture->fake->status_writes; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, i == 0 ? "%x" : " %x",
			fixture->fake->status_history[i]);
	cr_expect_str_eq(text, hex, "%s", text);
	fixture->fake->status_writes = 0;
}
