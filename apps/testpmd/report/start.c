/* SPDX-License-Identifier: BSD-3-Clause */
#include "start.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

/* proc(5): the 22nd field, in ticks since boot. The second is a name in parentheses, with anything in it. */
#define FIELDS_AFTER_NAME \
	"%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu"

static uint64_t ticks_at_start(void)
{
	char text[1024] = "";
	FILE *file = fopen("/proc/self/stat", "re");
	unsigned long long ticks = 0;
	const char *name_end;

	if (file == NULL)
		return 0;
	if (fgets(text, sizeof(text), file) == NULL)
		text[0] = '\0';
	fclose(file);
	name_end = strrchr(text, ')');
	if (name_end == NULL || sscanf(name_end + 1, FIELDS_AFTER_NAME, &ticks) != 1)
		return 0;
	return ticks;
}

uint64_t start_ns(void)
{
	const uint64_t ticks = ticks_at_start();
	struct timespec now;

	if (ticks == 0)
		return 0;
	/* The ticks also run while the machine sleeps, our clock doesn't. */
	clock_gettime(CLOCK_BOOTTIME, &now);
	return clock_ns() + ticks * (SECOND_NS / sysconf(_SC_CLK_TCK)) -
		(now.tv_sec * SECOND_NS + now.tv_nsec);
}
