/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory/space.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include <rte_eal_memconfig.h>

#include <kickless/log.h>

static struct kl__space *spaces;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void kl__spaces_lock(void)
{
	pthread_mutex_lock(&lock);
}

void kl__spaces_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

void kl__spaces_lock_with_eal(void)
{
	rte_mcfg_mem_read_lock();
	kl__spaces_lock();
}

void kl__spaces_unlock_with_eal(void)
{
	kl__spaces_unlock();
	rte_mcfg_mem_read_unlock();
}

struct kl__space *kl__space_next(const struct kl__space *space)
{
	return space == NULL ? spaces : space->next;
}

const char *kl__space_name(const struct kl__space *space)
{
	return space->users != NULL ? space->users->name : "a device";
}

static void log_refusal(const struct kl__space *space, uint64_t address, uint64_t iova,
	uint64_t size, int error)
{
	char why[512] = "";

	space->mapper->ops->explain(space->mapper, iova, size, error, why, sizeof(why));
	kl_error("%s: %" PRIu64 " bytes at 0x%" PRIx64 " can't be mapped for it: %s",
		kl__space_name(space), size, address, why);
}

int kl__space_map(struct kl__space *space, uint64_t address, uint64_t iova, uint64_t size)
{
	int rc = space->mapper->ops->map(space->mapper, address, iova, size);

	if (rc != 0) {
		log_refusal(space, address, iova, size, rc);
		/* Whichever limit it was, the message names it. */
		return -ENOMEM;
	}
	rc = kl__reach_add(space->reach, address, size);
	if (rc != 0) {
		space->mapper->ops->unmap(space->mapper, iova, size);
		return kl_no_memory("the table of what a device reaches", sizeof(struct kl__range));
	}
	return 0;
}

bool kl__space_is_torn_off(const struct kl__space *space)
{
	struct kl__map_limits limits;

	return space->mapper != NULL && space->mapper->ops->limits(space->mapper, &limits) != 0;
}

int kl__space_unmap(struct kl__space *space, uint64_t address, uint64_t iova, uint64_t size)
{
	int rc;

	kl__reach_remove(space->reach, address, size);
	rc = space->mapper->ops->unmap(space->mapper, iova, size);
	if (rc == 0 || rc == -ENOENT || kl__space_is_torn_off(space))
		return 0;
	kl_error("%s: %" PRIu64 " bytes at 0x%" PRIx64
		 " can't be unmapped: %s; keep this memory until the device is closed",
		kl__space_name(space), size, address, strerror(-rc));
	return -EIO;
}

int kl__space_check_unused(const struct kl__space *space, uint64_t address, uint64_t size)
{
	int rc = 0;

	for (const struct kl__space_user *user = space->users; user != NULL && rc == 0;
		user = user->next) {
		if (user->uses_memory == NULL)
			continue;
		rc = user->uses_memory(user->owner, address, size);
		if (rc == -EBUSY)
			kl_error("%s: a buffer within the %" PRIu64 " bytes at 0x%" PRIx64
				 " is in flight; wait for it, or stop the device",
				user->name, size, address);
		else if (rc != 0)
			kl_error("%s: it can't be found out whether it uses the %" PRIu64
				 " bytes at 0x%" PRIx64 ": %s; try again",
				user->name, size, address, strerror(-rc));
	}
	return rc;
}

void kl__space_user_set_owner(struct kl__space_user *user, void *owner,
	kl__uses_memory *uses_memory)
{
	kl__spaces_lock();
	user->owner = owner;
	user->uses_memory = uses_memory;
	kl__spaces_unlock();
}

void kl__space_add(struct kl__space *space)
{
	space->next = spaces;
	spaces = space;
}

void kl__space_remove(const struct kl__space *space)
{
	struct kl__space **at = &spaces;

	while (*at != space)
		at = &(*at)->next;
	*at = space->next;
}
