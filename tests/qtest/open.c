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

#include "attach/function.h"
#include "attach/name.h"
#include "attach/registers.h"
#include "mmio.h"
#include "pci.h"
#include "platform/host.h"

#define PREFIX "qtest:"

int __real_kl_device_open(const char *spec, struct kl_device **device);
int __wrap_kl_device_open(const char *spec, struct kl_device **device);

/* A name's parts: the folder, and what the device is called where it is. */
static int parse(const char *spec, char folder[256], struct kl__name *name)
{
	const char *slash = memrchr(spec, '/', strcspn(spec, ","));
	int length = slash != NULL ? (int)(slash - spec) : 0;

	if (slash == NULL || snprintf(folder, 256, "%.*s", length, spec) >= 256)
		return -EINVAL;
	return kl__name_parse(slash + 1, name);
}

static enum kl__pci_interface interface_of(const struct kl__name *name)
{
	if (name->legacy[0] == '\0')
		return KL__PCI_BEST;
	return name->legacy[0] == '1' ? KL__PCI_USE_LEGACY : KL__PCI_USE_MODERN;
}

static int open_function(const char *folder, const struct kl__name *name, struct kl__host *host,
	struct kl_device **device)
{
	struct kl__pci_access *access;
	int rc = qtest_pci_open(folder, name->address, &access);

	if (rc == 0)
		return kl__attach_function(access, host, interface_of(name), device);
	host->close(host);
	return rc;
}

static int open_registers(const char *folder, const struct kl__name *name, struct kl__host *host,
	struct kl_device **device)
{
	struct kl__mmio_access *access;
	int rc = qtest_mmio_open(folder, name->registers, &access);

	if (rc == 0)
		return kl__attach_registers(access, host, device);
	host->close(host);
	return rc;
}

int __wrap_kl_device_open(const char *spec, struct kl_device **device)
{
	struct kl__host *host;
	struct kl__name name;
	char folder[256];
	int rc;

	if (strncmp(spec, PREFIX, strlen(PREFIX)) != 0)
		return __real_kl_device_open(spec, device);
	if (parse(spec + strlen(PREFIX), folder, &name) != 0 ||
		(name.kind != KL__NAME_ADDRESS && name.kind != KL__NAME_MMIO)) {
		kl_error("\"%s\" names no device of a QEMU; such are " PREFIX
			 "FOLDER/00:03.0 and " PREFIX "FOLDER/mmio:0xfeb02e00",
			spec);
		return -EINVAL;
	}
	rc = kl__host_create(-1, false, &host);
	if (rc != 0)
		return rc;
	if (name.kind == KL__NAME_MMIO)
		rc = open_registers(folder, &name, host, device);
	else
		rc = open_function(folder, &name, host, device);
	if (rc != 0)
		return rc;
	rc = kl__device_parse_options(*device, name.options);
	if (rc != 0)
		kl_device_close(*device);
	return rc;
}
