/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/pci_legacy.h"

#include <errno.h>
#include <stdlib.h>

#include <kickless/log.h>

#include "spec/features.h"
#include "transport/legacy.h"
#include "transport/pci_common.h"

struct pci_legacy {
	struct kl__pci common;
	bool msix_is_on;
};

/* 4.1.4.10: the registers are the first BAR's, which is one of I/O ports. */
#define BAR 0

/* No device has more; a queue whose size reads 0 ends the list earlier. */
#define QUEUES_MAX 1024

static struct pci_legacy *legacy_of(struct kl__transport *transport)
{
	return (struct pci_legacy *)transport;
}

static uint32_t port_read(struct kl__transport *transport, uint32_t offset, unsigned int width)
{
	struct pci_legacy *pci = legacy_of(transport);

	return pci->common.access->ops->read(pci->common.access, BAR, offset, width);
}

static void port_write(struct kl__transport *transport, uint32_t offset, unsigned int width,
	uint32_t value)
{
	struct pci_legacy *pci = legacy_of(transport);

	pci->common.access->ops->write(pci->common.access, BAR, offset, width, value);
}

/* There are no feature bits beyond the first 32. */
static void get_features(struct kl__transport *transport, struct kl_features *offered)
{
	*offered = (struct kl_features){
		{port_read(transport, VIRTIO_PCI_LEGACY_DEVICE_FEATURES, 4)}};
}

static void set_features(struct kl__transport *transport, const struct kl_features *accepted)
{
	port_write(transport, VIRTIO_PCI_LEGACY_DRIVER_FEATURES, 4, (uint32_t)accepted->word[0]);
}

static uint8_t get_status(struct kl__transport *transport)
{
	return (uint8_t)port_read(transport, VIRTIO_PCI_LEGACY_STATUS, 1);
}

static void set_status(struct kl__transport *transport, uint8_t status)
{
	port_write(transport, VIRTIO_PCI_LEGACY_STATUS, 1, status);
}

/* 4.1.4.10: the two vector registers come in between when, and as long as, MSI-X is on. */
static uint32_t config_start(const struct pci_legacy *pci)
{
	return pci->msix_is_on ? VIRTIO_PCI_LEGACY_CONFIG_MSIX : VIRTIO_PCI_LEGACY_CONFIG;
}

static uint32_t config_read(struct kl__transport *transport, uint32_t offset, unsigned int width)
{
	return port_read(transport, config_start(legacy_of(transport)) + offset, width);
}

static void config_write(struct kl__transport *transport, uint32_t offset, unsigned int width,
	uint32_t value)
{
	port_write(transport, config_start(legacy_of(transport)) + offset, width, value);
}

static void select_queue(struct kl__transport *transport, uint16_t index)
{
	port_write(transport, VIRTIO_PCI_LEGACY_QUEUE_SELECT, 2, index);
}

static uint16_t queue_max_size(struct kl__transport *transport, uint16_t index)
{
	select_queue(transport, index);
	return (uint16_t)port_read(transport, VIRTIO_PCI_LEGACY_QUEUE_SIZE, 2);
}

static uint16_t queue_count(struct kl__transport *transport)
{
	uint16_t count = 0;

	while (count < QUEUES_MAX && queue_max_size(transport, count) != 0)
		count++;
	return count;
}

static bool queue_is_enabled(struct kl__transport *transport, uint16_t index)
{
	select_queue(transport, index);
	return port_read(transport, VIRTIO_PCI_LEGACY_QUEUE_PFN, 4) != 0;
}

static void notify_by_port(const struct kl_notifier *notifier, uint32_t what)
{
	struct pci_legacy *pci = notifier->context;

	port_write(&pci->common.transport, VIRTIO_PCI_LEGACY_QUEUE_NOTIFY, 2, what);
}

static int set_vector(struct pci_legacy *pci, const struct kl__queue_setup *setup)
{
	struct kl__transport *transport = &pci->common.transport;

	port_write(transport, VIRTIO_PCI_LEGACY_QUEUE_VECTOR, 2,
		kl__pci_vector_value(setup->vector));
	if (setup->vector < 0)
		return 0;
	return kl__pci_check_vector(&pci->common, setup,
		port_read(transport, VIRTIO_PCI_LEGACY_QUEUE_VECTOR, 2));
}

static int queue_enable(struct kl__transport *transport, const struct kl__queue_setup *setup,
	struct kl_notifier *notifier)
{
	struct pci_legacy *pci = legacy_of(transport);
	uint32_t page;
	int rc;

	rc = kl__legacy_page_of_rings(transport, setup, &page);
	if (rc != 0)
		return rc;
	select_queue(transport, setup->index);
	if (pci->msix_is_on) {
		rc = set_vector(pci, setup);
		if (rc != 0)
			return rc;
	}
	port_write(transport, VIRTIO_PCI_LEGACY_QUEUE_PFN, 4, page);
	*notifier = (struct kl_notifier){
		.value = setup->index,
		.width = 2,
		.notify = notify_by_port,
		.context = pci,
	};
	return 0;
}

static int set_interrupts(struct kl__transport *transport, unsigned int vectors, const int *fds)
{
	int rc = kl__pci_set_interrupts(transport, vectors, fds);

	if (rc == 0)
		legacy_of(transport)->msix_is_on = vectors != 0;
	return rc;
}

static int set_config_vector(struct kl__transport *transport, unsigned int vector)
{
	port_write(transport, VIRTIO_PCI_LEGACY_CONFIG_VECTOR, 2, vector);
	return port_read(transport, VIRTIO_PCI_LEGACY_CONFIG_VECTOR, 2) == vector ? 0 : -EPROTO;
}

/* 4.1.5.4: reading the status takes the line back; only then may it be raised again. */
static unsigned int intx_acknowledge(struct kl__transport *transport)
{
	struct kl__pci_access *access = legacy_of(transport)->common.access;
	unsigned int what = port_read(transport, VIRTIO_PCI_LEGACY_ISR, 1);

	access->ops->intx_rearm(access);
	return what;
}

static void close_transport(struct kl__transport *transport)
{
	struct pci_legacy *pci = legacy_of(transport);

	pci->common.access->ops->close(pci->common.access);
	free(pci);
}

static const struct kl__transport_ops pci_legacy_ops = {
	.name = "pci-legacy",
	.get_features = get_features,
	.set_features = set_features,
	.get_status = get_status,
	.set_status = set_status,
	.config_read = config_read,
	.config_write = config_write,
	.queue_count = queue_count,
	.queue_max_size = queue_max_size,
	.queue_is_enabled = queue_is_enabled,
	.queue_enable = queue_enable,
	.set_interrupts = set_interrupts,
	.set_config_vector = set_config_vector,
	.intx_open = kl__pci_intx_open,
	.intx_acknowledge = intx_acknowledge,
	.restore_command = kl__pci_restore_command,
	.removal_requested = kl__pci_removal_requested,
	.close = close_transport,
};

static int check_function(const struct kl__pci_access *access,
	const struct kl__pci_identity *identity)
{
	const struct kl__pci_bar *bar = &access->bar[BAR];

	if (identity->generation == KL__PCI_MODERN) {
		kl_error(
			"%s: a modern device, which has no legacy interface; use it without legacy=1",
			access->name);
		return -ENODEV;
	}
	if (bar->is_io && bar->size >= VIRTIO_PCI_LEGACY_CONFIG_MSIX)
		return 0;
	kl_error(
		"%s: its legacy registers have to be I/O ports in BAR 0, %u at least; it has %llu bytes "
		"of %s there",
		access->name, VIRTIO_PCI_LEGACY_CONFIG_MSIX, (unsigned long long)bar->size,
		bar->is_io ? "ports" : "memory");
	return -EPROTO;
}

int kl__pci_legacy_open(struct kl__pci_access *access, const struct kl__pci_identity *identity,
	const struct kl__pci_caps *caps, struct kl__transport **transport)
{
	struct pci_legacy *pci;
	int rc = check_function(access, identity);

	if (rc != 0)
		return rc;
	pci = calloc(1, sizeof(*pci));
	if (pci == NULL)
		return kl_no_memory(access->name, sizeof(*pci));
	kl__pci_init(&pci->common, &pci_legacy_ops, access, identity);
	pci->msix_is_on = caps->msix_is_on;
	pci->common.transport.quirks = KL__QUIRK_LEGACY | KL__QUIRK_FIXED_QUEUE_SIZE;
	/* With MSI-X there must be room for the vector registers too. */
	pci->common.transport.config_size = access->bar[BAR].size -
		(pci->common.msix_vectors != 0 || pci->msix_is_on ? VIRTIO_PCI_LEGACY_CONFIG_MSIX :
								    VIRTIO_PCI_LEGACY_CONFIG);
	kl_features_set(&pci->common.transport.features, VIRTIO_F_ANY_LAYOUT);
	*transport = &pci->common.transport;
	return 0;
}
