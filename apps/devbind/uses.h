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

#endif
