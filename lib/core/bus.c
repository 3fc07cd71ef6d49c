/* SPDX-License-Identifier: BSD-3-Clause */
/* The drivers that are linked in, by type: the type is data here and nothing else. */
#include <kickless/driver/driver.h>

#include <string.h>

static struct kl_driver *first;

void kl_driver_register(struct kl_driver *driver)
{
	driver->next = first;
	first = driver;
}

const struct kl_driver *kl_driver_next(const struct kl_driver *driver)
{
	return driver == NULL ? first : driver->next;
}

static bool has_type(const struct kl_driver *driver, uint32_t type)
{
	for (const uint32_t *t = driver->types; *t != 0; t++)
		if (*t == type)
			return true;
	return false;
}

const struct kl_driver *kl_driver_find_type(uint32_t type)
{
	const struct kl_driver *driver = NULL;

	while ((driver = kl_driver_next(driver)) != NULL)
		if (has_type(driver, type))
			break;
	return driver;
}

const struct kl_driver *kl_driver_find_name(const char *name)
{
	const struct kl_driver *driver = NULL;

	while ((driver = kl_driver_next(driver)) != NULL)
		if (strcmp(driver->name, name) == 0)
			break;
	return driver;
}
