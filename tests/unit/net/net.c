/* SPDX-License-Identifier: BSD-3-Clause */
#include <kickless/net.h>

#include <errno.h>

#include <criterion/criterion.h>

#include "core/device.h"
#include "net_fixture.h"

static struct net_fixture fixture;

Test(net, registered)
{
	const struct kl_driver *driver = kl_driver_find_type(1);

	cr_assert_neq(driver, NULL);
	cr_expect_str_eq(driver->name, "net");
	cr_expect_eq(kl_driver_find_name("net"), driver);
}

static bool is_named(const char *key, const char *value)
{
	char own[32];
	bool is_it = kl_driver_find_type(1)->is_named(fixture.device, key, value, own, sizeof(own));

	cr_expect_str_eq(own, "52:54:00:01:02:03");
	return is_it;
}

Test(net, named_by_mac)
{
	net_prepare(&fixture);
	cr_assert_eq(net_attach(&fixture, NULL), 0);
	cr_expect(is_named("mac", "52:54:00:01:02:03"));
	cr_expect(is_named("mac", "52:54:0:1:2:3") || !is_named("mac", "52:54:0:1:2:4"));
	cr_expect_not(is_named("mac", "52:54:00:01:02:04"));
	cr_expect_not(is_named("mac", "52:54"));
	cr_expect_not(is_named("mac", ""));
	cr_expect_not(is_named("serial", "52:54:00:01:02:03"));
	net_close(&fixture);
}

static const uint32_t other_types[] = {50, 0};

static int other_probe(struct kl_device *device)
{
	(void)device;
	return 0;
}

static void other_remove(struct kl_device *device)
{
	(void)device;
}

static struct kl_driver other = {
	.name = "other",
	.types = other_types,
	.probe = other_probe,
	.remove = other_remove,
};

Test(net, another_type_has_no_network_side)
{
	struct kl_device device = {.info.type = 50};

	kl_driver_register(&other);
	cr_expect_eq(kl_net_from_device(&device), NULL);
}

Test(net, mergeable_buffers_declined)
{
	struct kl_net_queue_info info;

	net_prepare(&fixture);
	cr_assert_eq(net_attach(&fixture, "mrg_rxbuf=0"), 0);
	cr_assert_eq(net_start(&fixture), 0);
	cr_assert_eq(kl_net_queue_info_get(fixture.net, KL_NET_RX, 0, &info), 0);
	net_expect_path(&info, "plain");
	net_close(&fixture);
}

Test(net, unknown_key)
{
	net_prepare(&fixture);
	cr_expect_eq(net_attach(&fixture, "serial=1"), -EINVAL);
	cr_expect(logged("unknown key serial") && logged("net driver"), "%s", log_text());
	net_close(&fixture);
}

Test(net, queues_of_the_user)
{
	net_prepare(&fixture);
	cr_assert_eq(net_attach(&fixture, "queues=2"), 0);
	fixture.conf.queue_pairs = 0;
	cr_expect_eq(net_start(&fixture), -EINVAL);
	cr_expect(logged("2 queue pairs"), "%s", log_text());
	net_close(&fixture);
}
