/* SPDX-License-Identifier: BSD-3-Clause */
#include "fault_injection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "finish.h"

static bool is_begun;
static unsigned int left;
static const char *refused;
static int kept;
static void *(*host_alloc)(struct kl__host *host, size_t size, size_t align, uint64_t *iova);
static void *(*host_alloc_private)(struct kl__host *host, size_t size);

static bool refuses(const char *what)
{
	if (!is_begun || left == 0 || --left > 0)
		return false;
	refused = what;
	errno = strcmp(what, "eventfd") == 0 || strcmp(what, "epoll_create1") == 0 ? EMFILE :
										     ENOMEM;
	return true;
}

static void *keep(void *block)
{
	if (is_begun && block != NULL)
		kept++;
	return block;
}

/* The linker's --wrap puts these in the way, and knows of shared libraries that call the same. */
#pragma GCC visibility push(default)
#define WRAPPED(type, name, parameters, arguments) \
	type __real_##name parameters; \
	type __wrap_##name parameters; \
	type __wrap_##name parameters \
	{ \
		return refuses(#name) ? NULL : keep(__real_##name arguments); \
	} \
	type __wrap_##name parameters

WRAPPED(void *, malloc, (size_t size), (size));
WRAPPED(void *, calloc, (size_t count, size_t size), (count, size));
WRAPPED(void *, aligned_alloc, (size_t align, size_t size), (align, size));
WRAPPED(char *, strdup, (const char *text), (text));

void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);

void *__wrap_realloc(void *block, size_t size)
{
	if (refuses("realloc"))
		return NULL;
	return block == NULL ? keep(__real_realloc(block, size)) : __real_realloc(block, size);
}

void __real_free(void *block);
void __wrap_free(void *block);

void __wrap_free(void *block)
{
	kept -= is_begun && block != NULL;
	__real_free(block);
}

int __real_eventfd(unsigned int count, int flags);
int __wrap_eventfd(unsigned int count, int flags);

int __wrap_eventfd(unsigned int count, int flags)
{
	return refuses("eventfd") ? -1 : __real_eventfd(count, flags);
}

int __real_epoll_create1(int flags);
int __wrap_epoll_create1(int flags);

int __wrap_epoll_create1(int flags)
{
	return refuses("epoll_create1") ? -1 : __real_epoll_create1(flags);
}

#pragma GCC visibility pop

static void *alloc_for_device(struct kl__host *host, size_t size, size_t align, uint64_t *iova)
{
	return refuses("memory for the device") ? NULL : host_alloc(host, size, align, iova);
}

static void *alloc_private(struct kl__host *host, size_t size)
{
	return refuses("private memory") ? NULL : host_alloc_private(host, size);
}

void fault_injection_begin(unsigned int n)
{
	refused = NULL;
	left = n;
	kept = 0;
	is_begun = true;
}

const char *fault_injection_end(int *blocks)
{
	is_begun = false;
	*blocks = kept;
	return refused;
}

static void expect_nothing_left(const struct fault_trial *trial, unsigned int n)
{
	const char *what = refused != NULL ? refused : "nothing";

	cr_expect_eq(kept, 0, "%u, %s: %d blocks are kept", n, what, kept);
	cr_expect_eq(trial->fake->allocated, 0, "%u, %s", n, what);
	cr_expect_eq(trial->fake->allocated_private, 0, "%u, %s", n, what);
	cr_expect_eq(trial->fake->status & 4, 0, "%u, %s: DRIVER_OK", n, what);
	for (unsigned int i = 0; i < FAKE_QUEUES; i++)
		cr_expect(!trial->fake->queue[i].is_enabled, "%u, %s: queue %u", n, what, i);
}

static void expect_failed(const struct fault_trial *trial, unsigned int n, int rc)
{
	cr_assert_neq(refused, NULL, "%u: %s", n, log_text());
	cr_expect_eq(rc, -ENOMEM, "%u, %s: %d", n, refused, rc);
	cr_expect(logged(trial->fake->access.name) && logged("memory"), "%u, %s: %s", n, refused,
		log_text());
}

static bool try_one(const struct fault_trial *trial, unsigned int n)
{
	int rc;

	forget_log();
	trial->fake->access_closes = trial->fake->host_closes = 0;
	host_alloc = trial->fake->host.alloc;
	host_alloc_private = trial->fake->host.alloc_private;
	trial->fake->host.alloc = alloc_for_device;
	trial->fake->host.alloc_private = alloc_private;
	fault_injection_begin(n);
	rc = trial->start();
	left = 0;
	if (rc == 0) {
		is_begun = false;
		trial->expect_works();
		is_begun = true;
	}
	trial->close();
	is_begun = false;
	trial->fake->host.alloc = host_alloc;
	trial->fake->host.alloc_private = host_alloc_private;
	if (rc != 0)
		expect_failed(trial, n, rc);
	else
		cr_expect(refused == NULL || logged(trial->fake->access.name), "%u, %s: %s", n,
			refused, log_text());
	expect_nothing_left(trial, n);
	return refused != NULL;
}

unsigned int fault_injection_try_all(const struct fault_trial *trial)
{
	unsigned int n = 0;

	while (try_one(trial, n + 1))
		n++;
	return n;
}
