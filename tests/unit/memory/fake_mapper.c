/* SPDX-License-Identifier: BSD-3-Clause */
#include "fake_mapper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

static struct fake_mapper *fake_of(struct kl__mapper *mapper)
{
	return (struct fake_mapper *)mapper;
}

static int map_memory(struct kl__mapper *mapper, uint64_t address, uint64_t iova, uint64_t size)
{
	struct fake_mapper *fake = fake_of(mapper);

	if (fake->during_map != NULL)
		fake->during_map();
	if (fake->refuses != 0 && address >= fake->refused_from)
		return fake->refuses;
	if (!kl__map_limits_cover(&fake->limits, iova, size))
		return -EINVAL;
	for (unsigned int i = 0; i < fake->count; i++)
		if (iova < fake->mapping[i].iova + fake->mapping[i].size &&
			fake->mapping[i].iova < iova + size)
			return -EEXIST;
	cr_assert_lt(fake->count, MAPPINGS);
	fake->mapping[fake->count++] = (struct fake_mapping){address, iova, size};
	return 0;
}

static int unmap_memory(struct kl__mapper *mapper, uint64_t iova, uint64_t size)
{
	struct fake_mapper *fake = fake_of(mapper);

	if (fake->is_torn_off)
		return -EINVAL;
	for (unsigned int i = 0; i < fake->count; i++)
		if (fake->mapping[i].iova == iova && fake->mapping[i].size == size) {
			fake->mapping[i] = fake->mapping[--fake->count];
			return 0;
		}
	cr_expect(false, "unmapped as it was not mapped: 0x%lx bytes at 0x%lx", size, iova);
	return -ENOENT;
}

static int read_limits(struct kl__mapper *mapper, struct kl__map_limits *limits)
{
	*limits = fake_of(mapper)->limits;
	return fake_of(mapper)->is_torn_off ? -EINVAL : 0;
}

static char *explain_error(struct kl__mapper *mapper, uint64_t iova, uint64_t size, int error,
	char *text, size_t text_size)
{
	(void)mapper;
	(void)iova;
	(void)size;
	snprintf(text, text_size, "the reason is %d", error);
	return text;
}

static void clear_mapper(struct kl__mapper *mapper)
{
	fake_of(mapper)->count = 0;
}

static void put_mapper(struct kl__mapper *mapper)
{
	struct fake_mapper *fake = fake_of(mapper);

	if (++fake->puts == fake->uses)
		fake->count = 0;
}

static const struct kl__mapper_ops ops = {
	.map = map_memory,
	.unmap = unmap_memory,
	.clear = clear_mapper,
	.limits = read_limits,
	.explain = explain_error,
	.put = put_mapper,
};

void fake_mapper_init(struct fake_mapper *fake, bool is_isolated)
{
	memset(fake, 0, sizeof(*fake));
	fake->mapper = (struct kl__mapper){.ops = &ops, .name = "fake", .is_isolated = is_isolated};
	fake->limits = (struct kl__map_limits){
		.page_size = 4096,
		.mappings_left = UINT32_MAX,
		.memlock = UINT64_MAX,
		.memlock_left = UINT64_MAX,
	};
}

bool fake_mapper_has(const struct fake_mapper *fake, uint64_t address, uint64_t iova, uint64_t size)
{
	for (unsigned int i = 0; i < fake->count; i++)
		if (fake->mapping[i].address == address && fake->mapping[i].iova == iova &&
			fake->mapping[i].size == size)
			return true;
	return false;
}

bool fake_mapper_covers(const struct fake_mapper *fake, uint64_t address)
{
	for (unsigned int i = 0; i < fake->count; i++)
		if (address - fake->mapping[i].address < fake->mapping[i].size)
			return true;
	return false;
}
