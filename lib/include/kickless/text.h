/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Text that comes from a device or from the system, such as a serial number, made fit to be shown:
 * it can't control a terminal, forge a line of a log, or make a JSON object invalid.
 *
 *	function			thread	states		returns
 *	kl_text_escape			any	-		text
 *	kl_text_unescape		any	-		a number of bytes
 */
#ifndef KICKLESS_TEXT_H
#define KICKLESS_TEXT_H

#include <stddef.h>

#include <kickless/version.h>

/** Room for count bytes, all escaped, and the end of the string. */
#define KL_TEXT_BYTES(count) (4 * (size_t)(count) + 1)

/**
 * Writes count bytes to text as valid UTF-8 without control characters. Each byte of what can't be
 * shown becomes \xHH: control characters (also those of 8 bits and the ones that reverse or hide
 * text), and bytes that are not UTF-8. So do the ASCII characters in also. When those include the
 * backslash, kl_text_unescape gets the same bytes back. What does not fit is cut between two
 * characters; text is always terminated. size is at least 1.
 *
 * Thread: any.
 * Returns: text.
 */
KL_API char *kl_text_escape(const void *bytes, size_t count, const char *also, char *text,
	size_t size);

/**
 * Writes the bytes that text stands for: \xHH is one byte, all else stays. The bytes are not
 * terminated; those beyond size are not written.
 *
 * Thread: any.
 * Returns: the number of bytes, which may be more than size.
 */
KL_API size_t kl_text_unescape(const char *text, void *bytes, size_t size);

#endif
