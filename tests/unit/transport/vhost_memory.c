/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory table: as a whole, by slots, and while it changes. */
#include "transport/vhost_memory.h"

#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "spec/status.h"
#include "transport/vhost_user.h"
#include "vhost_fixture.h"

static struct back_end back_end;
static struct kl__transport *transport;

static void open_with(bool has_slots)
{
	back_end_start(&back_end);
	if (!has_slots)
		back_end.protocol &= ~(UINT64_C(1) << VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS);
	cr_assert_eq(kl__vhost_user_open(back_end.path, &fixture_client, 1, &fixture_memory,
			     &transport),
		0);
}

static int enable(void)
{
	const struct kl__queue_setup setup = {.size = 64, .vector = -1};
	struct kl_notifier notifier;

	return transport->ops->queue_enable(transport, &setup, &notifier);
}

static void close_all(void)
{
	transport->ops->close(transport);
	fixture_memory_change();
	back_end_finish(&back_end);
}

static void expect_region(const struct vhost_user_region *wire,
	const struct kl__shared_region *region)
{
	cr_expect_eq(wire->guest_address, region->iova);
	cr_expect_eq(wire->user_address, region->address);
	cr_expect_eq(wire->size, region->size);
	cr_expect_eq(wire->file_offset, region->offset);
}

Test(vhost_memory, a_table)
{
	struct seen seen;

	open_with(false);
	fixture_memory_change();
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_MEM_TABLE, NULL), 0,
		"not before a queue");
	cr_expect_eq(enable(), 0);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_MEM_TABLE, &seen), 1);
	cr_expect_eq(seen.fds, 2);
	cr_expect_eq(seen.size, 8 + 2 * 32);
	cr_expect_eq(seen.payload.memory.count, 2);
	for (int i = 0; i < 2; i++)
		expect_region(&seen.payload.memory.region[i], &fixture_regions[i]);
	fixture_memory_change();
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_MEM_TABLE, NULL), 1, "nothing changed");
	fixture_memory_set(3);
	fixture_memory_change();
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_MEM_TABLE, &seen), 2);
	cr_expect_eq(seen.fds, 3);
	fixture_memory_set(1);
	fixture_memory_change();
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_MEM_TABLE, &seen), 3);
	cr_expect_eq(seen.fds, 1);
	close_all();
}

/* Without acknowledgements another answer shows that the table was seen. */
Test(vhost_memory, a_table_without_acknowledgement)
{
	back_end_start(&back_end);
	back_end.protocol = 0;
	cr_assert_eq(kl__vhost_user_open(back_end.path, &fixture_client, 1, &fixture_memory,
			     &transport),
		0);
	back_end_forget(&back_end);
	cr_expect_eq(enable(), 0);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_GET_FEATURES, NULL), 1);
	close_all();
}

Test(vhost_memory, too_many_for_a_table)
{
	open_with(false);
	fixture_memory_set(9);
	cr_expect_eq(enable(), -E2BIG);
	cr_expect(logged("can name 8 regions of memory, and there are 9"), "%s", log_text());
	fixture_memory_set(8);
	cr_expect_eq(enable(), 0);
	close_all();
}

Test(vhost_memory, slots)
{
	struct kl__shared_region grown;
	struct seen seen;

	open_with(true);
	cr_expect_eq(enable(), 0);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_SET_MEM_TABLE, NULL), 0);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_ADD_MEM_REG, &seen), 2);
	cr_expect(seen.fds == 1 && seen.size == 40);
	expect_region(&seen.payload.single.region, &fixture_regions[1]);
	back_end_forget(&back_end);
	/* The last one grows: only the new part is sent, and nothing is unmapped meanwhile. */
	fixture_regions[1].size *= 3;
	fixture_memory_change();
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_REM_MEM_REG, NULL), 0);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_ADD_MEM_REG, &seen), 1);
	grown = fixture_regions[1];
	grown.address += 0x200000;
	grown.iova += 0x200000;
	grown.offset += 0x200000;
	grown.size -= 0x200000;
	expect_region(&seen.payload.single.region, &grown);
	/* It shrinks: a region that was sent can't be removed in part. */
	fixture_regions[1].size = 0x200000;
	fixture_memory_change();
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_REM_MEM_REG, &seen), 1);
	expect_region(&seen.payload.single.region, &grown);
	/* The first goes altogether. */
	fixture_regions[0] = fixture_regions[1];
	fixture_region_count = 1;
	fixture_memory_change();
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_REM_MEM_REG, &seen), 2);
	cr_expect_eq(seen.fds, 0);
	cr_expect_eq(seen.payload.single.region.user_address, 0x100000000);
	close_all();
}

/* Memory added while the back end is disconnected is sent at the next connection: no failure. */
Test(vhost_memory, memory_added_while_disconnected)
{
	open_with(true);
	cr_expect_eq(enable(), 0);
	back_end_stop(&back_end);
	fixture_regions[1].size *= 3;
	cr_expect_eq(fixture_memory_change(), 0);
	fixture_regions[1].size *= 2;
	cr_expect_eq(fixture_memory_change(), 0);
	back_end_serve(&back_end);
	close_all();
}

/* A hole between two that are known, and both ends of it. */
Test(vhost_memory, slots_around_what_is_known)
{
	struct seen seen;

	open_with(true);
	fixture_memory_set(1);
	cr_expect_eq(enable(), 0);
	back_end_forget(&back_end);
	fixture_regions[0].address -= 0x200000;
	fixture_regions[0].iova -= 0x200000;
	fixture_regions[0].size = 3 * 0x200000;
	fixture_memory_change();
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_ADD_MEM_REG, &seen), 2);
	cr_expect_eq(seen.payload.single.region.user_address, 0x100200000);
	cr_expect_eq(seen.payload.single.region.size, 0x200000);
	close_all();
}

/* Two that are known, the upper one first, become one, and that grows. */
Test(vhost_memory, slots_that_join)
{
	struct seen seen;

	open_with(true);
	fixture_regions[1] = fixture_regions[0];
	fixture_regions[0].address += 0x200000;
	cr_expect_eq(enable(), 0);
	back_end_forget(&back_end);
	fixture_regions[0] = fixture_regions[1];
	fixture_regions[0].size = 3 * 0x200000;
	fixture_region_count = 1;
	fixture_memory_change();
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_ADD_MEM_REG, &seen), 1);
	cr_expect_eq(seen.payload.single.region.user_address, 0x100400000);
	cr_expect_eq(seen.payload.single.region.size, 0x200000);
	close_all();
}

Test(vhost_memory, slots_are_known_after_a_reset)
{
	open_with(true);
	cr_expect_eq(enable(), 0);
	transport->ops->set_status(transport, VIRTIO_STATUS_RESET);
	cr_expect_eq(enable(), 0);
	cr_expect_eq(back_end_saw(&back_end, VHOST_USER_ADD_MEM_REG, NULL), 2, "not sent twice");
	close_all();
}

Test(vhost_memory, too_few_slots)
{
	back_end_start(&back_end);
	back_end.slots = 1;
	cr_assert_eq(kl__vhost_user_open(back_end.path, &fixture_client, 1, &fixture_memory,
			     &transport),
		0);
	cr_expect_eq(enable(), -E2BIG);
	cr_expect(logged("the back end can have 1 regions"), "%s", log_text());
	close_all();
}

Test(vhost_memory, a_slot_is_refused)
{
	open_with(true);
	back_end.fault = REPLY_REFUSE;
	back_end.fault_request = VHOST_USER_ADD_MEM_REG;
	cr_expect_eq(enable(), -EPROTO);
	back_end.fault = REPLY_CORRECT;
	transport->ops->set_status(transport, VIRTIO_STATUS_RESET);
	cr_expect_eq(enable(), 0);
	close_all();
}

Test(vhost_memory, memory_that_can_not_be_shared)
{
	open_with(true);
	fixture_region_count = -ENOTSUP;
	cr_expect_eq(transport->ops->queue_enable(transport,
			     &(struct kl__queue_setup){.size = 4, .vector = -1},
			     &(struct kl_notifier){0}),
		-ENOTSUP);
	fixture_memory_set(1);
	close_all();
}
