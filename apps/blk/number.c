/* SPDX-License-Identifier: BSD-3-Clause */
#include "number.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char units[] = "kMGT";

static int parse(const char *text, uint64_t *value, char **end)
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

int number_parse(const char *text, uint64_t *value)
{
	uint64_t parsed;
	char *end;

	if (parse(text, &parsed, &end) != 0 || *end != '\0')
		return -EINVAL;
	*value = parsed;
	return 0;
}

int size_parse(const char *text, uint64_t *bytes)
{
	const char *unit;
	uint64_t parsed;
	char *end;
	unsigned int shift = 0;

	if (parse(text, &parsed, &end) != 0)
		return -EINVAL;
	if (*end != '\0') {
		unit = strchr(units, *end == 'K' ? 'k' : *end);
		if (unit == NULL || end[1] != '\0')
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
	char *end;

	if (!isdigit((unsigned char)text[0]) && text[0] != '.')
		return -EINVAL;
	errno = 0;
	parsed = strtod(text, &end);
	if (errno != 0 || *end != '\0' || !isfinite(parsed) || parsed <= 0 || parsed > 1e9)
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
		snprintf(text, size, "%llu bytes", (unsigned long long)bytes);
	else
		snprintf(text, size, "%.1f %ciB", value, toupper((unsigned char)units[unit]));
	return text;
}
