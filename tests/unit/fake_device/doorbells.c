/* SPDX-License-Identifier: BSD-3-Clause */
/* Contents of a doorbell write: 2.9, 4.1.5.2. */
#include <criterion/criterion.h>

#include "packed_driver.h"

#define NOTIFICATION_DATA 38
#define NOTIF_CONFIG_DATA 39

static void ring(unsigned int width, uint32_t value)
{
	fake->access.ops->write(&fake->access, 4, notify, width, value);
}

static void open_with(int feature)
{
	packed_open(3, feature);
	notify = 0x4000;
}

Test(doorbells, the_index_alone)
{
	open_with(-1);
	ring(2, 0);
	ring(2, 1);
	expect("NTF-03");
	ring(4, 0);
	expect("NTF-01");
	cr_expect_eq(fake->queue[0].doorbells, 1);
	packed_close();
}

Test(doorbells, what_the_device_gave)
{
	open_with(NOTIF_CONFIG_DATA);
	fake->script.notif_config_data[0] = 0x1234;
	ring(2, 0x1234);
	ring(2, 0);
	expect("NTF-05");
	cr_expect_eq(fake->queue[0].doorbells, 1);
	packed_close();
}

/* 2.9: the next descriptor that is not available yet, and its lap. */
Test(doorbells, data_of_a_packed_ring)
{
	open_with(NOTIFICATION_DATA);
	for (unsigned int i = 0; i < 10; i++) {
		uint32_t data = (i + 1) % 3 | ((i + 1) / 3 % 2 == 0 ? 0x8000 : 0);

		packed_write(i, 1, 0, (uint16_t)(i % 3));
		ring(4, data << 16);
		ring(4, (data ^ 0x8000) << 16);
		expect("NTF-08");
		ring(4, (data + 1) << 16);
		expect("NTF-08");
		ring(2, 0);
		expect("NTF-02");
		cr_expect_eq(fake_process(fake, 0, 1), 1);
	}
	ring(4, 1);
	expect("NTF-03");
	packed_close();
}

Test(doorbells, data_of_a_split_ring)
{
	struct kl_features accepted = {0};

	fake = fake_new(63);
	memory = fake->host.alloc(&fake->host, PACKED_BYTES, 4096, &iova);
	kl_features_set(&accepted, NOTIFICATION_DATA);
	fake_run_bare(fake, &accepted);
	fake_bind(fake, 0, 8, iova, iova + 0x1000, iova + 0x2000);
	fake->queue[0].kicks = FAKE_KICKS_ANY;
	notify = 0x4000;
	for (uint32_t i = 1; i < 70000; i++) {
		store(memory, 8, iova + DATA);
		store(memory + 8, 4, 1);
		store(memory + 0x1002, 2, i);
		ring(4, i << 16);
		fake_process(fake, 0, 1);
	}
	ring(4, 70000u << 16);
	expect("NTF-07");
	packed_close();
}

/* A mapped doorbell is read later: a value that was right when it was written still is. */
Test(doorbells, data_of_a_mapped_doorbell)
{
	uint32_t *page;

	open_with(NOTIFICATION_DATA);
	fake->script.map_doorbells = true;
	page = (void *)fake->doorbell_page;
	packed_write(0, 1, 0, 0);
	*page = 0x80010000;
	packed_write(1, 1, 0, 1);
	fake_collect_doorbells(fake);
	cr_expect_eq(fake->queue[0].doorbells, 1);
	cr_expect_eq(*page, UINT32_MAX);
	*page = 0x80010000;
	fake_collect_doorbells(fake);
	expect("NTF-08");
	packed_close();
}
