/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The version of the library, and the mark of what it exports.
 */
#ifndef KICKLESS_VERSION_H
#define KICKLESS_VERSION_H

/** The version of the sources; meson.build reads it from here. */
#define KL_VERSION "0.1.0"

/**
 * Marks what the shared library exports; everything else stays hidden. A name that starts with kl_
 * is promised, one that starts with kl__ is shared between our own files and may change at any
 * time.
 */
#define KL_API __attribute__((visibility("default")))

#endif
