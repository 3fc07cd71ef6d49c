/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The options behind a device's name, key=value[,key=value...]. All are checked before the
 * device is touched.
 */
#ifndef KL_CORE_OPTIONS_H
#define KL_CORE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <kickless/driver/driver.h>

#include "contract/transport.h"

/* Options that one driver may have. */
#define KL__DRIVER_OPTIONS_MAX 4

struct kl__options {
	struct kl_device_options common;
	struct kl__transport_choice transport;
	/* The driver's own, each once. */
	unsigned int own_count;
	struct {
		const struct kl_driver_option *option;
		char value[64];
	} own[KL__DRIVER_OPTIONS_MAX];
};

/* The facts about a device that are known when its options are parsed. */
struct kl__options_scope {
	const char *name; /* of the device, for messages */
	/* NULL where the device's type is not known yet: a key and value of any driver will do. */
	const struct kl_driver *driver;
	const struct kl__transport_option *transport; /* ended by a NULL key */
};

/*
 * Parses text, NULL for none, against the tables of the driver and of the transport. 0, -EINVAL
 * after a message, -ENOMEM.
 */
int kl__options_parse(const struct kl__options_scope *scope, const char *text,
	struct kl__options *options);

/* Hands the driver's own options to the driver of the device, which has been probed. */
void kl__options_apply(const struct kl__options *options, struct kl_device *device);

/* The value of the first key of that name in text; "" when there is none, or it does not fit. */
void kl__options_find(const char *text, const char *key, char *value, size_t size);

/* The registered drivers' names, for a message. Returns text. */
char *kl__driver_names(char *text, size_t size);

#endif
