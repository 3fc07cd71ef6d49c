/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each feature that may be declined is declined, alone and all at once. The disk starts, reads,
 * writes, is flushed and stops all the same.
 */
#include <stdio.h>

#include <criterion/criterion.h>

#include "blk_fixture.h"
#include "spec/features.h"

static struct blk_fixture fixture;

static const char *const types_own[] = {"SIZE_MAX", "SEG_MAX", "GEOMETRY", "BLK_SIZE", "FLUSH",
	"TOPOLOGY", "CONFIG_WCE", "MQ", "DISCARD", "WRITE_ZEROES", "LIFETIME", "SECURE_ERASE"};
static const char *const common[] = {"INDIRECT_DESC", "EVENT_IDX", "ACCESS_PLATFORM", "RING_PACKED",
	"IN_ORDER", "ORDER_PLATFORM", "NOTIFICATION_DATA", "RING_RESET"};

#define COUNT(array) (sizeof(array) / sizeof(array[0]))

static void prepare(void)
{
	static const unsigned int bits[] = {1, 2, 4, 6, 9, 10, 11, 12, 13, 14, 15, 16, 33, 36, 38,
		40};

	fixture_prepare(&fixture);
	for (unsigned int i = 0; i < COUNT(bits); i++)
		fake_offer(fixture.fake, bits[i]);
	ring_variant_offer(fixture.fake);
	/* A request without indirect tables is a chain. */
	fixture.fake->script.queue_size[0] = fixture.fake->queue[0].size = 4 * FIXTURE_RING;
	fixture.config.size_max = 4096;
	fixture.config.writeback = 1;
	fixture.config.num_queues = 1;
	fixture.config.max_discard_sectors = fixture.config.max_write_zeroes_sectors = 64;
	fixture.config.max_discard_seg = fixture.config.max_write_zeroes_seg = 1;
	fixture.config.max_secure_erase_sectors = 64;
	fixture.config.max_secure_erase_seg = 1;
	fixture_apply_config(&fixture);
}

static void run_with(const char *options)
{
	int rc;

	forget_log();
	cr_assert_eq(fixture_attach(&fixture, options), 0, "%s: %s", options, log_text());
	rc = kl_blk_start(fixture.blk, &(struct kl_blk_conf){0});
	cr_assert_eq(rc, 0, "%s: %s", options, log_text());
	fixture_expect_works(&fixture);
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_WRITE, 0, 8192, 8192)), 0,
		"%s", options);
	cr_expect_eq(fixture_run(&fixture, (struct kl_blk_request){.op = KL_BLK_FLUSH}), 0, "%s",
		options);
	cr_expect_eq(kl_blk_stop(fixture.blk), 0, "%s", options);
	kl_device_close(fixture.device);
	fixture.device = NULL;
	/* The fake device is used again. */
	cr_expect(fixture.fake->host_closes == 1 && fixture.fake->access_closes == 1);
	fixture.fake->host_closes = fixture.fake->access_closes = 0;
}

static void decline_each(const char *const *names, unsigned int count)
{
	char options[64];

	for (unsigned int i = 0; i < count; i++) {
		snprintf(options, sizeof(options), "features=-%s", names[i]);
		run_with(options);
	}
}

Test(declined, each_alone)
{
	prepare();
	run_with(NULL);
	decline_each(types_own, COUNT(types_own));
	decline_each(common, COUNT(common));
	/* The mode of a write cache is of no use without a flush. */
	run_with("features=-FLUSH/-CONFIG_WCE");
	run_with("features=-INDIRECT_DESC/-EVENT_IDX");
	run_with("features=-SEG_MAX/-SIZE_MAX");
	fixture_close(&fixture);
}

Test(declined, all_at_once)
{
	char options[512];
	int at = snprintf(options, sizeof(options), "features=-RO");

	for (unsigned int i = 0; i < COUNT(types_own); i++)
		at += snprintf(options + at, sizeof(options) - (size_t)at, "/-%s", types_own[i]);
	for (unsigned int i = 0; i < COUNT(common); i++)
		at += snprintf(options + at, sizeof(options) - (size_t)at, "/-%s", common[i]);
	prepare();
	run_with(options);
	fixture_close(&fixture);
}
