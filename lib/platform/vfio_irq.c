/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/vfio_irq.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

unsigned int kl__vfio_irq_count(int fd)
{
	struct vfio_irq_info info = {.argsz = sizeof(info), .index = VFIO_PCI_MSIX_IRQ_INDEX};

	if (ioctl(fd, VFIO_DEVICE_GET_IRQ_INFO, &info) != 0 ||
		(info.flags & VFIO_IRQ_INFO_EVENTFD) == 0)
		return 0;
	return info.count;
}

int kl__vfio_irq_off(int fd)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSIX_IRQ_INDEX,
	};

	return ioctl(fd, VFIO_DEVICE_SET_IRQS, &set) == 0 ? 0 : -errno;
}

static int connect(int fd, unsigned int index, unsigned int vectors, const int *fds)
{
	size_t size = sizeof(struct vfio_irq_set) + vectors * sizeof(int32_t);
	struct vfio_irq_set *set = calloc(1, size);
	int rc = 0;

	if (set == NULL)
		return -ENOMEM;
	set->argsz = (uint32_t)size;
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = index;
	set->count = vectors;
	for (unsigned int i = 0; i < vectors; i++)
		memcpy(set->data + i * sizeof(int32_t), &(int32_t){fds[i]}, sizeof(int32_t));
	if (ioctl(fd, VFIO_DEVICE_SET_IRQS, set) != 0)
		rc = -errno;
	free(set);
	return rc;
}

int kl__vfio_irq_on(int fd, unsigned int vectors, const int *fds)
{
	return connect(fd, VFIO_PCI_MSIX_IRQ_INDEX, vectors, fds);
}

int kl__vfio_request_on(int fd, int eventfd)
{
	return connect(fd, VFIO_PCI_REQ_IRQ_INDEX, 1, &eventfd);
}
