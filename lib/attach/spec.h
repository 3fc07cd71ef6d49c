/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The specification of a device that kl_device_open gets, "NAME[,key=value...]", taken apart and
 * checked before the device is touched.
 */
#ifndef KL_ATTACH_SPEC_H
#define KL_ATTACH_SPEC_H

#include "attach/name.h"
#include "core/options.h"

struct kl__spec {
	const char *text;
	char label[1200]; /* the text before the first comma, for messages */
	struct kl__name name;
	const char *option_text; /* behind the first comma, inside text; NULL for nothing */
	/* NULL where only the device itself shows its type, as MMIO registers do. */
	const struct kl_driver *driver;
	struct kl__options options;
};

/*
 * Parses text, which has to live as long as spec. default_type is the type of a device behind a
 * socket whose name has none; NULL: it has to be named, unless there is one driver only. The type
 * of a PCI function is read from the machine's sysfs. 0, or after a message -EINVAL (name, type,
 * key or value), -ENOTSUP (a type without a driver), -ENOMEM.
 */
int kl__spec_parse(const struct kl_machine *machine, const char *text, const char *default_type,
	struct kl__spec *spec);

/*
 * Sets the type that the device has. Options that were checked against another type's table, or
 * against all, are checked anew. 0; after a message -EINVAL, -ENOMEM.
 */
int kl__spec_set_type(struct kl__spec *spec, uint32_t type);

#endif
