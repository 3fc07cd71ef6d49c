/* SPDX-License-Identifier: BSD-3-Clause */
/* Parts that the two PCI transports have in common: the function, without its virtio registers. */
#ifndef KL_TRANSPORT_PCI_COMMON_H
#define KL_TRANSPORT_PCI_COMMON_H

#include "contract/registers.h"
#include "contract/transport.h"
#include "pci/pci_identity.h"

/* The beginning of either transport. */
struct kl__pci {
	struct kl__transport transport;
	struct kl__pci_access *access;
	unsigned int msix_vectors; /* that the function has and its access can connect; 0: none */
};

/* Fills what follows from the identity and the access. */
void kl__pci_init(struct kl__pci *pci, const struct kl__transport_ops *ops,
	struct kl__pci_access *access, const struct kl__pci_identity *identity);

/* Operations of struct kl__transport_ops. */
int kl__pci_set_interrupts(struct kl__transport *transport, unsigned int vectors, const int *fds);
int kl__pci_intx_open(struct kl__transport *transport);
int kl__pci_restore_command(struct kl__transport *transport);
bool kl__pci_removal_requested(struct kl__transport *transport);

/* The value of a vector register for a queue's vector, -1 for none. */
uint16_t kl__pci_vector_value(int vector);

/*
 * Checks that the device took a queue's vector: a mapping must be read back, and a device that
 * can't answers NO_VECTOR (4.1.5.1.2.2). 0, or -EPROTO after a message.
 */
int kl__pci_check_vector(const struct kl__pci *pci, const struct kl__queue_setup *setup,
	uint32_t read_back);

#endif
