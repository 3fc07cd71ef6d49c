/* SPDX-License-Identifier: BSD-3-Clause */
/* The functions that a name by type may mean. */
#ifndef KL_ATTACH_CANDIDATES_H
#define KL_ATTACH_CANDIDATES_H

#include <kickless/driver/driver.h>
#include <kickless/discover.h>

#define KL__OWN_NAME_BYTES 96

struct kl__candidates {
	struct kl_function *functions; /* those we can open first, by address */
	size_t count; /* of those */
	size_t others; /* of the type, but bound otherwise; they follow in functions */
	char (*own)[KL__OWN_NAME_BYTES]; /* of those opened to look for a key: their values of it */
};

/* Functions of the driver's types. 0, or after a message -EIO or -ENOMEM. */
int kl__candidates_find(const struct kl_machine *machine, const struct kl_driver *driver,
	struct kl__candidates *candidates);
void kl__candidates_free(struct kl__candidates *candidates);

/* Logs that the device named by spec is not among them, and what there is instead, with key. */
void kl__candidates_explain(const struct kl__candidates *candidates, const char *spec,
	const char *type, const char *key);

#endif
