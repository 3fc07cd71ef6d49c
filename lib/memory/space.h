/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Address spaces: one per mapper, which devices of one process may share, and one per back end in
 * another process. A space holds the table of what its devices reach, and keeps it true: a range is
 * in the table after it was mapped or sent, and out of it before that ends.
 *
 * The lock of all spaces, and of what is registered and granted, is one. EAL's lock on memory is
 * taken before it: no function that takes EAL's may be called with it.
 */
#ifndef KL_MEMORY_SPACE_H
#define KL_MEMORY_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/host.h"
#include "contract/mapper.h"
#include "contract/shared_memory.h"
#include "memory/region.h"
#include "ring/reach.h"

/* One device in a space. The lock holds for all of it. */
struct kl__space_user {
	const char *name; /* for messages; lives as long */
	void *owner;
	kl__uses_memory *uses_memory; /* NULL: it uses none */
	struct kl__space_user *next;
};

/* A region that a device was granted; the same one may be granted to several devices. */
struct kl__grant {
	struct kl_region *region;
	struct kl__space_user *user; /* NULL: it has been closed, but others use the region still */
	struct kl__grant *next;
};

struct kl__space {
	struct kl__mapper *mapper; /* NULL: a back end is sent the memory */
	struct kl__reach *reach; /* by virtual address */
	bool has_eal; /* EAL's memory is in it; else the space is isolated */
	bool is_physical; /* bus addresses are physical ones */
	struct kl__space_user *users;
	struct kl__grant *grants;

	/* Of a back end. */
	struct kl__shared_memory shared;
	kl__shared_memory_changed *changed; /* NULL: nobody watches */
	void *changed_context;
	bool has_noticed; /* that registered memory is not in it */

	struct kl__space *next; /* of all */
};

/* Sets the function that is called before memory is taken from the space, NULL for none. */
void kl__space_user_set_owner(struct kl__space_user *user, void *owner,
	kl__uses_memory *uses_memory);

/* The name of a device in the space, for messages. */
const char *kl__space_name(const struct kl__space *space);

/* The lock. */
void kl__spaces_lock(void);
void kl__spaces_unlock(void);
/* Both locks, for what may list EAL's memory. */
void kl__spaces_lock_with_eal(void);
void kl__spaces_unlock_with_eal(void);

/* With the lock held: the space behind this one in the list, for NULL the first. */
struct kl__space *kl__space_next(const struct kl__space *space);
void kl__space_add(struct kl__space *space);
void kl__space_remove(const struct kl__space *space);

/*
 * With the lock held. Maps memory at iova and enters it in the table. 0, or -ENOMEM after a message
 * that names the limit, the need and the remedy.
 */
int kl__space_map(struct kl__space *space, uint64_t address, uint64_t iova, uint64_t size);
/*
 * With the lock held. Takes a range out of the table, and then unmaps it, as it was mapped. 0, or
 * -EIO after a message: the device may reach it still.
 */
int kl__space_unmap(struct kl__space *space, uint64_t address, uint64_t iova, uint64_t size);

/*
 * With the lock held. Tests whether the only device of the space was unplugged: a mapper has lost
 * all mappings then, and its limits can't be read. Nothing more can be mapped.
 */
bool kl__space_is_torn_off(const struct kl__space *space);

/*
 * With the lock held: whether a device in the space uses memory. 0; -EBUSY or -EAGAIN after a
 * message.
 */
int kl__space_check_unused(const struct kl__space *space, uint64_t address, uint64_t size);

#endif
