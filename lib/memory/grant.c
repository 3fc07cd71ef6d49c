/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory/grant.h"

#include <errno.h>
#include <stdlib.h>

#include <kickless/log.h>

#include "memory/shared_memory.h"

static struct kl__grant *find_grant(const struct kl__space *space,
	const struct kl__space_user *user, const struct kl_region *region)
{
	struct kl__grant *grant = space->grants;

	while (grant != NULL && (grant->region != region || (user != NULL && grant->user != user)))
		grant = grant->next;
	return grant;
}

/* Maps or sends a region that is in the list of grants by now. */
static int open_region(struct kl__space *space, struct kl_region *region)
{
	uint64_t address = (uintptr_t)region->memory;
	int rc;

	if (space->mapper != NULL)
		return kl__space_map(space, address, address, region->size);
	rc = kl__shared_memory_send(space);
	if (rc == 0)
		rc = kl__reach_add(space->reach, address, region->size);
	return rc;
}

static int add_grant(struct kl__space *space, struct kl__space_user *user, struct kl_region *region)
{
	bool is_first = find_grant(space, NULL, region) == NULL;
	struct kl__grant *grant = calloc(1, sizeof(*grant));
	int rc = 0;

	if (grant == NULL)
		return kl_no_memory(user->name, sizeof(*grant));
	*grant = (struct kl__grant){region, user, space->grants};
	space->grants = grant;
	if (is_first)
		rc = open_region(space, region);
	if (rc != 0) {
		space->grants = grant->next;
		free(grant);
		return rc;
	}
	region->grants++;
	return 0;
}

int kl__region_grant(struct kl__space *space, struct kl__space_user *user, struct kl_region *region)
{
	int rc = 0;

	if (space->is_physical) {
		kl_error(
			"%s: a region of memory can't be granted to it: bus addresses are physical here; "
			"run behind an IOMMU, with the EAL option --iova-mode=va",
			user->name);
		return -ENOTSUP;
	}
	kl__spaces_lock_with_eal();
	if (find_grant(space, user, region) == NULL)
		rc = add_grant(space, user, region);
	kl__spaces_unlock_with_eal();
	return rc;
}

static void take_grant(struct kl__space *space, struct kl__grant *grant)
{
	struct kl__grant **at = &space->grants;

	while (*at != grant)
		at = &(*at)->next;
	*at = grant->next;
}

static void free_grant(struct kl__grant *grant)
{
	grant->region->grants--;
	free(grant);
}

/* Takes a region, which is out of the list of grants, from all devices of the space. */
static int close_region(struct kl__space *space, const struct kl_region *region)
{
	uint64_t address = (uintptr_t)region->memory;

	if (space->mapper != NULL)
		return kl__space_unmap(space, address, address, region->size);
	kl__reach_remove(space->reach, address, region->size);
	/* A failure has been logged; the back end gets another list when it connects again. */
	(void)kl__shared_memory_send(space);
	return 0;
}

/*
 * The same for a region that may be in use. It is out of the table at the second check, so no new
 * buffer can lie in it then.
 */
static int close_used_region(struct kl__space *space, const struct kl_region *region)
{
	uint64_t address = (uintptr_t)region->memory;
	int rc = kl__space_check_unused(space, address, region->size);

	if (rc != 0)
		return rc;
	kl__reach_remove(space->reach, address, region->size);
	rc = kl__space_check_unused(space, address, region->size);
	if (rc == 0)
		return close_region(space, region);
	(void)kl__reach_add(space->reach, address, region->size);
	return rc;
}

static int end_grant(struct kl__space *space, struct kl__grant *grant, bool is_unused)
{
	int rc = 0;

	take_grant(space, grant);
	if (find_grant(space, NULL, grant->region) == NULL)
		rc = is_unused ? close_region(space, grant->region) :
				 close_used_region(space, grant->region);
	if (rc == 0) {
		free_grant(grant);
		return 0;
	}
	grant->next = space->grants;
	space->grants = grant;
	return rc;
}

int kl__region_revoke(struct kl__space *space, struct kl__space_user *user,
	struct kl_region *region, bool is_unused)
{
	struct kl__grant *grant;
	int rc = -EINVAL;

	kl__spaces_lock_with_eal();
	grant = find_grant(space, user, region);
	if (grant != NULL)
		rc = end_grant(space, grant, is_unused);
	kl__spaces_unlock_with_eal();
	return rc;
}

void kl__region_end_grants(struct kl__space *space, const struct kl__space_user *user)
{
	struct kl__grant *next;

	for (struct kl__grant *grant = space->grants; grant != NULL; grant = next) {
		next = grant->next;
		if (space->users == NULL) {
			take_grant(space, grant);
			free_grant(grant);
		} else if (grant->user == user && end_grant(space, grant, false) != 0) {
			grant->user = NULL;
		}
	}
}

static void end_orphans(struct kl__space *space, const struct kl_region *region)
{
	struct kl__grant *next;

	for (struct kl__grant *grant = space->grants; grant != NULL; grant = next) {
		next = grant->next;
		if (grant->region == region && grant->user == NULL)
			(void)end_grant(space, grant, false);
	}
}

int kl_region_destroy(struct kl_region *region)
{
	struct kl__space *space = NULL;
	unsigned int grants;

	if (region == NULL)
		return 0;
	kl__spaces_lock_with_eal();
	while ((space = kl__space_next(space)) != NULL)
		end_orphans(space, region);
	grants = region->grants;
	kl__spaces_unlock_with_eal();
	if (grants == 0) {
		kl__region_free(region);
		return 0;
	}
	kl_error(
		"a region of %zu bytes at %p is granted to a device, or in use by one; revoke it, or "
		"close the device",
		region->size, region->memory);
	return -EBUSY;
}
