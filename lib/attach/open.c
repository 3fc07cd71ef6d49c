/* SPDX-License-Identifier: BSD-3-Clause */
/* kl_device_open: from a name to a function, through VFIO and its transport, to the device's driver. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <kickless/bus.h>
#include <kickless/log.h>

#include "attach/candidates.h"
#include "attach/name.h"
#include "core/device.h"
#include "platform/pci_command.h"
#include "platform/vfio.h"
#include "spec/status.h"
#include "transport/pci_modern.h"

/*
 * A device that a killed process left running still knows the addresses of its queues, and without a
 * function level reset it would use them as soon as it may: so it is reset before that. A device that
 * does not end its reset never gets the right to write to memory.
 */
static int silence(struct kl__transport *transport)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	transport->ops->set_status(transport, VIRTIO_STATUS_RESET);
	for (unsigned int ms = 0; ms < kl__reset_timeout_ms; ms++) {
		uint8_t status = transport->ops->get_status(transport);

		if (status == VIRTIO_STATUS_RESET)
			return 0;
		if (status == VIRTIO_STATUS_GONE) {
			kl_error(
				"%s: every register reads as all ones; the device has left the bus, or its "
				"memory decoding is off",
				transport->name);
			return -EIO;
		}
		nanosleep(&pause, NULL);
	}
	kl_error(
		"%s: reset did not end within %u ms: device_status should be 0 but is 0x%02x; unplug the "
		"device or restart the machine",
		transport->name, kl__reset_timeout_ms, transport->ops->get_status(transport));
	return -ETIMEDOUT;
}

/* Without options yet: who is looking for a device by a key has to ask it first. */
static int open_function(const char *address, struct kl_device **device)
{
	struct kl__transport *transport;
	struct kl__pci_access *access;
	struct kl__host *host;
	int rc;

	rc = kl__vfio_open(address, &access, &host);
	if (rc != 0)
		return rc;
	rc = kl__pci_modern_open(access, &transport);
	if (rc != 0)
		goto close_access;
	rc = silence(transport);
	if (rc != 0)
		goto close_transport;
	rc = kl__pci_command(access, PCI_CFG_COMMAND_MASTER, 0);
	if (rc != 0) {
		kl_error("%s: its command register can't be written; is the device still there?",
			address);
		goto close_transport;
	}
	rc = kl__device_attach(transport, host, NULL, device);
	if (rc != 0)
		goto close_transport;
	return 0;
close_transport:
	transport->ops->close(transport);
	goto close_host;
close_access:
	access->ops->close(access);
close_host:
	host->close(host);
	return rc;
}

/* What the name means when it names a type: the nth, or the first that answers to the key. */
static int open_nth(const struct kl__candidates *candidates, const struct kl__name *name,
	const char *spec, struct kl_device **device)
{
	if (name->nth >= candidates->count) {
		kl__candidates_explain(candidates, spec, name->type);
		return -ENODEV;
	}
	return open_function(candidates->functions[name->nth].address, device);
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
		rc = open_function(candidates->functions[i].address, device);
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
	const struct kl_driver *driver = kl_driver_by_name(name->type);
	struct kl__candidates candidates;
	char types[128];
	int rc;

	if (driver == NULL) {
		list_types(types, sizeof(types));
		kl_error("%s: %s is not a type that this program has a driver for; those are: %s",
			spec, name->type, types);
		return -EINVAL;
	}
	rc = kl__candidates_find(&kl_this_machine, driver, &candidates);
	if (rc != 0)
		return rc;
	if (name->kind == KL__NAME_NTH)
		rc = open_nth(&candidates, name, spec, device);
	else
		rc = open_by_key(&candidates, name, driver, spec, device);
	kl__candidates_free(&candidates);
	return rc;
}

static int open_named(const struct kl__name *name, const char *spec, struct kl_device **device)
{
	switch (name->kind) {
	case KL__NAME_ADDRESS:
		return open_function(name->address, device);
	case KL__NAME_NTH:
	case KL__NAME_KEY:
		return open_by_type(name, spec, device);
	case KL__NAME_MMIO:
	case KL__NAME_VHOST_USER:
		break;
	}
	kl_error(
		"%s: mmio: and vhost-user: are not supported by this version (%s); PCI functions are",
		spec, KL_VERSION);
	return -ENOTSUP;
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
			"TYPE@N or TYPE:KEY=VALUE with TYPE one of: %s; each may be followed by ,key=value",
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
