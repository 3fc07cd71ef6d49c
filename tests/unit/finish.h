/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of every test with a fake device, and the library's captured log. */
#ifndef UNIT_FINISH_H
#define UNIT_FINISH_H

#include <stdbool.h>

#include <criterion/criterion.h>

#include "fake_device.h"

/*
 * A test between set_up and tear_down, two functions of its file. (Criterion's own .fini runs too
 * late: what it expects is printed but not counted.)
 */
#define FRAMED_TEST(suite, name) \
	static void suite##_##name##_body(void); \
	Test(suite, name) \
	{ \
		set_up(); \
		suite##_##name##_body(); \
		tear_down(); \
	} \
	static void suite##_##name##_body(void)

/* Expects that the driver broke no rule and gave everything back, and frees the fake device. */
void finish(struct fake_device *fake);

/* From now on messages of the library are kept instead of printed, up to debug. */
void capture_log(void);
/* True if a captured message contains part. */
bool logged(const char *part);
const char *log_text(void);
void forget_log(void);

#endif
