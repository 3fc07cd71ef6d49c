/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The window in configuration space through which any register of a virtio structure can be
 * reached: virtio 1.x, 4.1.4.9. Slow, and the last resort for a BAR that can't be had otherwise.
 */
#ifndef KL_TRANSPORT_PCI_WINDOW_H
#define KL_TRANSPORT_PCI_WINDOW_H

#include <pthread.h>

#include "contract/registers.h"

struct kl__pci_window {
	struct kl__pci_access *access;
	uint8_t at; /* of the capability in configuration space */
	pthread_mutex_t
		lock; /* an access takes four steps, and doorbells come from other threads */
};

void kl__pci_window_init(struct kl__pci_window *window, struct kl__pci_access *access, uint8_t at);

void kl__pci_window_destroy(struct kl__pci_window *window);

/* One access of width 1, 2 or 4 bytes inside a virtio structure. Any thread. */
uint32_t kl__pci_window_read(struct kl__pci_window *window, unsigned int bar, uint32_t offset,
	unsigned int width);
void kl__pci_window_write(struct kl__pci_window *window, unsigned int bar, uint32_t offset,
	unsigned int width, uint32_t value);

#endif
