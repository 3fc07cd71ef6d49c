/* SPDX-License-Identifier: BSD-3-Clause */
#include <kickless/driver/driver.h>

#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "device_fixture.h"

/* A type that lib/ has never heard of works by being registered, and by nothing else. */
Test(bus, a_made_up_type_binds)
{
	struct device_fixture fixture;

	fixture_open(&fixture, NULL);
	cr_expect_eq(kl_device_info(fixture.device)->type, 63);
	cr_expect_str_eq(kl_device_info(fixture.device)->driver, "fruit");
	cr_expect_str_eq(kl_device_info(fixture.device)->transport, "pci-modern");
	cr_expect_str_eq(kl_device_info(fixture.device)->name, "fake");
	cr_expect_eq(kl_device_info(fixture.device)->numa_node, -1);
	cr_expect_eq(fixture_probes, 1);
	fixture_start(&fixture, 2);
	cr_expect_eq(fake_process(fixture.fake, 0, 1), 0);
	fixture_close(&fixture);
}

Test(bus, a_type_without_driver_is_refused)
{
	struct device_fixture fixture = {.fake = fake_new(62)};

	capture_log();
	cr_expect_eq(fixture_attach(&fixture, NULL), -ENOTSUP);
	cr_expect(logged("62"), "%s", log_text());
	cr_expect_eq(fixture.fake->status_writes, 0, "left alone");
	fixture_close(&fixture);
}

Test(bus, lookup)
{
	const struct kl_driver *driver = kl_driver_find_type(63);

	cr_assert_neq(driver, NULL);
	cr_expect_eq(kl_driver_find_name("fruit"), driver);
	cr_expect_eq(kl_driver_find_type(0), NULL);
	cr_expect_eq(kl_driver_find_type(64), NULL);
	cr_expect_eq(kl_driver_find_name(""), NULL);
	cr_expect_eq(kl_driver_find_name("fru"), NULL);
	cr_expect_eq(kl_driver_find_name("fruits"), NULL);
}

static const uint32_t many_types[] = {40, 41, 1000000, 0};
static struct kl_driver many = {.name = "many", .types = many_types};

Test(bus, registration)
{
	const struct kl_driver *driver = NULL;
	unsigned int seen = 0, count = 0;

	kl_driver_register(&many);
	for (unsigned int i = 0; many_types[i] != 0; i++)
		cr_expect_eq(kl_driver_find_type(many_types[i]), &many);
	while ((driver = kl_driver_next(driver)) != NULL) {
		seen += driver == &many || strcmp(driver->name, "fruit") == 0;
		count++;
	}
	cr_expect_eq(seen, 2);
	cr_expect_geq(count, 2);
}
