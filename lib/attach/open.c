/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kl_device_open, in one direction: the name and all options are parsed and checked, then the
 * device is found, reached, identified, connected to its transport and handed to core.
 */
#include <errno.h>
#include <stdbool.h>

#include <rte_eal.h>

#include <kickless/driver/driver.h>
#include <kickless/log.h>

#include "attach/candidates.h"
#include "attach/from_access.h"
#include "attach/spec.h"
#include "core/device.h"
#include "memory/host.h"
#include "platform/devmem.h"
#include "platform/eal_state.h"
#include "platform/uio.h"
#include "platform/uio_sysfs.h"
#include "platform/vfio.h"
#include "transport/vhost_user.h"

/* The reason why a device in this address space (NULL: none) is not isolated; NULL: it is. */
static const char *explain_exposure(const struct kl__mapper *mapper)
{
	if (mapper == NULL)
		return "without an IOMMU nothing keeps it from any memory";
	if (rte_eal_iova_mode() == RTE_IOVA_PA)
		return "bus addresses are physical here; it takes the EAL option --iova-mode=va";
	if (!mapper->is_isolated)
		return "another function of its IOMMU group is open in this program and is not "
		       "isolated";
	return NULL;
}

/* Checks that the device has an address space of its own where that was requested. */
static int check_isolation(const char *address, enum kl_isolate isolate,
	const struct kl__mapper *mapper)
{
	const char *why = explain_exposure(mapper);

	if (isolate == KL_ISOLATE_NO || why == NULL)
		return 0;
	if (isolate == KL_ISOLATE_AUTO) {
		kl_notice("%s: it is not isolated: %s", address, why);
		return 0;
	}
	kl_error("%s: isolate=1 is not possible: %s; allowed here: isolate=0", address, why);
	return -ENOTSUP;
}

/* The error of kl_device_open for memory that the kernel does not map: it has named its limit. */
static int to_open_error(int rc)
{
	switch (rc) {
	case -ENOSPC:
		return -ENOMEM;
	case -EINVAL:
	case -EEXIST:
	case -EFAULT:
		return -EIO;
	default:
		return rc;
	}
}

/* The host owns the mapper then; on failure both are closed. */
static int create_host(struct kl__pci_access *access, struct kl__mapper *mapper,
	enum kl_isolate isolate, struct kl__host **host)
{
	const struct kl__host_conf conf = {
		.name = access->name,
		.access = access->way,
		.numa_node = access->numa_node,
		.mapper = mapper,
		.has_iommu = mapper != NULL,
		.is_isolated = mapper != NULL && mapper->is_isolated,
	};
	int rc = check_isolation(access->name, isolate, mapper);

	if (rc == 0)
		rc = to_open_error(kl__host_create(&conf, host));
	if (rc == 0)
		return 0;
	access->ops->close(access);
	if (mapper != NULL)
		mapper->ops->put(mapper);
	return rc;
}

static int open_by_vfio(const char *address, const struct kl__spec *spec,
	struct kl__pci_access **access, struct kl__host **host)
{
	enum kl_isolate isolate = spec->options.common.isolate;
	const struct kl__vfio_choice choice = {
		.way = spec->options.transport.vfio,
		.isolate = isolate != KL_ISOLATE_NO && rte_eal_iova_mode() != RTE_IOVA_PA,
	};
	struct kl__mapper *mapper;
	int rc = kl__vfio_open(address, &choice, access, &mapper);

	return rc == 0 ? create_host(*access, mapper, isolate, host) : rc;
}

static int open_by_uio(const char *address, const struct kl__spec *spec,
	struct kl__pci_access **access, struct kl__host **host)
{
	int rc = check_isolation(address, spec->options.common.isolate, NULL);

	return rc == 0 ? kl__uio_open(address, access, host) : rc;
}

static int open_function(const char *address, struct kl__spec *spec, struct kl_device **device)
{
	struct kl__pci_access *access;
	struct kl__host *host;
	int rc;

	if (kl__device_is_open(address)) {
		kl_error("%s: is open in this program already; name each device once", address);
		return -EBUSY;
	}
	if (kl__uio_is_bound(&kl_machine_current, address))
		rc = open_by_uio(address, spec, &access, &host);
	else
		rc = open_by_vfio(address, spec, &access, &host);
	if (rc != 0)
		return rc;
	return kl__attach_pci(access, host, spec, device);
}

static int open_nth(const struct kl__candidates *candidates, struct kl__spec *spec,
	struct kl_device **device)
{
	if (spec->name.nth >= candidates->count) {
		kl__candidates_explain(candidates, spec->text, spec->name.type, "");
		return -ENODEV;
	}
	return open_function(candidates->functions[spec->name.nth].address, spec, device);
}

/* The first that the driver finds to have the key's value. */
static int open_by_key(const struct kl__candidates *candidates, struct kl__spec *spec,
	struct kl_device **device)
{
	int rc, failure = 0;

	for (size_t i = 0; i < candidates->count; i++) {
		/* To read its name it would have to be reset while it is in use. */
		if (kl__device_is_open(candidates->functions[i].address))
			continue;
		rc = open_function(candidates->functions[i].address, spec, device);
		if (rc != 0) {
			failure = rc;
			continue;
		}
		if (spec->driver->is_named(*device, spec->name.key, spec->name.value,
			    candidates->own[i], sizeof(candidates->own[i])))
			return 0;
		kl_device_close(*device);
	}
	/* One that could not be opened, for which there was a message, may have been the one. */
	kl__candidates_explain(candidates, spec->text, spec->name.type, spec->name.key);
	return failure != 0 ? failure : -ENODEV;
}

static int open_by_type(struct kl__spec *spec, struct kl_device **device)
{
	struct kl__candidates candidates;
	int rc = kl__candidates_find(&kl_machine_current, spec->driver, &candidates);

	if (rc != 0)
		return rc;
	if (spec->name.kind == KL__NAME_NTH)
		rc = open_nth(&candidates, spec, device);
	else
		rc = open_by_key(&candidates, spec, device);
	kl__candidates_free(&candidates);
	return rc;
}

static int open_back_end(struct kl__spec *spec, struct kl_device **device)
{
	struct kl__transport *transport;
	struct kl__host *host;
	int rc = kl__host_create(&(struct kl__host_conf){.name = spec->label,
					 .access = "vhost-user",
					 .numa_node = -1,
					 .is_shared = true,
					 .is_isolated = spec->options.common.isolate !=
						 KL_ISOLATE_NO},
		&host);

	if (rc != 0)
		return rc;
	rc = kl__vhost_user_open(spec->name.value, &spec->options.transport, spec->driver->types[0],
		kl__host_shared_memory(host), &transport);
	if (rc == 0)
		return kl__attach_transport(transport, host, spec, device);
	host->close(host);
	return rc;
}

static int open_registers(struct kl__spec *spec, struct kl_device **device)
{
	struct kl__mmio_access *access;
	struct kl__host *host;
	int rc = check_isolation(spec->label, spec->options.common.isolate, NULL);

	if (rc == 0)
		rc = kl__devmem_open(spec->name.registers, &access, &host);
	if (rc != 0)
		return rc;
	if (spec->name.irq >= 0)
		kl_warning("%s: its interrupt %d is not used: /dev/mem hands out none",
			access->name, spec->name.irq);
	return kl__attach_mmio(access, host, spec, device);
}

static int open_named(struct kl__spec *spec, struct kl_device **device)
{
	switch (spec->name.kind) {
	case KL__NAME_ADDRESS:
		return open_function(spec->name.address, spec, device);
	case KL__NAME_NTH:
	case KL__NAME_KEY:
		return open_by_type(spec, device);
	case KL__NAME_VHOST_USER:
		return open_back_end(spec, device);
	case KL__NAME_MMIO:
		return open_registers(spec, device);
	}
	return -EINVAL;
}

int kl_device_open_typed(const char *text, const char *type, struct kl_device **result)
{
	struct kl_device *device;
	struct kl__spec spec;
	int rc = kl__spec_parse(&kl_machine_current, text, type, &spec);

	if (rc == 0)
		rc = kl__eal_check(spec.label);
	if (rc == 0)
		rc = open_named(&spec, &device);
	if (rc != 0)
		return rc;
	/* Not earlier: a device is found by what it has of its own, such as its address. */
	kl__options_apply(&spec.options, device);
	*result = device;
	return 0;
}

int kl_device_open(const char *text, struct kl_device **result)
{
	return kl_device_open_typed(text, NULL, result);
}
