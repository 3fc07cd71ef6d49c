/* SPDX-License-Identifier: BSD-3-Clause */
#include "types.h"

#include <string.h>

#include <criterion/criterion.h>

#include <kickless/driver/driver.h>

/* Virtio 1.4 knows the ids up to here; a PCI function can have 63. */
#define LAST 49
#define PCI_LAST 63

static bool is_unassigned(uint32_t type)
{
	return type == 14 || type == 15 || type == 37 || type > LAST;
}

Test(types, each_of_the_specification_has_a_name_and_a_title)
{
	for (uint32_t type = 0; type <= PCI_LAST; type++) {
		const char *name = type_name(type);

		cr_expect_eq(strncmp(name, "type-", 5) == 0, is_unassigned(type), "%u is %s", type,
			name);
		cr_expect_eq(strcmp(type_title(type), "not in the specification") == 0,
			is_unassigned(type), "%u is %s", type, type_title(type));
		cr_expect_gt(strlen(type_title(type)), 2);
	}
}

/* They are typed, as TYPE@N and in TYPE:KEY=VALUE. */
Test(types, names_can_be_typed)
{
	for (uint32_t type = 0; type <= PCI_LAST; type++) {
		const char *name = type_name(type);

		cr_expect_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(name),
			"%u is %s", type, name);
	}
}

Test(types, no_two_have_the_same)
{
	for (uint32_t type = 0; type <= PCI_LAST; type++) {
		char name[32];

		strcpy(name, type_name(type));
		for (uint32_t other = 0; other < type; other++)
			cr_expect_str_neq(type_name(other), name, "%u and %u", other, type);
	}
}

Test(types, some_by_heart)
{
	cr_expect_str_eq(type_title(0), "reserved (invalid)");
	cr_expect_str_eq(type_title(1), "network device");
	cr_expect_str_eq(type_title(4), "entropy source");
	cr_expect_str_eq(type_title(23), "IOMMU device");
	cr_expect_str_eq(type_title(26), "file system device");
	cr_expect_str_eq(type_title(45), "SPI controller");
	cr_expect_str_eq(type_name(37), "type-37");
	cr_expect_str_eq(type_name(UINT32_MAX), "type-4294967295");
	cr_expect_str_eq(type_title(UINT32_MAX), "not in the specification");
}

/* One word for a type, whichever program reads it. */
Test(types, drivers_go_by_the_same_names)
{
	const struct kl_driver *driver = NULL;
	unsigned int drivers = 0;

	while ((driver = kl_driver_next(driver)) != NULL) {
		cr_expect_str_eq(type_name(driver->types[0]), driver->name);
		drivers++;
	}
	cr_expect_geq(drivers, 3);
}
