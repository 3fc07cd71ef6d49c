/* SPDX-License-Identifier: BSD-3-Clause */
#include "lists.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/number.h"

static bool has_item(const uint16_t *items, size_t count, uint64_t value)
{
	for (size_t i = 0; i < count; i++)
		if (items[i] == value)
			return true;
	return false;
}

int list_parse(const char *text, uint16_t *items, size_t max)
{
	size_t count = 0;
	uint64_t value;

	for (const char *at = text;; at++) {
		if (count == max || number_parse(at, ',', &value, &at) != 0 || value > UINT16_MAX ||
			has_item(items, count, value))
			return -EINVAL;
		items[count++] = value;
		if (*at == '\0')
			return count;
	}
}

static int digit_value(char digit)
{
	if (isdigit((unsigned char)digit))
		return digit - '0';
	return tolower((unsigned char)digit) - 'a' + 10;
}

int mask_parse(const char *text, uint16_t *items, size_t max)
{
	const char *digits = strncmp(text, "0x", 2) == 0 ? text + 2 : text;
	const size_t length = strlen(digits);
	size_t count = 0;

	for (size_t i = 0; i < length; i++) {
		const char digit = digits[length - 1 - i];

		if (!isxdigit((unsigned char)digit) || i >= UINT16_MAX / 4)
			return -EINVAL;
		for (unsigned int bit = 0; bit < 4; bit++) {
			if ((digit_value(digit) >> bit & 1) == 0)
				continue;
			if (count == max)
				return -EINVAL;
			items[count++] = 4 * i + bit;
		}
	}
	return count > 0 ? (int)count : -EINVAL;
}

/* Reads one number, up to stop, and sets *at behind that. */
static int take_number(const char **at, char stop, uint16_t *number)
{
	uint64_t value;

	if (number_parse(*at, stop, &value, at) != 0 || **at != stop || value > UINT16_MAX)
		return -EINVAL;
	*number = value;
	++*at;
	return 0;
}

int pairs_parse(const char *text, struct list_pair *pairs, size_t max)
{
	size_t count = 0;

	for (const char *at = text;; at++) {
		if (count == max || *at++ != '(' ||
			take_number(&at, ',', &pairs[count].first) != 0 ||
			take_number(&at, ')', &pairs[count].second) != 0)
			return -EINVAL;
		count++;
		if (*at == '\0')
			return count;
		if (*at != ',')
			return -EINVAL;
	}
}

#define MASK_BITS 64

bool mask_list_has(const char *text, unsigned int bit)
{
	for (unsigned int skipped = bit / MASK_BITS; *text != '\0'; text++) {
		if (!isxdigit((unsigned char)*text))
			continue;
		if (skipped-- == 0)
			return (strtoull(text, NULL, 16) >> bit % MASK_BITS & 1) != 0;
		while (isxdigit((unsigned char)text[1]) || text[1] == 'x')
			text++;
	}
	return false;
}
