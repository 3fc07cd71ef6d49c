/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory/join.h"

#include <stdlib.h>

#include <rte_eal.h>

#include <kickless/log.h>

#include "memory/eal_memory.h"
#include "memory/grant.h"
#include "memory/registered.h"
#include "memory/shared_memory.h"

static void free_space(struct kl__space *space)
{
	kl__space_remove(space);
	/* Another device may be on its way into the mapper, and would find it full. */
	if (space->mapper != NULL)
		space->mapper->ops->clear(space->mapper);
	kl__reach_free(space->reach);
	free(space);
}

static int make_space(struct kl__mapper *mapper, bool is_isolated, struct kl__space **result)
{
	struct kl__space *space = calloc(1, sizeof(*space));

	if (space == NULL)
		return kl_no_memory("an address space", sizeof(*space));
	space->mapper = mapper;
	space->has_eal = !is_isolated;
	space->is_physical = rte_eal_iova_mode() == RTE_IOVA_PA;
	space->reach = kl__reach_create();
	if (space->reach == NULL) {
		free(space);
		return kl_no_memory("an address space", sizeof(*space));
	}
	if (mapper == NULL)
		kl__shared_memory_init(space);
	*result = space;
	return 0;
}

/* Maps what a new space starts with. */
static int fill_space(struct kl__space *space)
{
	int rc = 0;

	if (space->has_eal)
		rc = kl__eal_memory_open(space);
	if (rc == 0)
		rc = kl__registered_open(space);
	return rc;
}

static struct kl__space *find_space(const struct kl__mapper *mapper)
{
	struct kl__space *space = NULL;

	if (mapper == NULL)
		return NULL;
	while ((space = kl__space_next(space)) != NULL && space->mapper != mapper)
		;
	return space;
}

static int join_locked(struct kl__mapper *mapper, bool is_isolated, struct kl__space_user *user,
	struct kl__space **result)
{
	struct kl__space *space = find_space(mapper);
	bool is_new = space == NULL;
	int rc = is_new ? make_space(mapper, is_isolated, &space) : 0;

	if (rc != 0)
		return rc;
	user->next = space->users;
	space->users = user;
	if (is_new) {
		kl__space_add(space);
		rc = fill_space(space);
	}
	if (rc != 0) {
		free_space(space);
		return rc;
	}
	*result = space;
	return 0;
}

int kl__space_join(struct kl__mapper *mapper, bool is_isolated, struct kl__space_user *user,
	struct kl__space **space)
{
	int rc;

	/* Before anything is mapped: what EAL allocates from now on is reported. */
	rc = is_isolated ? 0 : kl__eal_memory_watch();
	if (rc != 0)
		return rc;
	kl__spaces_lock_with_eal();
	rc = join_locked(mapper, is_isolated, user, space);
	kl__spaces_unlock_with_eal();
	return rc;
}

void kl__space_leave(struct kl__space *space, struct kl__space_user *user)
{
	struct kl__space_user **at = &space->users;

	kl__spaces_lock_with_eal();
	while (*at != user)
		at = &(*at)->next;
	*at = user->next;
	kl__region_end_grants(space, user);
	if (space->users == NULL)
		free_space(space);
	kl__spaces_unlock_with_eal();
}
