/* SPDX-License-Identifier: BSD-3-Clause */
/* What the system uses a function for. A function with a use is not to be taken away from it. */
#ifndef DEVBIND_USES_H
#define DEVBIND_USES_H

#include <stdbool.h>
#include <stddef.h>

#include <kickless/discover.h>

#include "nodes.h"
#include "opens.h"

#define USES_MAX 8

struct uses {
	size_t count;
	char text[USES_MAX][192];
	/* Taking it away would wait until the process that has it lets go, so it can't be forced. */
	bool is_held;
};

/* Finds the uses of a function; when in doubt there is one. 0 or -ENOMEM. */
int uses_find(const struct kl_machine *machine, const struct kl_function *function,
	const struct opens *opens, struct uses *uses);

/* One more use; what does not fit is left out, since the first is enough to refuse. */
void uses_add(struct uses *uses, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The uses that one kind of node can have, each in a file of its own. */
void use_of_disk(const struct kl_machine *machine, const struct node *node, struct uses *uses);
/*
 * The kernel refuses an exclusive opener what anyone claims, also in mount namespaces that can't be seen. A
 * disk is claimed through its partitions too, so this is for disks whose uses have all been looked for.
 */
void use_of_claimed_disk(const struct kl_machine *machine, const struct node *node,
	struct uses *uses);
void use_of_interface(const struct kl_machine *machine, const struct node *node, struct uses *uses);

/* A mount of a file system without a disk (9p, virtiofs), under the name that its device has. */
void use_of_share(const struct kl_machine *machine, const struct node *node, struct uses *uses);

#endif
