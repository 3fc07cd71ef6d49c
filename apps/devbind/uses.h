/* SPDX-License-Identifier: BSD-3-Clause */
/* The system's uses of a function. A function with a use is not taken from it without --force. */
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
	/*
	 * A process has the function open. Unbinding would wait for that process, so --force
	 * does not help.
	 */
	bool is_held;
};

/* Finds the uses of a function with these nodes; in doubt there is one. */
void uses_find(const struct kl_machine *machine, const struct kl_function *function,
	const struct nodes *nodes, const struct opens *opens, struct uses *uses);

#endif
