/* SPDX-License-Identifier: BSD-3-Clause */
#include "number.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char units[] = "kMGT";

static int parse_digits(const char *text, uint64_t *value, char **end)
{
	unsigned long long parsed;

	/* strtoull would take white space and a sign, and turn -1 into the largest number. */
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	parsed = strtoull(text, end, 0);
	if (errno != 0)
		return -EINVAL;
	*value = parsed;
	return 0;
}

int number_parse(const char *text, char stop, uint64_t *value, const char **end)
{
	uint64_t parsed;
	char *rest;

	if (parse_digits(text, &parsed, &rest) != 0 || (*rest != '\0' && *rest != stop))
		return -EINVAL;
	*value = parsed;
	if (end != NULL)
		*end = rest;
	return 0;
}

int size_parse(const char *text, uint64_t *bytes)
{
	unsigned int shift = 0;
	const char *unit;
	uint64_t parsed;
	char *rest;

	if (parse_digits(text, &parsed, &rest) != 0)
		return -EINVAL;
	if (*rest != '\0') {
		unit = strchr(units, *rest == 'K' ? 'k' : *rest);
		if (unit == NULL || rest[1] != '\0')
			return -EINVAL;
		shift = 10 * (unsigned int)(unit - units + 1);
	}
	if (parsed > UINT64_MAX >> shift)
		return -EINVAL;
	*bytes = parsed << shift;
	return 0;
}

int seconds_parse(const char *text, double *seconds)
{
	double parsed;
	char *rest;

	if (!isdigit((unsigned char)text[0]) && text[0] != '.')
		return -EINVAL;
	errno = 0;
	parsed = strtod(text, &rest);
	if (errno != 0 || *rest != '\0' || !isfinite(parsed) || parsed <= 0 || parsed > 1e9)
		return -EINVAL;
	*seconds = parsed;
	return 0;
}

char *size_text(uint64_t bytes, char *text, size_t size)
{
	double value = (double)bytes;
	int unit = -1;

	while (value >= 1024 && unit < 3) {
		value /= 1024;
		unit++;
	}
	if (unit < 0)
		snprintf(text, size, "%" PRIu64 " bytes", bytes);
	else
		snprintf(text, size, "%.1f %ciB", value, toupper((unsigned char)units[unit]));
	return text;
}
