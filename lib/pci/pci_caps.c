/* SPDX-License-Identifier: BSD-3-Clause */
#include "pci/pci_caps.h"

#include <errno.h>
#include <string.h>

#include "spec/pci.h"

/* A list of distinct aligned capabilities in 192 bytes can't be longer. */
#define MAX_CAPS 48

/* The smallest length and the alignment that 4.1.4 demands of a structure. */
struct demand {
	uint32_t length;
	uint32_t align;
};

static uint16_t read_le16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static uint32_t read_le32(const uint8_t *bytes)
{
	return read_le16(bytes) | (uint32_t)read_le16(bytes + 2) << 16;
}

static struct kl__pci_region *region_for(struct kl__pci_caps *caps, uint8_t cfg_type,
	struct demand *demand)
{
	switch (cfg_type) {
	case VIRTIO_PCI_CAP_COMMON_CFG:
		*demand = (struct demand){VIRTIO_PCI_COMMON_CFG_MIN, 4};
		return &caps->common;
	case VIRTIO_PCI_CAP_NOTIFY_CFG:
		*demand = (struct demand){2, 2};
		return &caps->notify;
	case VIRTIO_PCI_CAP_ISR_CFG:
		*demand = (struct demand){1, 1};
		return &caps->isr;
	case VIRTIO_PCI_CAP_DEVICE_CFG:
		*demand = (struct demand){1, 4};
		return &caps->device;
	default:
		return NULL;
	}
}

/* NULL when the structure can be used. */
static const char *find_flaw(const struct kl__pci_region *region, struct demand demand,
	const struct kl__pci_bar *bar)
{
	if (region->length < demand.length)
		return "it is shorter than its structure";
	if (region->offset % demand.align != 0)
		return "its offset is not aligned";
	if (region->by_window)
		return region->offset > UINT32_MAX - region->length ? "it reaches beyond any BAR" :
								      NULL;
	if (bar[region->bar].size == 0)
		return "its BAR does not exist or can't be reached";
	if ((uint64_t)region->offset + region->length > bar[region->bar].size)
		return "it reaches beyond its BAR";
	return NULL;
}

static void count_refused(struct kl__pci_caps *caps, const char *why)
{
	caps->refused++;
	caps->refused_why = why;
}

static void parse_virtio(const uint8_t *cap, size_t room, const struct kl__pci_bar *bar,
	bool by_window, struct kl__pci_caps *caps)
{
	struct kl__pci_region *region, found;
	struct demand demand;
	bool is_notify;
	const char *why;

	if (room < VIRTIO_PCI_CAP_SIZE || cap[VIRTIO_PCI_CAP_LEN] < VIRTIO_PCI_CAP_SIZE) {
		count_refused(caps, "the capability is truncated");
		return;
	}
	/* 4.1.4.1: reserved types and reserved BAR values are ignored. */
	region = region_for(caps, cap[VIRTIO_PCI_CAP_CFG_TYPE], &demand);
	if (region == NULL || cap[VIRTIO_PCI_CAP_BAR] >= PCI_BARS || region->length != 0)
		return;
	/* The second look is only for what the first could not reach. */
	if (by_window && bar[cap[VIRTIO_PCI_CAP_BAR]].size != 0)
		return;
	is_notify = region == &caps->notify;
	if (is_notify &&
		(room < VIRTIO_PCI_CAP_NOTIFY_SIZE ||
			cap[VIRTIO_PCI_CAP_LEN] < VIRTIO_PCI_CAP_NOTIFY_SIZE)) {
		count_refused(caps, "the notify capability has no multiplier");
		return;
	}
	found.bar = cap[VIRTIO_PCI_CAP_BAR];
	found.offset = read_le32(cap + VIRTIO_PCI_CAP_OFFSET);
	found.length = read_le32(cap + VIRTIO_PCI_CAP_LENGTH);
	found.by_window = by_window;
	why = find_flaw(&found, demand, bar);
	/* 4.1.4.4.1: an even power of two or 0; an odd one would misalign the doorbells. */
	if (why == NULL && is_notify && read_le32(cap + VIRTIO_PCI_CAP_NOTIFY_MULTIPLIER) % 2 != 0)
		why = "its notify multiplier is odd";
	if (why != NULL) {
		count_refused(caps, why);
		return;
	}
	*region = found;
	if (is_notify)
		caps->notify_multiplier = read_le32(cap + VIRTIO_PCI_CAP_NOTIFY_MULTIPLIER);
}

/* 4.1.4.9: its last field is the window itself. */
static bool is_window(const uint8_t *cap, size_t room)
{
	return room >= VIRTIO_PCI_CAP_CFG_SIZE &&
		cap[VIRTIO_PCI_CAP_LEN] >= VIRTIO_PCI_CAP_CFG_SIZE &&
		cap[VIRTIO_PCI_CAP_CFG_TYPE] == VIRTIO_PCI_CAP_PCI_CFG;
}

/* Returns how many virtio capabilities the list has, used or not. */
static unsigned int walk_list(const uint8_t *config, size_t size, const struct kl__pci_bar *bar,
	bool by_window, struct kl__pci_caps *caps)
{
	unsigned int virtio = 0;
	size_t at = config[PCI_CFG_CAP_POINTER] & ~3u;

	for (int step = 0; step < MAX_CAPS && at >= PCI_CFG_HEADER_SIZE && at + 4 <= size; step++) {
		const uint8_t *cap = config + at;

		if (cap[0] == PCI_CAP_VENDOR_ID) {
			virtio++;
			if (caps->window == 0 && is_window(cap, size - at))
				caps->window = (uint8_t)at;
			parse_virtio(cap, size - at, bar, by_window, caps);
		} else if (cap[0] == PCI_CAP_MSIX_ID) {
			caps->msix_vectors = (read_le16(cap + PCI_CAP_MSIX_CONTROL) &
						     PCI_CAP_MSIX_CONTROL_SIZE) +
				1u;
			caps->msix_is_on = (read_le16(cap + PCI_CAP_MSIX_CONTROL) &
						   PCI_CAP_MSIX_CONTROL_ENABLE) != 0;
		}
		at = cap[1] & ~3u;
	}
	return virtio;
}

int kl__pci_caps_parse(const uint8_t *config, size_t size, const struct kl__pci_bar bar[PCI_BARS],
	struct kl__pci_caps *caps, const char **why)
{
	unsigned int virtio = 0;

	memset(caps, 0, sizeof(*caps));
	*why = "it has no virtio capabilities";
	if (size > PCI_CFG_SIZE)
		size = PCI_CFG_SIZE;
	if (size >= PCI_CFG_HEADER_SIZE &&
		(read_le16(config + PCI_CFG_STATUS) & PCI_CFG_STATUS_CAP_LIST) != 0)
		virtio = walk_list(config, size, bar, false, caps);
	if (caps->window != 0)
		walk_list(config, size, bar, true, caps);
	if (virtio == 0)
		return -ENODEV;
	if (caps->common.length == 0)
		*why = "it has no usable common configuration structure";
	else if (caps->notify.length == 0)
		*why = "it has no usable notification structure";
	else if (caps->isr.length == 0)
		*why = "it has no usable ISR structure";
	else
		return 0;
	return -EPROTO;
}
