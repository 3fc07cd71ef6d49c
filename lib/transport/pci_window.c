/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/pci_window.h"

#include <endian.h>

void kl__pci_window_init(struct kl__pci_window *window, struct kl__pci_access *access, uint8_t at)
{
	window->access = access;
	window->at = at;
	pthread_mutex_init(&window->lock, NULL);
}

void kl__pci_window_destroy(struct kl__pci_window *window)
{
	pthread_mutex_destroy(&window->lock);
}

static int write_field(struct kl__pci_window *window, unsigned int field, unsigned int width,
	uint32_t value)
{
	uint32_t bytes = htole32(value);

	return window->access->ops->config_write(window->access, window->at + field, &bytes, width);
}

/* 4.1.4.9.2: an offset is a multiple of the length, so the length comes before it. */
static int set_window(struct kl__pci_window *window, unsigned int bar, uint32_t offset,
	unsigned int width)
{
	int rc;

	rc = write_field(window, VIRTIO_PCI_CAP_BAR, 1, bar);
	if (rc == 0)
		rc = write_field(window, VIRTIO_PCI_CAP_LENGTH, 4, width);
	if (rc == 0)
		rc = write_field(window, VIRTIO_PCI_CAP_OFFSET, 4, offset);
	return rc;
}

uint32_t kl__pci_window_read(struct kl__pci_window *window, unsigned int bar, uint32_t offset,
	unsigned int width)
{
	uint32_t bytes = 0;
	int rc;

	pthread_mutex_lock(&window->lock);
	rc = set_window(window, bar, offset, width);
	if (rc == 0)
		rc = window->access->ops->config_read(window->access,
			window->at + VIRTIO_PCI_CAP_CFG_DATA, &bytes, width);
	pthread_mutex_unlock(&window->lock);
	/* What can't be reached reads as all ones, like a device that is gone. */
	return rc == 0 ? le32toh(bytes) : UINT32_MAX >> (32 - 8 * width);
}

void kl__pci_window_write(struct kl__pci_window *window, unsigned int bar, uint32_t offset,
	unsigned int width, uint32_t value)
{
	pthread_mutex_lock(&window->lock);
	if (set_window(window, bar, offset, width) == 0)
		(void)write_field(window, VIRTIO_PCI_CAP_CFG_DATA, width, value);
	pthread_mutex_unlock(&window->lock);
}
