/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kl_device_open for programs that are linked with --wrap=kl_device_open: one more form of a name,
 * qtest:FOLDER/ADDRESS, for the devices of a QEMU without a guest. All others go the usual way, and
 * after the opening everything does.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <kickless/log.h>

#include "core/device.h"
#include "machine.h"
#include "pci.h"
#include "platform/host.h"
#include "platform/pci_command.h"
#include "transport/pci_modern.h"

#define PREFIX "qtest:"

int __real_kl_device_open(const char *spec, struct kl_device **device);
int __wrap_kl_device_open(const char *spec, struct kl_device **device);

/* A name's parts: the folder up to the last slash, the address, and what follows a comma. */
struct qtest_name {
	char folder[256];
	char address[32];
	const char *options;
};

static int parse(const char *spec, struct qtest_name *name)
{
	char text[sizeof(name->folder) + sizeof(name->address)];
	const char *comma = strchr(spec, ',');
	char *slash;

	name->options = comma != NULL && comma[1] != '\0' ? comma + 1 : NULL;
	if (strcspn(spec, ",") >= sizeof(text))
		return -EINVAL;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(spec, ","), spec);
	slash = strrchr(text, '/');
	if (slash == NULL || strlen(slash + 1) >= sizeof(name->address) ||
		(size_t)(slash - text) >= sizeof(name->folder))
		return -EINVAL;
	*slash = '\0';
	strcpy(name->folder, text);
	strcpy(name->address, slash + 1);
	return 0;
}

static int open_function(const struct qtest_name *name, struct kl__host *host,
	struct kl_device **device)
{
	struct kl__transport *transport;
	struct kl__pci_access *access;
	int rc = qtest_pci_open(name->folder, name->address, &access);

	if (rc != 0)
		return rc;
	rc = kl__pci_modern_open(access, &transport);
	if (rc != 0) {
		access->ops->close(access);
		return rc;
	}
	rc = kl__device_attach(transport, host, name->options, device);
	if (rc != 0)
		transport->ops->close(transport);
	else
		kl__pci_command(access, PCI_CFG_COMMAND_MASTER, 0);
	return rc;
}

int __wrap_kl_device_open(const char *spec, struct kl_device **device)
{
	struct qtest_name name;
	struct kl__host *host;
	int rc;

	if (strncmp(spec, PREFIX, strlen(PREFIX)) != 0)
		return __real_kl_device_open(spec, device);
	if (parse(spec + strlen(PREFIX), &name) != 0) {
		kl_error("\"%s\" does not name a device of QEMU's: " PREFIX "FOLDER/00:DD.F", spec);
		return -EINVAL;
	}
	rc = kl__host_create(-1, false, &host);
	if (rc != 0)
		return rc;
	rc = open_function(&name, host, device);
	if (rc != 0)
		host->close(host);
	return rc;
}
