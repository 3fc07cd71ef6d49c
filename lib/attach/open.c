/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kl_device_open: from a name to a function, through VFIO or UIO and its transport, to the
 * device's driver.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <kickless/bus.h>
#include <kickless/log.h>

#include "attach/candidates.h"
#include "attach/function.h"
#include "attach/name.h"
#include "attach/registers.h"
#include "core/device.h"
#include "platform/devmem.h"
#include "platform/host.h"
#include "platform/shared_memory.h"
#include "platform/uio.h"
#include "platform/vfio.h"
#include "transport/vhost_user.h"

static int open_function(const char *address, enum kl__pci_interface interface,
	struct kl_device **device)
{
	struct kl__pci_access *access;
	struct kl__host *host;
	int rc;

	if (kl__device_is_open(address)) {
		kl_error("%s: is open in this program already; name each device once", address);
		return -EBUSY;
	}
	if (kl__uio_is_bound(&kl_machine_current, address))
		rc = kl__uio_open(address, &access, &host);
	else
		rc = kl__vfio_open(address, &access, &host);
	if (rc != 0)
		return rc;
	return kl__attach_function(access, host, interface, device);
}

/* Which of two interfaces is to be used has to be known before the device is touched. */
static enum kl__pci_interface interface_of(const struct kl__name *name)
{
	if (name->legacy[0] == '1')
		return KL__PCI_USE_LEGACY;
	return name->legacy[0] == '0' ? KL__PCI_USE_MODERN : KL__PCI_BEST;
}

/* What the name means when it names a type: the nth, or the first that answers to the key. */
static int open_nth(const struct kl__candidates *candidates, const struct kl__name *name,
	const char *spec, struct kl_device **device)
{
	if (name->nth >= candidates->count) {
		kl__candidates_explain(candidates, spec, name->type);
		return -ENODEV;
	}
	return open_function(candidates->functions[name->nth].address, interface_of(name), device);
}

static int open_by_key(const struct kl__candidates *candidates, const struct kl__name *name,
	const struct kl_driver *driver, const char *spec, struct kl_device **device)
{
	int rc, failure = 0;

	if (driver->is_named == NULL) {
		kl_error(
			"%s: devices of type %s have no keys to find them by; name it %s@N or by its address",
			spec, name->type, name->type);
		return -EINVAL;
	}
	for (size_t i = 0; i < candidates->count; i++) {
		/* To be asked it would have to be reset under whoever uses it. */
		if (kl__device_is_open(candidates->functions[i].address))
			continue;
		rc = open_function(candidates->functions[i].address, interface_of(name), device);
		if (rc != 0) {
			failure = rc;
			continue;
		}
		if (driver->is_named(*device, name->key, name->value))
			return 0;
		kl_device_close(*device);
	}
	/* One that could not be asked, which has been said, may have been the one. */
	kl__candidates_explain(candidates, spec, name->type);
	return failure != 0 ? failure : -ENODEV;
}

static void list_types(char *text, size_t size)
{
	const struct kl_driver *driver = NULL;
	size_t length = 0;

	text[0] = '\0';
	while ((driver = kl_driver_next(driver)) != NULL && length < size)
		length += (size_t)snprintf(text + length, size - length, "%s%s",
			length != 0 ? ", " : "", driver->name);
}

static int open_by_type(const struct kl__name *name, const char *spec, struct kl_device **device)
{
	const struct kl_driver *driver = kl_driver_find_name(name->type);
	struct kl__candidates candidates;
	char types[128];
	int rc;

	if (driver == NULL) {
		list_types(types, sizeof(types));
		kl_error("%s: %s is not a type that this program has a driver for; those are: %s",
			spec, name->type, types);
		return -EINVAL;
	}
	rc = kl__candidates_find(&kl_machine_current, driver, &candidates);
	if (rc != 0)
		return rc;
	if (name->kind == KL__NAME_NTH)
		rc = open_nth(&candidates, name, spec, device);
	else
		rc = open_by_key(&candidates, name, driver, spec, device);
	kl__candidates_free(&candidates);
	return rc;
}

/* The socket does not tell which type of device is behind it. */
static const struct kl_driver *driver_of_back_end(const struct kl__name *name)
{
	const struct kl_driver *first = kl_driver_next(NULL);

	if (name->type[0] != '\0')
		return kl_driver_find_name(name->type);
	return first != NULL && kl_driver_next(first) == NULL ? first : NULL;
}

static int open_back_end(const struct kl__name *name, const char *spec, struct kl_device **device)
{
	const struct kl_driver *driver = driver_of_back_end(name);
	struct kl__transport *transport;
	struct kl__host *host;
	char types[128];
	int rc;

	if (driver == NULL) {
		list_types(types, sizeof(types));
		kl_error(
			"%s: what is behind a socket has to be said: add ,type=TYPE with TYPE one of: %s",
			spec, types);
		return -EINVAL;
	}
	rc = kl__host_create(-1, false, &host);
	if (rc != 0)
		return rc;
	rc = kl__vhost_user_open(name->value, name->server[0] == '1', driver->types[0],
		&kl__eal_shared_memory, &transport);
	if (rc != 0)
		goto close_host;
	rc = kl__device_attach(transport, host, NULL, device);
	if (rc == 0)
		return 0;
	transport->ops->close(transport);
close_host:
	host->close(host);
	return rc;
}

static int open_registers(const struct kl__name *name, struct kl_device **device)
{
	struct kl__mmio_access *access;
	struct kl__host *host;
	int rc = kl__devmem_open(name->registers, &access, &host);

	if (rc != 0)
		return rc;
	if (name->irq >= 0)
		kl_warning("%s: its interrupt %d is not used: /dev/mem hands out none",
			access->name, name->irq);
	return kl__attach_registers(access, host, device);
}

static int open_named(const struct kl__name *name, const char *spec, struct kl_device **device)
{
	switch (name->kind) {
	case KL__NAME_ADDRESS:
		return open_function(name->address, interface_of(name), device);
	case KL__NAME_NTH:
	case KL__NAME_KEY:
		return open_by_type(name, spec, device);
	case KL__NAME_VHOST_USER:
		return open_back_end(name, spec, device);
	case KL__NAME_MMIO:
		return open_registers(name, device);
	}
	return -EINVAL;
}

int kl_device_open(const char *spec, struct kl_device **result)
{
	struct kl_device *device;
	struct kl__name name;
	char types[128];
	int rc;

	if (kl__name_parse(spec, &name) != 0) {
		list_types(types, sizeof(types));
		kl_error(
			"\"%s\" is not the name of a device; allowed: a PCI address (0000:00:05.0, 00:05.0), "
			"TYPE@N or TYPE:KEY=VALUE with TYPE one of: %s, mmio:0xADDRESS, "
			"vhost-user:PATH[,server=0|1]; each may be followed by ,key=value",
			spec, types);
		return -EINVAL;
	}
	rc = open_named(&name, spec, &device);
	if (rc != 0)
		return rc;
	rc = kl__device_parse_options(device, name.options);
	if (rc != 0) {
		kl_device_close(device);
		return rc;
	}
	*result = device;
	return 0;
}
