/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the library has to say to a person: one sentence a message, naming the device, the field,
 * the value seen, the values allowed and the remedy. Nothing is logged on a data path.
 */
#ifndef KICKLESS_LOG_H
#define KICKLESS_LOG_H

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <kickless/version.h>

enum kl_log_level {
	KL_LOG_ERROR,
	KL_LOG_WARNING,
	KL_LOG_NOTICE,
	KL_LOG_DEBUG,
};

/* message has no trailing newline and is only valid during the call. */
typedef void kl_log_fn(enum kl_log_level level, const char *message, void *context);

/*
 * Sends messages up to level to fn; fn NULL restores the default, which is stderr with the prefix
 * "kickless: ". The default level is KL_LOG_NOTICE. Call it before other threads use the library.
 */
KL_API void kl_log_set(enum kl_log_level level, kl_log_fn *fn, void *context);

/* Any thread. Messages longer than 1023 bytes are cut. */
KL_API void kl_log(enum kl_log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define kl_error(...) kl_log(KL_LOG_ERROR, __VA_ARGS__)
#define kl_warning(...) kl_log(KL_LOG_WARNING, __VA_ARGS__)
#define kl_notice(...) kl_log(KL_LOG_NOTICE, __VA_ARGS__)
#define kl_debug(...) kl_log(KL_LOG_DEBUG, __VA_ARGS__)

/* For name, a device say, there is no memory of this process. Returns -ENOMEM. Any thread. */
static inline int kl_no_memory(const char *name, size_t bytes)
{
	kl_error(
		"%s: no %zu bytes of memory are left; end other programs, or raise this one's limit "
		"(ulimit -v)",
		name, bytes);
	return -ENOMEM;
}

/* As above, right after a call that failed to make a file descriptor. Returns -errno. */
static inline int kl_no_descriptor(const char *name)
{
	int rc = -errno;

	kl_error(
		"%s: there is no file descriptor to be had: %s; let this program have more (ulimit -n), or "
		"end others",
		name, strerror(-rc));
	return rc;
}

#endif
