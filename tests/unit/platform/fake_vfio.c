/* SPDX-License-Identifier: BSD-3-Clause */
#include "fake_vfio.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "platform/iommufd_abi.h"
#include "platform/kernel.h"

int __wrap_kl__kernel_open(const char *path);
int __wrap_kl__kernel_ioctl(int fd, unsigned long request, void *argument);
int __wrap_kl__kernel_ioctl_number(int fd, unsigned long request, unsigned long number);
void __wrap_kl__kernel_close(int fd);

enum kind { CLOSED, CONTAINER, GROUP, FUNCTION, IOMMU, OTHER };

#define FIRST 1000
#define FILES 64
#define MAPPINGS 64

struct file {
	enum kind kind;
	char path[256];
	int number; /* of a group */
	bool is_torn_off;
	bool has_iommu; /* a container */
	int space; /* of a group: its container; of a function: its group, or its /dev/iommu */
};

struct mapping {
	int space; /* 0: none */
	uint64_t iova, size;
};

static struct file files[FILES];
static struct mapping mappings[MAPPINGS];
static unsigned int calls, failing_call, joins, refused_seconds;
static int call_error, request_error, open_error, second_error;
static unsigned long failing_request, iommu_kind;
static const char *failing_end;

void fake_vfio_reset(void)
{
	memset(files, 0, sizeof(files));
	memset(mappings, 0, sizeof(mappings));
	calls = failing_call = joins = 0;
	failing_request = 0;
	failing_end = NULL;
	refused_seconds = 0;
}

static bool ends_with(const char *path, const char *end)
{
	size_t length = strlen(path), size = strlen(end);

	return length >= size && strcmp(path + length - size, end) == 0;
}

unsigned int fake_vfio_count_files(const char *end)
{
	unsigned int count = 0;

	for (int i = 0; i < FILES; i++)
		count += files[i].kind != CLOSED && ends_with(files[i].path, end);
	return count;
}

unsigned int fake_vfio_count_open(void)
{
	return fake_vfio_count_files("");
}

unsigned int fake_vfio_count_mappings(void)
{
	unsigned int count = 0;

	for (int i = 0; i < MAPPINGS; i++)
		count += mappings[i].space != 0;
	return count;
}

void fake_vfio_fail_call(unsigned int n, int error)
{
	calls = 0;
	failing_call = n;
	call_error = error;
}

void fake_vfio_fail_request(unsigned long request, int error)
{
	failing_request = request;
	request_error = error;
}

void fake_vfio_fail_open(const char *end, int error)
{
	failing_end = end;
	open_error = error;
}

void fake_vfio_refuse_second_group(unsigned int times, int error)
{
	refused_seconds = times;
	second_error = error;
}

unsigned int fake_vfio_count_joins(void)
{
	return joins;
}

unsigned long fake_vfio_iommu_kind(void)
{
	return iommu_kind;
}

static struct file *file_of(int fd)
{
	cr_assert(fd >= FIRST && fd < FIRST + FILES, "descriptor %d", fd);
	cr_assert_neq(files[fd - FIRST].kind, CLOSED, "descriptor %d is closed", fd);
	return &files[fd - FIRST];
}

static int add_file(enum kind kind, const char *path, int number, int space)
{
	for (int i = 0; i < FILES; i++) {
		if (files[i].kind != CLOSED)
			continue;
		files[i] = (struct file){.kind = kind, .number = number, .space = space};
		snprintf(files[i].path, sizeof(files[i].path), "%s", path);
		return FIRST + i;
	}
	return -EMFILE;
}

/* Files that lead to the space: groups in a container, functions of a group or an IOAS. */
static unsigned int count_members(int space)
{
	unsigned int count = 0;

	for (int i = 0; i < FILES; i++)
		count += files[i].kind != CLOSED && files[i].space == space &&
			!files[i].is_torn_off;
	return count;
}

static void drop_mappings(int space)
{
	for (int i = 0; i < MAPPINGS; i++)
		if (mappings[i].space == space)
			mappings[i].space = 0;
}

static void leave_container(struct file *group)
{
	int container = group->space;

	group->space = 0;
	if (container == 0 || count_members(container) != 0)
		return;
	file_of(container)->has_iommu = false;
	drop_mappings(container);
}

void fake_vfio_tear_off(int number)
{
	for (int i = 0; i < FILES; i++) {
		if (files[i].kind != GROUP || files[i].number != number || files[i].is_torn_off)
			continue;
		leave_container(&files[i]);
		files[i].is_torn_off = true;
	}
}

static int next_call(void)
{
	calls++;
	return calls == failing_call ? -call_error : 0;
}

static int open_group(const char *path)
{
	const char *name = strrchr(path, '/');
	int number = atoi(name + strcspn(name, "0123456789"));

	for (int i = 0; i < FILES; i++)
		if (files[i].kind == GROUP && files[i].number == number && !files[i].is_torn_off)
			return -EBUSY;
	return add_file(GROUP, path, number, 0);
}

int __wrap_kl__kernel_open(const char *path)
{
	int rc = next_call();

	if (rc != 0)
		return rc;
	if (failing_end != NULL && ends_with(path, failing_end))
		return -open_error;
	if (ends_with(path, "/vfio/vfio"))
		return add_file(CONTAINER, path, -1, 0);
	if (ends_with(path, "/iommu"))
		return add_file(IOMMU, path, -1, 0);
	if (strstr(path, "/vfio/devices/") != NULL)
		return add_file(FUNCTION, path, -1, 0);
	return open_group(path);
}

void __wrap_kl__kernel_close(int fd)
{
	struct file *file = file_of(fd);

	cr_expect_eq(count_members(fd), 0, "%s has members when it is closed", file->path);
	if (file->kind == GROUP)
		leave_container(file);
	drop_mappings(fd);
	file->kind = CLOSED;
}

static int map(int space, uint64_t iova, uint64_t size)
{
	for (int i = 0; i < MAPPINGS; i++)
		if (mappings[i].space == space && iova < mappings[i].iova + mappings[i].size &&
			mappings[i].iova < iova + size)
			return -EEXIST;
	for (int i = 0; i < MAPPINGS; i++) {
		if (mappings[i].space != 0)
			continue;
		mappings[i] = (struct mapping){space, iova, size};
		return 0;
	}
	return -ENOSPC;
}

/* Returns the bytes that were unmapped. */
static uint64_t unmap(int space, uint64_t iova, uint64_t size)
{
	for (int i = 0; i < MAPPINGS; i++) {
		if (mappings[i].space != space || mappings[i].iova != iova ||
			mappings[i].size != size)
			continue;
		mappings[i].space = 0;
		return size;
	}
	return 0;
}

/* Two ranges behind the head, and how many mappings are left. */
static int answer_info(struct vfio_iommu_type1_info *info)
{
	struct {
		struct vfio_info_cap_header header;
		uint32_t count, reserved;
		struct vfio_iova_range range[2];
	} ranges = {
		.header = {.id = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, .version = 1},
		.count = 2,
		.range = {{0, 0xfedfffff}, {0xfef00000, 0x7fffffffff}},
	};

	info->flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS;
	info->iova_pgsizes = 0x201000;
	info->cap_offset = 64;
	cr_assert_geq(info->argsz, 64 + sizeof(ranges));
	memcpy((char *)info + 64, &ranges, sizeof(ranges));
	return 0;
}

static int control_container(int fd, unsigned long request, void *argument)
{
	struct vfio_iommu_type1_dma_unmap *unmapped = argument;
	const struct vfio_iommu_type1_dma_map *mapped = argument;

	if (!file_of(fd)->has_iommu)
		return -EINVAL;
	if (request == VFIO_IOMMU_GET_INFO)
		return answer_info(argument);
	if (request == VFIO_IOMMU_MAP_DMA)
		return map(fd, mapped->iova, mapped->size);
	cr_assert_eq(request, VFIO_IOMMU_UNMAP_DMA);
	if ((unmapped->flags & VFIO_DMA_UNMAP_FLAG_ALL) != 0) {
		cr_expect_eq(unmapped->iova | unmapped->size, 0);
		drop_mappings(fd);
		return 0;
	}
	unmapped->size = unmap(fd, unmapped->iova, unmapped->size);
	return 0;
}

static int control_group(int fd, unsigned long request, void *argument)
{
	struct file *group = file_of(fd);

	if (group->is_torn_off)
		return -ENODEV;
	if (request == VFIO_GROUP_GET_STATUS)
		return 0;
	if (request == VFIO_GROUP_SET_CONTAINER) {
		int container = *(int *)argument;

		cr_assert_eq(file_of(container)->kind, CONTAINER);
		if (refused_seconds != 0 && file_of(container)->has_iommu) {
			refused_seconds--;
			return -second_error;
		}
		group->space = container;
		joins++;
		return 0;
	}
	cr_assert_eq(request, VFIO_GROUP_GET_DEVICE_FD);
	if (group->space == 0 || !file_of(group->space)->has_iommu)
		return -EINVAL;
	return add_file(FUNCTION, argument, -1, fd);
}

static int control_iommu(int fd, unsigned long request, void *argument)
{
	const struct kl__iommu_iova_range all[2] = {{0, 0xfedfffff}, {0xfef00000, 0x7fffffffff}};
	struct kl__iommu_ioas_iova_ranges *ranges = argument;
	const struct kl__iommu_ioas_unmap *unmapped = argument;
	const struct kl__iommu_ioas_map *mapped = argument;

	if (request == KL__IOMMU_IOAS_ALLOC) {
		((struct kl__iommu_ioas_alloc *)argument)->out_ioas_id = 7;
		return 0;
	}
	if (request == KL__IOMMU_IOAS_IOVA_RANGES) {
		cr_expect_eq(ranges->ioas_id, 7);
		cr_assert_geq(ranges->num_iovas, 2);
		ranges->num_iovas = 2;
		ranges->out_iova_alignment = 4096;
		memcpy((void *)(uintptr_t)ranges->allowed_iovas, all, sizeof(all));
		return 0;
	}
	if (request == KL__IOMMU_IOAS_MAP) {
		cr_expect_eq(mapped->ioas_id, 7);
		cr_expect_eq(mapped->flags, 7);
		return map(fd, mapped->iova, mapped->length);
	}
	cr_assert_eq(request, KL__IOMMU_IOAS_UNMAP);
	cr_expect_eq(unmapped->ioas_id, 7);
	if (unmapped->iova == 0 && unmapped->length == UINT64_MAX) {
		drop_mappings(fd);
		return 0;
	}
	return unmap(fd, unmapped->iova, unmapped->length) != 0 ? 0 : -ENOENT;
}

static int control_function(int fd, unsigned long request, void *argument)
{
	const struct kl__vfio_device_bind_iommufd *bind = argument;
	struct file *function = file_of(fd);

	if (request == KL__VFIO_DEVICE_BIND_IOMMUFD) {
		cr_assert_eq(file_of(bind->iommufd)->kind, IOMMU);
		function->space = bind->iommufd;
		return 0;
	}
	cr_assert_eq(request, KL__VFIO_DEVICE_ATTACH_IOMMUFD_PT);
	cr_assert_neq(function->space, 0);
	cr_expect_eq(((struct kl__vfio_device_attach_iommufd_pt *)argument)->pt_id, 7);
	joins++;
	return 0;
}

int __wrap_kl__kernel_ioctl(int fd, unsigned long request, void *argument)
{
	enum kind kind = file_of(fd)->kind;
	int rc = next_call();

	if (rc != 0)
		return rc;
	if (request == failing_request)
		return -request_error;
	return kind == CONTAINER ? control_container(fd, request, argument) :
		kind == GROUP    ? control_group(fd, request, argument) :
		kind == IOMMU    ? control_iommu(fd, request, argument) :
				   control_function(fd, request, argument);
}

int __wrap_kl__kernel_ioctl_number(int fd, unsigned long request, unsigned long number)
{
	struct file *container = file_of(fd);
	int rc = next_call();

	cr_assert_eq(container->kind, CONTAINER);
	if (rc != 0)
		return rc;
	if (request == failing_request)
		return -request_error;
	if (request == VFIO_GET_API_VERSION)
		return VFIO_API_VERSION;
	cr_assert_eq(request, VFIO_SET_IOMMU);
	if (count_members(fd) == 0)
		return -EINVAL;
	container->has_iommu = true;
	iommu_kind = number;
	return 0;
}
