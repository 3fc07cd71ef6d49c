/* SPDX-License-Identifier: BSD-3-Clause */
#include <kickless/text.h>

#include <string.h>

#include <criterion/criterion.h>
#include <kickless/log.h>

#define BYTES(text) (text), sizeof(text) - 1

static const struct {
	const char *bytes;
	size_t count;
	const char *also;
	const char *expected;
} rows[] = {
	{BYTES(""), "", ""},
	{BYTES("disk-0 (\"a'b\")"), "", "disk-0 (\"a'b\")"},
	{BYTES("\033[2J\033]0;x\007"), "", "\\x1b[2J\\x1b]0;x\\x07"},
	{BYTES("a\nb\r\tc\x7f"), "", "a\\x0ab\\x0d\\x09c\\x7f"},
	{BYTES("a\0b\0"), "", "a\\x00b\\x00"},
	{BYTES("a\\x41,b"), "", "a\\x41,b"},
	{BYTES("a\\x41,b"), "\\,", "a\\x5cx41\\x2cb"},
	/* Valid UTF-8 of two, three and four bytes. */
	{BYTES("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), "", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
	/* Controls of 8 bits: as bytes, and as UTF-8. CSI is 0x9b. */
	{BYTES("\x9b"
	       "2J\x85"),
		"", "\\x9b2J\\x85"},
	{BYTES("\xc2\x9b"
	       "2J"),
		"", "\\xc2\\x9b2J"},
	/* Not UTF-8: alone, cut, too long, a surrogate, beyond Unicode, no character. */
	{BYTES("\xff\xfe\x80"), "", "\\xff\\xfe\\x80"},
	{BYTES("\xe2\x82"), "", "\\xe2\\x82"},
	{BYTES("\xe2\x82z"), "", "\\xe2\\x82z"},
	{BYTES("\xc0\xaf\xc1\x81\xe0\x80\xaf"), "", "\\xc0\\xaf\\xc1\\x81\\xe0\\x80\\xaf"},
	{BYTES("\xed\xa0\x80"), "", "\\xed\\xa0\\x80"},
	{BYTES("\xf4\x90\x80\x80"), "", "\\xf4\\x90\\x80\\x80"},
	{BYTES("\xf5\x80\x80\x80"), "", "\\xf5\\x80\\x80\\x80"},
	{BYTES("\xef\xbf\xbf"), "", "\\xef\\xbf\\xbf"},
	/* Text that is hidden or reversed. */
	{BYTES("a\xe2\x80\xae"
	       "b\xe2\x80\x8b\xef\xbb\xbf"),
		"", "a\\xe2\\x80\\xaeb\\xe2\\x80\\x8b\\xef\\xbb\\xbf"},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

Test(text, escapes)
{
	char text[256];

	for (unsigned int i = 0; i < ROWS; i++)
		cr_expect_str_eq(kl_text_escape(rows[i].bytes, rows[i].count, rows[i].also, text,
					 sizeof(text)),
			rows[i].expected, "row %u: %s", i, text);
}

/* All values of two bytes in a row come back as they were, and what is shown is harmless. */
Test(text, is_reversible)
{
	char text[KL_TEXT_BYTES(2)];
	unsigned char back[2];

	for (unsigned int i = 0; i < 65536; i++) {
		const unsigned char bytes[2] = {i >> 8 & 0xff, i & 0xff};

		kl_text_escape(bytes, 2, "\\", text, sizeof(text));
		for (const char *c = text; *c != '\0'; c++)
			cr_assert((unsigned char)*c >= 0x20 && *c != 0x7f, "%u", i);
		cr_assert_eq(kl_text_unescape(text, back, 2), 2, "%u: %s", i, text);
		cr_assert_arr_eq(back, bytes, 2, "%u: %s", i, text);
	}
}

Test(text, is_cut_between_characters)
{
	char text[16];

	for (size_t size = 1; size <= 16; size++) {
		memset(text, 'z', sizeof(text));
		kl_text_escape(BYTES("a\x01\xc3\xa9\xe2\x82\xac"
				     "b"),
			"", text, size);
		cr_expect_lt(strlen(text), size);
		cr_expect_str_eq(text,
			size < 2          ? "" :
				size < 6  ? "a" :
				size < 8  ? "a\\x01" :
				size < 11 ? "a\\x01\xc3\xa9" :
				size < 12 ? "a\\x01\xc3\xa9\xe2\x82\xac" :
					    "a\\x01\xc3\xa9\xe2\x82\xac"
					    "b");
	}
}

Test(text, escapes_that_are_none)
{
	unsigned char bytes[8];

	cr_expect_eq(kl_text_unescape("\\x4", bytes, 8), 3);
	cr_expect_arr_eq(bytes, "\\x4", 3);
	cr_expect_eq(kl_text_unescape("\\X41\\xG1", bytes, 8), 8);
	cr_expect_eq(kl_text_unescape("\\x4aB\\xFF", bytes, 8), 3);
	cr_expect_arr_eq(bytes, "JB\xff", 3);
	cr_expect_eq(kl_text_unescape("123456789", bytes, 8), 9, "more than there is room for");
}

static char logged_text[2048];

static void keep(enum kl_log_level level, const char *message, void *context)
{
	(void)level;
	(void)context;
	strcpy(logged_text, message);
}

Test(text, a_log_is_one_line)
{
	kl_log_set(KL_LOG_DEBUG, keep, NULL);
	kl_error("the serial number is '%s'", "\033[31m\nkickless: all is well\x9b");
	cr_expect_str_eq(logged_text,
		"the serial number is '\\x1b[31m\\x0akickless: all is well\\x9b'");
}
