/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening a back end and enabling a queue, with something missing each time. */
#include <errno.h>

#include <criterion/criterion.h>

#include "fault_injection.h"
#include "transport/vhost_user.h"
#include "vhost_fixture.h"

static struct back_end back_end;

static int open_and_enable(void)
{
	const struct kl__queue_setup setup = {.size = 64, .vector = -1};
	struct kl__transport *transport;
	struct kl_notifier notifier;
	int rc = kl__vhost_user_open(back_end.path, &fixture_client, 1, &fixture_memory,
		&transport);

	if (rc != 0)
		return rc;
	rc = transport->ops->queue_enable(transport, &setup, &notifier);
	transport->ops->close(transport);
	return rc;
}

/* False when there was nothing to refuse any more. */
static bool try_one(unsigned int n)
{
	const char *refused;
	int rc, blocks;

	forget_log();
	back_end_start(&back_end);
	fault_injection_begin(n);
	rc = open_and_enable();
	refused = fault_injection_end(&blocks);
	cr_expect_eq(blocks, 0, "%u, %s: %d blocks are kept", n, refused, blocks);
	if (refused == NULL)
		cr_expect_eq(rc, 0, "%u: %d", n, rc);
	else
		cr_expect((rc == -ENOMEM || rc == -EMFILE) && logged(back_end.path) &&
				logged("ulimit"),
			"%u, %s: %d: %s", n, refused, rc, log_text());
	back_end_finish(&back_end);
	return refused != NULL;
}

/* The transport, the two descriptors for events, and a queue's two eventfds. */
Test(vhost_fault_injection, every_step)
{
	unsigned int n = 0;

	while (try_one(n + 1))
		n++;
	cr_expect_eq(n, 5);
}
