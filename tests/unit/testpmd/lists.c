/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/lists.h"

#include <errno.h>

#include <criterion/criterion.h>

Test(lists, numbers)
{
	uint16_t items[4] = {0};

	cr_expect_eq(list_parse("3", items, 4), 1);
	cr_expect_eq(items[0], 3);
	cr_expect_eq(list_parse("2,0,65535,0x10", items, 4), 4);
	cr_expect_eq(items[0], 2);
	cr_expect_eq(items[2], 65535);
	cr_expect_eq(items[3], 16);
}

Test(lists, numbers_refused)
{
	static const char *const bad[] = {"", ",", "1,", ",1", "1,,2", "1-2", "x", "-1", "65536",
		"1,1", "1 2", "1,2,3,4,5", "99999999999999999999"};
	uint16_t items[4];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(list_parse(bad[i], items, 4), -EINVAL, "'%s'", bad[i]);
}

Test(lists, masks)
{
	uint16_t items[4] = {0};

	cr_expect_eq(mask_parse("0x6", items, 4), 2);
	cr_expect_eq(items[0], 1);
	cr_expect_eq(items[1], 2);
	cr_expect_eq(mask_parse("F", items, 4), 4);
	cr_expect_eq(items[3], 3);
	cr_expect_eq(mask_parse("8000000000000000000000001", items, 4), 2);
	cr_expect_eq(items[1], 99);
}

Test(lists, masks_refused)
{
	static const char *const bad[] = {"", "0x", "0", "0x0", "g", "1 ", "-1", "0x1f"};
	uint16_t items[4];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(mask_parse(bad[i], items, 4), -EINVAL, "'%s'", bad[i]);
}

Test(lists, pairs)
{
	struct list_pair pairs[2] = {{0, 0}};

	cr_expect_eq(pairs_parse("(3,1)", pairs, 2), 1);
	cr_expect_eq(pairs[0].first, 3);
	cr_expect_eq(pairs[0].second, 1);
	cr_expect_eq(pairs_parse("(0,1),(127,0x2)", pairs, 2), 2);
	cr_expect_eq(pairs[1].first, 127);
	cr_expect_eq(pairs[1].second, 2);
}

Test(lists, pairs_refused)
{
	static const char *const bad[] = {"", "(", "()", "(1)", "(1,", "(1,2", "1,2", "(1,2),",
		"(1,2)(3,4)", "(1,2) ", "(65536,0)", "(0,65536)", "(-1,0)", "(1,2),(3,4),(5,6)",
		"(1,2,3)"};
	struct list_pair pairs[2];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(pairs_parse(bad[i], pairs, 2), -EINVAL, "'%s'", bad[i]);
}

Test(lists, masks_of_a_table)
{
	cr_expect(mask_list_has("(0xff)", 0));
	cr_expect(mask_list_has("(0xff)", 7));
	cr_expect_not(mask_list_has("(0xff)", 8));
	cr_expect_not(mask_list_has("(0xff)", 64), "there is no second mask");
	cr_expect(mask_list_has("(0x0,0x2)", 65));
	cr_expect(mask_list_has("(0),(ffffffffffffffff)", 127));
	cr_expect_not(mask_list_has("", 0));
	cr_expect_not(mask_list_has("(", 0));
}
