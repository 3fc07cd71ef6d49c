/* SPDX-License-Identifier: BSD-3-Clause */
#include <kickless/text.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * Characters beyond ASCII that show nothing of their own: controls of 8 bits, and those that hide,
 * join, or reverse the text around them.
 */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{0x80, 0x9f},
	{0xad, 0xad},
	{0x61c, 0x61c},
	{0x180e, 0x180e},
	{0x200b, 0x200f},
	{0x2028, 0x202e},
	{0x2060, 0x206f},
	{0xfeff, 0xfeff},
	{0xfff9, 0xfffb},
	{0xe0000, 0xe0fff},
};

static bool is_hidden(uint32_t character)
{
	/* The last two of each plane are no characters. */
	if ((character & 0xfffe) == 0xfffe)
		return true;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (character >= hidden[i].first && character <= hidden[i].last)
			return true;
	return false;
}

/* Bytes of the visible character of several bytes that begins here, 0 when none does. RFC 3629. */
static size_t visible_bytes(const uint8_t *bytes, size_t count)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const size_t length = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
	uint32_t character = bytes[0] & (0x7fu >> length);

	if (bytes[0] < 0xc2 || bytes[0] > 0xf4 || length > count)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (bytes[i] & 0x3f);
	}
	/* Longer than needed, half of a pair of UTF-16, or beyond Unicode. */
	if (character < least[length] || (character >= 0xd800 && character <= 0xdfff) ||
		character > 0x10ffff)
		return 0;
	return is_hidden(character) ? 0 : length;
}

char *kl_text_escape(const void *from, size_t count, const char *also, char *text, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = from;
	size_t at = 0, length;

	for (size_t i = 0; i < count; i += length) {
		bool is_ascii = bytes[i] >= 0x20 && bytes[i] < 0x7f &&
			strchr(also, bytes[i]) == NULL;

		length = is_ascii ? 1 : bytes[i] >= 0x80 ? visible_bytes(bytes + i, count - i) : 0;
		if (at + (length != 0 ? length : 4) >= size)
			break;
		if (length != 0) {
			memcpy(text + at, bytes + i, length);
			at += length;
			continue;
		}
		length = 1;
		text[at++] = '\\';
		text[at++] = 'x';
		text[at++] = digits[bytes[i] >> 4];
		text[at++] = digits[bytes[i] & 15];
	}
	text[at] = '\0';
	return text;
}

static int digit_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit |= 0x20;
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

size_t kl_text_unescape(const char *text, void *to, size_t size)
{
	uint8_t *bytes = to;
	size_t count = 0;

	while (*text != '\0') {
		uint8_t byte = (uint8_t)*text;
		bool is_escape = text[0] == '\\' && text[1] == 'x' && digit_value(text[2]) >= 0 &&
			digit_value(text[3]) >= 0;

		if (is_escape)
			byte = (uint8_t)(digit_value(text[2]) << 4 | digit_value(text[3]));
		text += is_escape ? 4 : 1;
		if (count < size)
			bytes[count] = byte;
		count++;
	}
	return count;
}
