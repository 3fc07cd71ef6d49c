/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/pci_common.h"

#include <errno.h>
#include <stdio.h>

#include <kickless/log.h>

#include "pci/pci_command.h"

static struct kl__pci *pci_of(struct kl__transport *transport)
{
	return (struct kl__pci *)transport;
}

void kl__pci_init(struct kl__pci *pci, const struct kl__transport_ops *ops,
	struct kl__pci_access *access, const struct kl__pci_identity *identity)
{
	pci->access = access;
	pci->msix_vectors = access->msix_vectors;
	pci->transport.ops = ops;
	pci->transport.type = identity->type;
	pci->transport.vendor = VIRTIO_PCI_VENDOR;
	pci->transport.numa_node = access->numa_node;
	snprintf(pci->transport.name, sizeof(pci->transport.name), "%s", access->name);
}

int kl__pci_set_interrupts(struct kl__transport *transport, unsigned int vectors, const int *fds)
{
	struct kl__pci *pci = pci_of(transport);

	if (vectors > pci->msix_vectors)
		return -ENOTSUP;
	return pci->access->ops->interrupts(pci->access, vectors, fds);
}

int kl__pci_intx_open(struct kl__transport *transport)
{
	struct kl__pci_access *access = pci_of(transport)->access;

	return access->ops->intx_open != NULL ? access->ops->intx_open(access) : -ENOTSUP;
}

int kl__pci_restore_command(struct kl__transport *transport)
{
	return kl__pci_command_restore(pci_of(transport)->access);
}

bool kl__pci_removal_requested(struct kl__transport *transport)
{
	struct kl__pci_access *access = pci_of(transport)->access;

	return access->ops->removal_requested != NULL && access->ops->removal_requested(access);
}

uint16_t kl__pci_vector_value(int vector)
{
	return vector < 0 ? VIRTIO_MSI_NO_VECTOR : (uint16_t)vector;
}

int kl__pci_check_vector(const struct kl__pci *pci, const struct kl__queue_setup *setup,
	uint32_t read_back)
{
	if (read_back == kl__pci_vector_value(setup->vector))
		return 0;
	kl_error(
		"%s: queue %u: the device refuses MSI-X vector %d of its %u; use the queue without "
		"interrupts",
		pci->transport.name, setup->index, setup->vector, pci->msix_vectors);
	return -EPROTO;
}
