/* SPDX-License-Identifier: BSD-3-Clause */
#include "number.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

int number_parse(const char *text, char stop, uint64_t *value, const char **end)
{
	char *rest;
	unsigned long long parsed;

	/* strtoull would take white space and a sign, and turn -1 into the largest number. */
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	parsed = strtoull(text, &rest, 0);
	if (errno != 0 || (*rest != '\0' && *rest != stop))
		return -EINVAL;
	*value = parsed;
	if (end != NULL)
		*end = rest;
	return 0;
}

int seconds_parse(const char *text, double *seconds)
{
	char *rest;
	double parsed;

	if (!isdigit((unsigned char)text[0]) && text[0] != '.')
		return -EINVAL;
	errno = 0;
	parsed = strtod(text, &rest);
	if (errno != 0 || *rest != '\0' || !isfinite(parsed) || parsed > 1e9)
		return -EINVAL;
	*seconds = parsed;
	return 0;
}
