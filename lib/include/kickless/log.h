/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Messages of the library: one sentence each, which names the device, the field, the value seen,
 * the values allowed and the remedy. Nothing is logged on a data path.
 */
#ifndef KICKLESS_LOG_H
#define KICKLESS_LOG_H

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <kickless/version.h>

/** Levels of messages, the gravest first. */
enum kl_log_level {
	KL_LOG_ERROR,
	KL_LOG_WARNING,
	KL_LOG_NOTICE,
	KL_LOG_DEBUG,
};

/** A receiver of messages. message has no newline at its end and is valid during the call only. */
typedef void kl_log_fn(enum kl_log_level level, const char *message, void *context);

/**
 * Sends messages up to level to fn. A fn of NULL restores the default, which is stderr with the
 * prefix "kickless: ". The default level is KL_LOG_NOTICE.
 *
 * Thread: control, before other threads use the library.
 */
KL_API void kl_log_set(enum kl_log_level level, kl_log_fn *fn, void *context);

/**
 * Logs a message. One longer than 1023 bytes is cut. Control characters and what is not UTF-8 are
 * escaped (kl_text_escape), so it is one line whatever a device or a user wrote into it.
 *
 * Thread: any.
 */
KL_API void kl_log(enum kl_log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define kl_error(...) kl_log(KL_LOG_ERROR, __VA_ARGS__)
#define kl_warning(...) kl_log(KL_LOG_WARNING, __VA_ARGS__)
#define kl_notice(...) kl_log(KL_LOG_NOTICE, __VA_ARGS__)
#define kl_debug(...) kl_log(KL_LOG_DEBUG, __VA_ARGS__)

/**
 * Logs that bytes of this process's memory can't be had for name, such as a device.
 *
 * Thread: any.
 *
 * Returns: -ENOMEM.
 */
static inline int kl_no_memory(const char *name, size_t bytes)
{
	kl_error(
		"%s: no %zu bytes of memory are left; end other programs, or raise this one's limit "
		"(ulimit -v)",
		name, bytes);
	return -ENOMEM;
}

/**
 * Logs that no file descriptor can be had for name, right after the call that failed.
 *
 * Thread: any.
 *
 * Returns: -errno.
 */
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
