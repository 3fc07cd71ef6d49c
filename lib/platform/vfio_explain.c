/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/vfio_explain.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <kickless/log.h>

#include "platform/process.h"

static bool is_refused_right(int error)
{
	return error == -EPERM || error == -EACCES;
}

/* The group's file, or the function's own, is open elsewhere. */
static int explain_use(const struct kl_machine *machine, const struct kl__vfio_arrival *arrival)
{
	const char *path = arrival->files->function;
	const char *what = arrival->files->is_cdev ? "it" : "its IOMMU group";
	struct kl__file_user user;

	if (kl__process_find_by_file(machine, path, &user))
		kl_error("%s: %s is in use: process %d (%s) has %s open", arrival->address, what,
			(int)user.pid, user.command, path);
	else if (kl__process_has_open(machine, path))
		kl_error(
			"%s: %s is in use by DPDK in this program, which has %s open; start it with the "
			"EAL option -b %s",
			arrival->address, what, path, arrival->address);
	else
		kl_error(
			"%s: %s is in use: a process has %s open%s; as root, kickless-devbind --status "
			"names it",
			arrival->address, what, path,
			arrival->files->is_cdev ? ", or its IOMMU group" : "");
	return -EBUSY;
}

static int explain_open(const struct kl_machine *machine, const struct kl__vfio_arrival *arrival,
	int error)
{
	const struct kl__vfio_files *files = arrival->files;
	bool is_space = arrival->step == KL__VFIO_OPEN_SPACE;
	const char *path = is_space ? files->space : files->function;

	if (error == -EBUSY && !is_space)
		return explain_use(machine, arrival);
	if (is_refused_right(error))
		kl_error(
			"%s: %s can't be opened: %s; run as root, or for a device with an IOMMU give this "
			"user the right to the file",
			arrival->address, path, strerror(-error));
	else if (files->is_cdev && (error == -ENOENT || error == -ENODEV))
		kl_error(
			"%s: %s is not there; vfio=cdev takes Linux 6.6 with CONFIG_IOMMUFD and "
			"CONFIG_VFIO_DEVICE_CDEV, and the module iommufd; open the device with vfio=group",
			arrival->address, path);
	else
		kl_error("%s: %s can't be opened: %s", arrival->address, path, strerror(-error));
	return is_refused_right(error) ? -EACCES : -EIO;
}

static int explain_iommu(const struct kl__vfio_arrival *arrival, int error)
{
	bool is_cdev = arrival->files->is_cdev;

	if (error == -EPERM)
		kl_error(
			"%s: its IOMMU does not remap interrupts, so VFIO refuses it: the device could send any "
			"interrupt; if it may be trusted with that, run as root: echo Y > /sys/%s",
			arrival->address, kl__vfio_interrupts_parameter(is_cdev));
	else
		kl_error("%s: VFIO can't use its IOMMU: %s; is the module %s loaded?",
			arrival->address, strerror(-error),
			is_cdev ? "iommufd" : "vfio_iommu_type1");
	return error == -EPERM ? -EACCES : -EIO;
}

/* A file of a function can be opened by several processes; the second one fails to bind it. */
static int explain_binding(const struct kl_machine *machine, const struct kl__vfio_arrival *arrival,
	int error)
{
	struct kl__file_user user;

	if (error == -EBUSY ||
		(error == -EINVAL &&
			kl__process_find_by_file(machine, arrival->files->function, &user)))
		return explain_use(machine, arrival);
	return explain_iommu(arrival, error);
}

int kl__vfio_explain(const struct kl_machine *machine, const struct kl__vfio_arrival *arrival,
	int error)
{
	switch (arrival->step) {
	case KL__VFIO_OPEN_SPACE:
	case KL__VFIO_OPEN_FUNCTION:
		return explain_open(machine, arrival, error);
	case KL__VFIO_SET_IOMMU:
		return explain_iommu(arrival, error);
	case KL__VFIO_BIND_FUNCTION:
		return explain_binding(machine, arrival, error);
	case KL__VFIO_CREATE_SPACE:
		kl_error("%s: %s gives no address space: %s", arrival->address,
			arrival->files->space, strerror(-error));
		return error == -ENOMEM ? -ENOMEM : -EIO;
	case KL__VFIO_JOIN_SPACE:
		kl_error("%s: its IOMMU group %d can't be used: %s", arrival->address,
			arrival->files->group, strerror(-error));
		return -EIO;
	case KL__VFIO_GET_FUNCTION:
		kl_error("%s: %s does not hand it out: %s", arrival->address,
			arrival->files->function, strerror(-error));
		return is_refused_right(error) ? -EACCES : error == -EBUSY ? -EBUSY : -EIO;
	}
	return error;
}
