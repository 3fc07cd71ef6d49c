/* SPDX-License-Identifier: BSD-3-Clause */
#include "attach/spec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <kickless/log.h>

#include "pci/pci_identity.h"
#include "platform/pci.h"
#include "transport/mmio.h"
#include "transport/pci.h"
#include "transport/vhost_user.h"

static const struct kl__transport_option *transport_options(const struct kl__name *name)
{
	switch (name->kind) {
	case KL__NAME_VHOST_USER:
		return kl__vhost_user_options;
	case KL__NAME_MMIO:
		return kl__mmio_options;
	default:
		return kl__pci_options;
	}
}

static int parse_options(struct kl__spec *spec)
{
	const struct kl__options_scope scope = {
		.name = spec->label,
		.driver = spec->driver,
		.transport = transport_options(&spec->name),
	};

	return kl__options_parse(&scope, spec->option_text, &spec->options);
}

static int split_text(const char *text, struct kl__spec *spec)
{
	size_t length = strcspn(text, ",");

	*spec = (struct kl__spec){.text = text};
	if (length >= sizeof(spec->label))
		return -EINVAL;
	snprintf(spec->label, sizeof(spec->label), "%.*s", (int)length, text);
	if (text[length] == ',')
		spec->option_text = text + length + 1;
	return kl__name_parse(spec->label, &spec->name);
}

static int refuse_type(const struct kl__spec *spec, const char *type)
{
	char types[128];

	kl_error("%s: %s is not a type that this program has a driver for; those are: %s",
		spec->label, type, kl__driver_names(types, sizeof(types)));
	return -EINVAL;
}

/* The driver of TYPE@N and TYPE:KEY=VALUE, else the one that the option type= names. */
static int find_driver_by_name(struct kl__spec *spec)
{
	char type[32];

	kl__options_find(spec->option_text, "type", type, sizeof(type));
	if (spec->name.type[0] != '\0')
		snprintf(type, sizeof(type), "%s", spec->name.type);
	if (type[0] == '\0')
		return 0;
	spec->driver = kl_driver_find_name(type);
	return spec->driver != NULL ? 0 : refuse_type(spec, type);
}

/* The type by sysfs. Where the kernel shows no such function, opening it will explain why. */
static int find_driver_of_function(const struct kl_machine *machine, struct kl__spec *spec)
{
	const struct kl_driver *driver;
	uint32_t type;

	if (kl__pci_read_type(machine, spec->name.address, &type) != 0)
		return 0;
	driver = kl_driver_find_type(type);
	if (driver == NULL) {
		kl_error("%s: virtio device type %u has no driver in this program", spec->label,
			type);
		return -ENOTSUP;
	}
	spec->driver = driver;
	return 0;
}

/* Nothing of a socket shows which type of device is behind it. */
static int find_driver_of_back_end(struct kl__spec *spec, const char *default_type)
{
	const struct kl_driver *first = kl_driver_next(NULL);
	char types[128];

	if (spec->driver == NULL && default_type != NULL)
		spec->driver = kl_driver_find_name(default_type);
	if (spec->driver != NULL)
		return 0;
	if (first != NULL && kl_driver_next(first) == NULL) {
		spec->driver = first;
		return 0;
	}
	kl_error(
		"%s: the type of the device behind a socket has to be named: add ,type=TYPE with TYPE one of: %s",
		spec->label, kl__driver_names(types, sizeof(types)));
	return -EINVAL;
}

/* A wrong KEY of TYPE:KEY=VALUE, or a value that no device can have, finds nothing. */
static int check_key(const struct kl__spec *spec)
{
	const struct kl_driver *driver = spec->driver;
	const struct kl__name *name = &spec->name;

	if (driver->name_key == NULL) {
		kl_error(
			"%s: devices of type %s have no keys to find them by; name it %s@N or by its address",
			spec->label, name->type, name->type);
		return -EINVAL;
	}
	if (strcmp(driver->name_key, name->key) == 0)
		return 0;
	kl_error("%s: devices of type %s are not found by %s; allowed: %s:%s=VALUE, %s@N",
		spec->label, name->type, name->key, name->type, driver->name_key, name->type);
	return -EINVAL;
}

int kl__spec_parse(const struct kl_machine *machine, const char *text, const char *default_type,
	struct kl__spec *spec)
{
	char types[128];
	int rc = split_text(text, spec);

	if (rc != 0) {
		kl_error(
			"\"%s\" is not the name of a device; allowed: a PCI address (0000:00:05.0, 00:05.0), "
			"TYPE@N or TYPE:KEY=VALUE with TYPE one of: %s, mmio:0xADDRESS, "
			"vhost-user:PATH[,server=1[,mode=OCTAL][,group=NAME]]; each may be followed by ,key=value",
			text, kl__driver_names(types, sizeof(types)));
		return rc;
	}
	rc = find_driver_by_name(spec);
	if (rc == 0 && spec->name.kind == KL__NAME_ADDRESS)
		rc = find_driver_of_function(machine, spec);
	if (rc == 0 && spec->name.kind == KL__NAME_VHOST_USER)
		rc = find_driver_of_back_end(spec, default_type);
	if (rc == 0 && spec->name.kind == KL__NAME_KEY)
		rc = check_key(spec);
	return rc == 0 ? parse_options(spec) : rc;
}

int kl__spec_set_type(struct kl__spec *spec, uint32_t type)
{
	const struct kl_driver *driver = kl_driver_find_type(type);

	if (driver == NULL || driver == spec->driver)
		return 0;
	spec->driver = driver;
	return parse_options(spec);
}
