/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kl_device_open, and _typed, for programs that are linked with --wrap for both: one more form of
 * a name, qtest:FOLDER/ADDRESS, for the devices of a QEMU without a guest. All others go the usual
 * way, and after the opening everything does.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <kickless/log.h>

#include "attach/from_access.h"
#include "registers.h"
#include "memory/host.h"

#define PREFIX "qtest:"

int __real_kl_device_open(const char *text, struct kl_device **device);
int __wrap_kl_device_open(const char *text, struct kl_device **device);
int __real_kl_device_open_typed(const char *text, const char *type, struct kl_device **device);
int __wrap_kl_device_open_typed(const char *text, const char *type, struct kl_device **device);

/* An empty machine: nothing of this machine is read, since the functions are QEMU's. */
static const struct kl_machine no_machine = {
	.sysfs = "/nonexistent",
	.proc = "/nonexistent",
	.dev = "/nonexistent",
};

/* A name's parts: the folder, and what the device is called where it is. */
static int parse(const char *text, char folder[256], struct kl__spec *spec)
{
	const char *slash = memrchr(text, '/', strcspn(text, ","));
	int length = slash != NULL ? (int)(slash - text) : 0;

	if (slash == NULL || snprintf(folder, 256, "%.*s", length, text) >= 256) {
		kl_error("\"%s\" has no folder of a QEMU", text);
		return -EINVAL;
	}
	return kl__spec_parse(&no_machine, slash + 1, NULL, spec);
}

static int open_function(const char *folder, struct kl__spec *spec, struct kl__host *host,
	struct kl_device **device)
{
	struct kl__pci_access *access;
	int rc = qtest_pci_open(folder, spec->name.address, &access);

	if (rc == 0)
		return kl__attach_pci(access, host, spec, device);
	host->close(host);
	return rc;
}

static int open_registers(const char *folder, struct kl__spec *spec, struct kl__host *host,
	struct kl_device **device)
{
	struct kl__mmio_access *access;
	int rc = qtest_mmio_open(folder, spec->name.registers, &access);

	if (rc == 0)
		return kl__attach_mmio(access, host, spec, device);
	host->close(host);
	return rc;
}

int __wrap_kl_device_open(const char *text, struct kl_device **device)
{
	struct kl__host *host;
	struct kl__spec spec;
	char folder[256];
	int rc;

	if (strncmp(text, PREFIX, strlen(PREFIX)) != 0)
		return __real_kl_device_open(text, device);
	rc = parse(text + strlen(PREFIX), folder, &spec);
	if (rc != 0)
		return rc;
	if (spec.name.kind != KL__NAME_ADDRESS && spec.name.kind != KL__NAME_MMIO) {
		kl_error("\"%s\" names no device of a QEMU; such are " PREFIX
			 "FOLDER/00:03.0 and " PREFIX "FOLDER/mmio:0xfeb02e00",
			text);
		return -EINVAL;
	}
	rc = kl__host_create(&(struct kl__host_conf){.name = text,
				     .access = "qtest",
				     .numa_node = -1},
		&host);
	if (rc != 0)
		return rc;
	if (spec.name.kind == KL__NAME_MMIO)
		rc = open_registers(folder, &spec, host, device);
	else
		rc = open_function(folder, &spec, host, device);
	if (rc == 0)
		kl__options_apply(&spec.options, *device);
	return rc;
}

int __wrap_kl_device_open_typed(const char *text, const char *type, struct kl_device **device)
{
	if (strncmp(text, PREFIX, strlen(PREFIX)) != 0)
		return __real_kl_device_open_typed(text, type, device);
	return __wrap_kl_device_open(text, device);
}
