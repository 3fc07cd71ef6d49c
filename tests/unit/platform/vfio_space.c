/* SPDX-License-Identifier: BSD-3-Clause */
/* Sharing of address spaces, refusals of the kernel, and the order in which all is closed. */
#include "platform/vfio_space.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "fake_vfio.h"
#include "finish.h"
#include "folders.h"
#include "platform/iommufd_abi.h"

#define PAGE UINT64_C(0x1000)
#define PLACE UINT64_C(0x100000000)

static void set_up(void)
{
	folders_make();
	folders_capabilities("000001ffffffffff");
	capture_log();
	fake_vfio_reset();
}

static void tear_down(void)
{
	cr_expect_eq(fake_vfio_count_open(), 0, "%u descriptors are left open",
		fake_vfio_count_open());
	folders_remove();
}

static const char *address_of(int group)
{
	static char address[KL_ADDRESS_SIZE];

	snprintf(address, sizeof(address), "0000:00:%02d.0", group);
	return address;
}

static struct kl__vfio_files group_files(int group)
{
	struct kl__vfio_files files = {.group = group};

	snprintf(files.space, sizeof(files.space), "%s/vfio/vfio", folders.dev);
	snprintf(files.function, sizeof(files.function), "%s/vfio/%d", folders.dev, group);
	return files;
}

static struct kl__vfio_files own_files(int group)
{
	struct kl__vfio_files files = {.group = group, .is_cdev = true};

	snprintf(files.space, sizeof(files.space), "%s/iommu", folders.dev);
	snprintf(files.function, sizeof(files.function), "%s/vfio/devices/vfio%d", folders.dev,
		group);
	return files;
}

static int try_open(const struct kl__vfio_files *files, bool isolate,
	struct kl__vfio_member *member)
{
	return kl__vfio_space_open(&folders, address_of(files->group), files, isolate, member);
}

static struct kl__vfio_member open_with(struct kl__vfio_files files, bool isolate)
{
	struct kl__vfio_member member;

	cr_assert_eq(try_open(&files, isolate, &member), 0, "%s", log_text());
	return member;
}

FRAMED_TEST(vfio_space, one_group)
{
	struct kl__vfio_member member = open_with(group_files(5), false);
	struct kl__mapper *mapper = kl__vfio_space_mapper(member.space);

	cr_expect_eq(fake_vfio_iommu_kind(), VFIO_TYPE1v2_IOMMU);
	cr_expect_eq(kl__vfio_space_way(5), KL__VFIO_GROUP);
	cr_expect_eq(kl__vfio_space_way(6), KL__VFIO_AUTO);
	cr_expect_not(mapper->is_isolated);
	cr_expect_eq(mapper->ops->map(mapper, PLACE, PLACE, PAGE), 0);
	cr_expect_eq(mapper->ops->map(mapper, PLACE, PLACE, PAGE), -EEXIST);
	cr_expect_eq(mapper->ops->unmap(mapper, PLACE, PAGE), 0);
	cr_expect_eq(mapper->ops->unmap(mapper, PLACE, PAGE), -ENOENT, "there is none any more");
	kl__vfio_space_close(&member);
	cr_expect_eq(fake_vfio_count_open(), 2, "the container keeps its IOMMU for the host");
	cr_expect_eq(mapper->ops->map(mapper, PLACE, PLACE, PAGE), 0);
	mapper->ops->put(mapper);
	cr_expect_eq(kl__vfio_space_way(5), KL__VFIO_AUTO);
	cr_expect_eq(fake_vfio_count_mappings(), 0);
}

static void clear(struct kl__vfio_files files)
{
	struct kl__vfio_member member = open_with(files, false), other = open_with(files, true);
	struct kl__mapper *mapper = kl__vfio_space_mapper(member.space);

	mapper->ops->clear(mapper);
	for (uint64_t i = 0; i < 3; i++)
		cr_expect_eq(mapper->ops->map(mapper, PLACE + 2 * i * PAGE, PLACE + 2 * i * PAGE,
				     PAGE),
			0);
	mapper->ops->clear(mapper);
	cr_expect_eq(fake_vfio_count_mappings(), 0);
	cr_expect_eq(mapper->ops->map(mapper, PLACE, PLACE, PAGE), 0);
	mapper->ops->put(mapper);
	kl__vfio_space_close(&member);
	kl__vfio_space_close(&other);
}

FRAMED_TEST(vfio_space, cleared)
{
	clear(group_files(5));
	clear(own_files(5));
}

/* The host may go first as well. */
FRAMED_TEST(vfio_space, the_device_is_closed_last)
{
	struct kl__vfio_member member = open_with(group_files(5), false);
	struct kl__mapper *mapper = kl__vfio_space_mapper(member.space);

	mapper->ops->put(mapper);
	cr_expect_eq(fake_vfio_count_open(), 3);
	kl__vfio_space_close(&member);
}

static void share_and_close(struct kl__vfio_files first, struct kl__vfio_files second)
{
	struct kl__vfio_member a = open_with(first, false), b = open_with(second, false);

	cr_expect_eq(a.space, b.space);
	cr_expect_eq(fake_vfio_count_files(first.space), 1);
	kl__vfio_space_close(&a);
	cr_expect_eq(fake_vfio_count_files(first.function), 0, "another process may have it now");
	cr_expect_eq(fake_vfio_count_files(first.space), 1);
	/* It comes back into the same one. */
	a = open_with(first, false);
	cr_expect_eq(a.space, b.space);
	kl__vfio_space_close(&b);
	kl__vfio_space_close(&a);
}

FRAMED_TEST(vfio_space, ordinary_devices_share)
{
	share_and_close(group_files(5), group_files(6));
	share_and_close(own_files(5), own_files(6));
}

/* The first group's device is closed while its host still uses the space; a second group comes. */
FRAMED_TEST(vfio_space, a_group_that_was_kept_for_the_mappings)
{
	struct kl__vfio_member a = open_with(group_files(5), false), b;
	struct kl__mapper *mapper = kl__vfio_space_mapper(a.space);

	kl__vfio_space_close(&a);
	cr_expect_eq(fake_vfio_count_files("/vfio/5"), 1);
	b = open_with(group_files(6), false);
	cr_expect_eq(fake_vfio_count_files("/vfio/5"), 0);
	cr_expect_eq(fake_vfio_count_files("/vfio/vfio"), 1);
	kl__vfio_space_close(&b);
	mapper->ops->put(mapper);
}

static void isolate(struct kl__vfio_files one, struct kl__vfio_files two,
	struct kl__vfio_files ordinary)
{
	struct kl__vfio_member a = open_with(one, true), b = open_with(two, true),
			       c = open_with(ordinary, false);
	struct kl__mapper *mapper = kl__vfio_space_mapper(a.space);

	cr_expect_neq(a.space, b.space);
	cr_expect_neq(a.space, c.space);
	cr_expect_neq(b.space, c.space);
	cr_expect(mapper->is_isolated);
	cr_expect_not(c.space->mapper.is_isolated);
	cr_expect_eq(fake_vfio_count_files(one.space), 3);
	cr_expect_eq(mapper->ops->map(mapper, PLACE, PLACE, PAGE), 0);
	cr_expect_eq(c.space->mapper.ops->unmap(&c.space->mapper, PLACE, PAGE), -ENOENT,
		"it is mapped for the one device only");
	mapper->ops->put(mapper);
	kl__vfio_space_close(&a);
	kl__vfio_space_close(&b);
	kl__vfio_space_close(&c);
}

FRAMED_TEST(vfio_space, isolated_devices_do_not_share)
{
	isolate(group_files(5), group_files(6), group_files(7));
	isolate(own_files(5), own_files(6), own_files(7));
}

/* No IOMMU tells them apart, so what one of them got is what all get. */
FRAMED_TEST(vfio_space, two_functions_of_one_group)
{
	struct kl__vfio_files files = group_files(5);
	struct kl__vfio_member a = open_with(files, true), b = open_with(files, true), refused;

	cr_expect_eq(a.space, b.space);
	cr_expect_eq(fake_vfio_count_files("/vfio/5"), 1);
	cr_expect_eq(try_open(&files, false, &refused), -EBUSY);
	cr_expect(logged("it shares IOMMU group 5 with 0000:00:05.0, which is isolated"), "%s",
		log_text());
	kl__vfio_space_close(&a);
	cr_expect_eq(fake_vfio_count_files("/vfio/5"), 1);
	kl__vfio_space_close(&b);

	a = open_with(files, false);
	b = open_with(files, true);
	cr_expect_eq(a.space, b.space);
	cr_expect_not(b.space->mapper.is_isolated, "and the caller sees that it is not");
	kl__vfio_space_close(&a);
	kl__vfio_space_close(&b);
}

FRAMED_TEST(vfio_space, one_way_at_a_time)
{
	struct kl__vfio_files own = own_files(5), group = group_files(5);
	struct kl__vfio_member member = open_with(group, false), refused;

	cr_expect_eq(try_open(&own, false, &refused), -EBUSY);
	cr_expect(logged("open it with vfio=group"), "%s", log_text());
	kl__vfio_space_close(&member);
	member = open_with(own, false);
	cr_expect_eq(kl__vfio_space_way(5), KL__VFIO_CDEV);
	cr_expect_eq(try_open(&group, false, &refused), -EBUSY);
	cr_expect(logged("open it with vfio=cdev"), "%s", log_text());
	kl__vfio_space_close(&member);
}

FRAMED_TEST(vfio_space, without_an_iommu)
{
	struct kl__vfio_files files = group_files(0), other = group_files(1);
	struct kl__vfio_member a, b;

	files.is_noiommu = other.is_noiommu = true;
	a = open_with(files, false);
	cr_expect_eq(fake_vfio_iommu_kind(), VFIO_NOIOMMU_IOMMU);
	cr_expect_eq(kl__vfio_space_mapper(a.space), NULL);
	b = open_with(other, false);
	kl__vfio_space_close(&a);
	kl__vfio_space_close(&b);
	a = open_with(files, false);
	b = open_with(group_files(5), false);
	cr_expect_neq(a.space, b.space, "one with an IOMMU does not join it");
	kl__vfio_space_close(&a);
	kl__vfio_space_close(&b);
}

/*
 * The function is torn off while it is open, plugged in again, and the kernel gives its group the
 * same number; the container is without an IOMMU, and what it had mapped is gone.
 */
FRAMED_TEST(vfio_space, plugged_in_again)
{
	struct kl__vfio_member old = open_with(group_files(5), false), new;
	struct kl__mapper *mapper = kl__vfio_space_mapper(old.space);

	cr_expect_eq(mapper->ops->map(mapper, PLACE, PLACE, PAGE), 0);
	fake_vfio_tear_off(5);
	cr_expect_neq(mapper->ops->unmap(mapper, PLACE, PAGE), 0);
	cr_expect_eq(kl__vfio_space_way(5), KL__VFIO_AUTO);
	new = open_with(group_files(5), false);
	cr_expect_neq(old.space, new.space);
	kl__vfio_space_close(&old);
	mapper->ops->put(mapper);
	mapper = kl__vfio_space_mapper(new.space);
	cr_expect_eq(mapper->ops->map(mapper, PLACE, PLACE, PAGE), 0);
	kl__vfio_space_close(&new);
	mapper->ops->put(mapper);
}

/* With another device in the space its mappings stay, and the new one joins. */
FRAMED_TEST(vfio_space, plugged_in_again_beside_another)
{
	struct kl__vfio_member old = open_with(group_files(5), false),
			       other = open_with(group_files(6), false), new;

	fake_vfio_tear_off(5);
	new = open_with(group_files(5), false);
	cr_expect_eq(new.space, other.space);
	cr_expect_eq(fake_vfio_count_files("/vfio/5"), 2);
	kl__vfio_space_close(&old);
	cr_expect_eq(fake_vfio_count_files("/vfio/5"), 1);
	kl__vfio_space_close(&new);
	kl__vfio_space_close(&other);
}

/* Two IOMMUs can differ so much that no container takes both. */
FRAMED_TEST(vfio_space, does_not_fit)
{
	struct kl__vfio_member a = open_with(group_files(5), false), b, c;

	fake_vfio_refuse_second_group(1, EINVAL);
	b = open_with(group_files(6), false);
	cr_expect_neq(a.space, b.space);
	cr_expect_not(b.space->mapper.is_isolated);
	fake_vfio_refuse_second_group(1, EINVAL);
	c = open_with(group_files(7), false);
	cr_expect(c.space == a.space || c.space == b.space, "the other one took it");
	kl__vfio_space_close(&c);
	kl__vfio_space_close(&a);
	kl__vfio_space_close(&b);
}

/* A failed opening leaves nothing but a text. */
static int fail_call(const struct kl__vfio_files *files, unsigned int n)
{
	unsigned int before = fake_vfio_count_open();
	struct kl__vfio_member member;
	int rc;

	forget_log();
	fake_vfio_fail_call(n, EIO);
	rc = try_open(files, false, &member);
	fake_vfio_fail_call(0, 0);
	if (rc == 0) {
		kl__vfio_space_close(&member);
	} else {
		cr_expect_eq(rc, -EIO);
		cr_expect(logged("0000:00:05.0: "), "call %u", n);
	}
	cr_expect_eq(fake_vfio_count_open(), before, "call %u", n);
	return rc != 0;
}

/* Whichever call fails, alone or beside another device. */
static void fail_everywhere(struct kl__vfio_files first, struct kl__vfio_files second)
{
	for (int beside = 0; beside < 2; beside++) {
		struct kl__vfio_member other;
		unsigned int failures = 0;

		if (beside != 0)
			other = open_with(second, false);
		for (unsigned int n = 1; n < 12; n++)
			failures += fail_call(&first, n);
		cr_expect_geq(failures, 3);
		if (beside != 0)
			kl__vfio_space_close(&other);
	}
}

FRAMED_TEST(vfio_space, any_call_fails)
{
	fail_everywhere(group_files(5), group_files(6));
	fail_everywhere(own_files(5), own_files(6));
}

static void expect_refusal(struct kl__vfio_files files, int rc, const char *why)
{
	struct kl__vfio_member member;

	forget_log();
	cr_expect_eq(try_open(&files, false, &member), rc);
	cr_expect(logged(why), "%s", log_text());
	cr_expect_eq(fake_vfio_count_open(), 0);
}

FRAMED_TEST(vfio_space, interrupts_that_are_not_remapped)
{
	fake_vfio_fail_request(VFIO_SET_IOMMU, EPERM);
	expect_refusal(group_files(5), -EACCES,
		"echo Y > /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts");
	fake_vfio_fail_request(KL__VFIO_DEVICE_BIND_IOMMUFD, EPERM);
	expect_refusal(own_files(5), -EACCES,
		"echo Y > /sys/module/iommufd/parameters/allow_unsafe_interrupts");
}

FRAMED_TEST(vfio_space, in_use_by_a_process)
{
	char target[512];

	snprintf(target, sizeof(target), "%s/vfio/5", folders.dev);
	fake_vfio_fail_open("/vfio/5", EBUSY);
	expect_refusal(group_files(5), -EBUSY, "its IOMMU group is in use: a process has");
	folders_link("proc/self/fd/9", target);
	expect_refusal(group_files(5), -EBUSY, "in use by DPDK in this program");
	folders_file("proc/4711/comm", "dpdk-testpmd");
	folders_link("proc/4711/fd/5", target);
	expect_refusal(group_files(5), -EBUSY,
		"its IOMMU group is in use: process 4711 (dpdk-testpmd)");

	/* Two may open the function's own file; the second one can't bind it. */
	snprintf(target, sizeof(target), "%s/vfio/devices/vfio5", folders.dev);
	folders_link("proc/4711/fd/6", target);
	fake_vfio_fail_request(KL__VFIO_DEVICE_BIND_IOMMUFD, EINVAL);
	expect_refusal(own_files(5), -EBUSY, "it is in use: process 4711 (dpdk-testpmd)");
}

FRAMED_TEST(vfio_space, files_that_can_not_be_opened)
{
	fake_vfio_fail_open("/vfio/5", EACCES);
	expect_refusal(group_files(5), -EACCES, "give this user the right to the file");
	fake_vfio_fail_open("/vfio/vfio", ENOENT);
	expect_refusal(group_files(5), -EIO, "/vfio/vfio can't be opened: No such file");
	fake_vfio_fail_open("/iommu", ENOENT);
	expect_refusal(own_files(5), -EIO, "CONFIG_VFIO_DEVICE_CDEV");
	fake_vfio_fail_open("/vfio/devices/vfio5", EACCES);
	expect_refusal(own_files(5), -EACCES, "/vfio/devices/vfio5 can't be opened");
}

static void explain_mapping(struct kl__vfio_files files)
{
	struct kl__vfio_member member = open_with(files, false);
	struct kl__mapper *mapper = kl__vfio_space_mapper(member.space);
	struct kl__map_limits limits;
	char text[1024];

	cr_expect_eq(mapper->ops->limits(mapper, &limits), 0);
	cr_expect_eq(limits.page_size, PAGE);
	cr_expect_eq(limits.memlock_left, UINT64_MAX);
	cr_expect_eq(limits.range_count, 2);
	cr_expect(kl__map_limits_cover(&limits, PLACE, PAGE));
	cr_expect_not(kl__map_limits_cover(&limits, UINT64_C(0x7f0000000000), PAGE));
	mapper->ops->explain(mapper, UINT64_C(0x7f0000000000), PAGE, -EINVAL, text, sizeof(text));
	cr_expect_neq(strstr(text, "takes bus addresses from 0x0 to 0xfedfffff, 0xfef00000"), NULL,
		"%s", text);
	kl__vfio_space_close(&member);
	mapper->ops->put(mapper);
}

FRAMED_TEST(vfio_space, limits)
{
	explain_mapping(group_files(5));
	explain_mapping(own_files(5));
}
