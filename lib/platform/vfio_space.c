/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/vfio_space.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/log.h>

#include "platform/kernel.h"
#include "platform/map_limits.h"
#include "platform/vfio_explain.h"

/* Of the list, and of the groups and users of all spaces in it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kl__vfio_space *spaces;

static const struct kl__vfio_kind *kind_of(const struct kl__vfio_files *files)
{
	return files->is_cdev ? &kl__vfio_ioas_kind : &kl__vfio_container_kind;
}

/* A number is given again after the group's last function was torn off. */
static struct kl__vfio_group *find_group(const struct kl__vfio_space *space, int number)
{
	for (struct kl__vfio_group *group = space->groups; group != NULL; group = group->next) {
		if (group->number != number)
			continue;
		if (space->kind->is_current(group))
			return group;
		group->number = -1;
	}
	return NULL;
}

static struct kl__vfio_space *find_by_group(int number)
{
	struct kl__vfio_space *space = spaces;

	while (space != NULL && find_group(space, number) == NULL)
		space = space->next;
	return space;
}

static bool is_ordinary(const struct kl__vfio_space *space, const struct kl__vfio_kind *kind)
{
	return space->kind == kind && !space->mapper.is_isolated && !space->is_noiommu &&
		kind->is_alive(space);
}

static void unlink_space(const struct kl__vfio_space *space)
{
	struct kl__vfio_space **at = &spaces;

	while (*at != space)
		at = &(*at)->next;
	*at = space->next;
}

static void close_group(struct kl__vfio_space *space, struct kl__vfio_group *group)
{
	struct kl__vfio_group **at = &space->groups;

	while (*at != group)
		at = &(*at)->next;
	*at = group->next;
	if (group->fd >= 0)
		kl__kernel_close(group->fd);
	free(group);
}

/* Groups go before the container that they are in. */
static void destroy_space(struct kl__vfio_space *space)
{
	while (space->groups != NULL)
		close_group(space, space->groups);
	unlink_space(space);
	kl__kernel_close(space->fd);
	free(space);
}

static void end_use(struct kl__vfio_space *space)
{
	space->users--;
	if (space->users == 0)
		destroy_space(space);
}

static struct kl__vfio_space *space_of(struct kl__mapper *mapper)
{
	return (struct kl__vfio_space *)mapper;
}

static int map_memory(struct kl__mapper *mapper, uint64_t address, uint64_t iova, uint64_t size)
{
	return space_of(mapper)->kind->map(space_of(mapper), address, iova, size);
}

static int unmap_memory(struct kl__mapper *mapper, uint64_t iova, uint64_t size)
{
	return space_of(mapper)->kind->unmap(space_of(mapper), iova, size);
}

/* One whose last function was torn off has lost its mappings by itself. */
static void clear_space(struct kl__mapper *mapper)
{
	int rc = space_of(mapper)->kind->clear(space_of(mapper));

	if (rc != 0)
		kl_debug("the mappings of %s stay: %s", mapper->name, strerror(-rc));
}

static int read_limits(struct kl__mapper *mapper, struct kl__map_limits *limits)
{
	kl__map_limits_clear(limits);
	return space_of(mapper)->kind->read_limits(space_of(mapper), limits);
}

static char *explain_refusal(struct kl__mapper *mapper, uint64_t iova, uint64_t size, int error,
	char *text, size_t text_size)
{
	struct kl__map_limits limits;

	/* Limits that can't be read limit nothing. */
	(void)read_limits(mapper, &limits);
	return kl__map_limits_explain(&limits, iova, size, error, text, text_size);
}

static void put_mapper(struct kl__mapper *mapper)
{
	pthread_mutex_lock(&lock);
	end_use(space_of(mapper));
	pthread_mutex_unlock(&lock);
}

static const struct kl__mapper_ops mapper_ops = {
	.map = map_memory,
	.unmap = unmap_memory,
	.clear = clear_space,
	.limits = read_limits,
	.explain = explain_refusal,
	.put = put_mapper,
};

static int create_space(const struct kl_machine *machine, struct kl__vfio_arrival *arrival,
	bool isolate, struct kl__vfio_space **result)
{
	const struct kl__vfio_files *files = arrival->files;
	struct kl__vfio_space *space = calloc(1, sizeof(*space));
	int rc;

	arrival->step = KL__VFIO_CREATE_SPACE;
	if (space == NULL)
		return -ENOMEM;
	space->kind = kind_of(files);
	space->mapper.ops = &mapper_ops;
	space->mapper.is_isolated = isolate;
	snprintf(space->mapper.name, sizeof(space->mapper.name), "%s",
		isolate ? arrival->address : "the devices");
	space->machine = machine;
	space->is_noiommu = files->is_noiommu;
	rc = space->kind->create(space, arrival);
	if (rc != 0) {
		free(space);
		return rc;
	}
	space->next = spaces;
	spaces = space;
	*result = space;
	return 0;
}

/* The group in the space, which it joins unless one of its functions has brought it. */
static int add_group(struct kl__vfio_space *space, struct kl__vfio_arrival *arrival,
	struct kl__vfio_group **result)
{
	struct kl__vfio_group *group = find_group(space, arrival->files->group);
	int rc;

	*result = group;
	if (group != NULL)
		return 0;
	arrival->step = KL__VFIO_CREATE_SPACE;
	group = calloc(1, sizeof(*group));
	if (group == NULL)
		return -ENOMEM;
	group->number = arrival->files->group;
	group->fd = -1;
	rc = space->kind->join(space, group, arrival);
	if (rc != 0) {
		if (group->fd >= 0)
			kl__kernel_close(group->fd);
		free(group);
		return rc;
	}
	group->next = space->groups;
	space->groups = group;
	*result = group;
	return 0;
}

/*
 * Closes groups of which no function is open. The last one of a space stays in it until nobody uses
 * the space: a container without a group has lost its mappings.
 */
static void close_idle_groups(struct kl__vfio_space *space)
{
	struct kl__vfio_group *group = space->groups, *next;

	for (; group != NULL; group = next) {
		next = group->next;
		if (group->devices == 0 && (space->groups != group || next != NULL))
			close_group(space, group);
	}
}

/* 0, or -errno; then the space is as before. */
static int enter_space(struct kl__vfio_space *space, struct kl__vfio_arrival *arrival,
	struct kl__vfio_member *member)
{
	struct kl__vfio_group *group;
	int rc = add_group(space, arrival, &group);

	if (rc == 0)
		rc = space->kind->open_function(space, group, arrival);
	if (rc >= 0) {
		*member = (struct kl__vfio_member){.space = space, .group = group, .fd = rc};
		group->devices++;
		space->users++;
		rc = 0;
	}
	if (space->users == 0)
		destroy_space(space);
	else
		close_idle_groups(space);
	return rc;
}

/* Tests whether the kernel can't have both this one and those that are there in one space. */
static bool does_not_fit(int error)
{
	return error == -EINVAL || error == -EADDRINUSE || error == -EMEDIUMTYPE;
}

static int refuse_isolated(const struct kl__vfio_space *space,
	const struct kl__vfio_arrival *arrival)
{
	kl_error("%s: it shares IOMMU group %d with %s, which is isolated, and no IOMMU separates "
		 "the two; open it with isolate=1 too, or that one with isolate=0",
		arrival->address, arrival->files->group, space->mapper.name);
	return -EBUSY;
}

static int refuse_way(const struct kl__vfio_space *space, const struct kl__vfio_arrival *arrival)
{
	const char *way = space->kind == &kl__vfio_ioas_kind ? "cdev" : "group";

	kl_error(
		"%s: this program has its IOMMU group %d open with vfio=%s already, and the kernel allows "
		"one way at a time; open it with vfio=%s",
		arrival->address, arrival->files->group, way, way);
	return -EBUSY;
}

static int enter_own_space(const struct kl_machine *machine, struct kl__vfio_arrival *arrival,
	bool isolate, struct kl__vfio_member *member)
{
	struct kl__vfio_space *space;
	int rc = create_space(machine, arrival, isolate, &space);

	return rc == 0 ? enter_space(space, arrival, member) : rc;
}

/* Into an ordinary space, or another one when the kernel can't have it in those that are there. */
static int enter_ordinary_space(const struct kl_machine *machine, struct kl__vfio_arrival *arrival,
	struct kl__vfio_member *member)
{
	const struct kl__vfio_kind *kind = kind_of(arrival->files);
	int rc = -EINVAL;

	for (struct kl__vfio_space *space = spaces; space != NULL && does_not_fit(rc);
		space = space->next)
		if (is_ordinary(space, kind))
			rc = enter_space(space, arrival, member);
	return does_not_fit(rc) ? enter_own_space(machine, arrival, false, member) : rc;
}

static int check_group_space(const struct kl__vfio_space *space,
	const struct kl__vfio_arrival *arrival, bool isolate)
{
	if (space->kind != kind_of(arrival->files))
		return refuse_way(space, arrival);
	if (space->mapper.is_isolated && !isolate)
		return refuse_isolated(space, arrival);
	return 0;
}

static int open_in_space(const struct kl_machine *machine, struct kl__vfio_arrival *arrival,
	bool isolate, struct kl__vfio_member *member)
{
	struct kl__vfio_space *space = find_by_group(arrival->files->group);
	int rc = space != NULL ? check_group_space(space, arrival, isolate) : 0;

	if (rc != 0)
		return rc;
	if (space != NULL)
		rc = enter_space(space, arrival, member);
	else if (isolate || arrival->files->is_noiommu)
		rc = enter_own_space(machine, arrival, isolate, member);
	else
		rc = enter_ordinary_space(machine, arrival, member);
	return rc == 0 ? 0 : kl__vfio_explain(machine, arrival, rc);
}

int kl__vfio_space_open(const struct kl_machine *machine, const char *address,
	const struct kl__vfio_files *files, bool isolate, struct kl__vfio_member *member)
{
	struct kl__vfio_arrival arrival = {.address = address, .files = files};
	int rc;

	pthread_mutex_lock(&lock);
	rc = open_in_space(machine, &arrival, isolate, member);
	pthread_mutex_unlock(&lock);
	return rc;
}

void kl__vfio_space_close(const struct kl__vfio_member *member)
{
	/* The kernel resets the function, which can take long. */
	kl__kernel_close(member->fd);
	pthread_mutex_lock(&lock);
	member->group->devices--;
	close_idle_groups(member->space);
	end_use(member->space);
	pthread_mutex_unlock(&lock);
}

struct kl__mapper *kl__vfio_space_mapper(struct kl__vfio_space *space)
{
	if (space->is_noiommu)
		return NULL;
	pthread_mutex_lock(&lock);
	space->users++;
	pthread_mutex_unlock(&lock);
	return &space->mapper;
}

enum kl__vfio_way kl__vfio_space_way(int group)
{
	enum kl__vfio_way way = KL__VFIO_AUTO;
	const struct kl__vfio_space *space;

	pthread_mutex_lock(&lock);
	space = group >= 0 ? find_by_group(group) : NULL;
	if (space != NULL)
		way = space->kind == &kl__vfio_ioas_kind ? KL__VFIO_CDEV : KL__VFIO_GROUP;
	pthread_mutex_unlock(&lock);
	return way;
}
