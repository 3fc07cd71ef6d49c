/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fake device's creation and end, its violations, and the dispatch
 * of an access to its structure.
 */
#include "fake_device.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "internal.h"

void fake_violation(struct fake_device *fake, const char *format, ...)
{
	unsigned int kept = sizeof(fake->violation) / sizeof(fake->violation[0]);
	va_list args;

	if (fake->violations < kept) {
		va_start(args, format);
		vsnprintf(fake->violation[fake->violations], sizeof(fake->violation[0]), format,
			args);
		va_end(args);
	}
	fake->violations++;
}

bool fake_take_violation(struct fake_device *fake, const char *part)
{
	unsigned int kept = sizeof(fake->violation) / sizeof(fake->violation[0]);

	if (fake->violations > kept)
		return false;
	for (unsigned int i = 0; i < fake->violations; i++) {
		if (strstr(fake->violation[i], part) == NULL)
			continue;
		memmove(fake->violation[i], fake->violation[i + 1],
			(fake->violations - i - 1) * sizeof(fake->violation[0]));
		fake->violations--;
		return true;
	}
	return false;
}

uint64_t fake_random(struct fake_device *fake)
{
	/* xorshift64: the same sequence in every run. */
	fake->random ^= fake->random << 13;
	fake->random ^= fake->random >> 7;
	fake->random ^= fake->random << 17;
	return fake->random;
}

void fake_offer(struct fake_device *fake, unsigned int bit)
{
	kl_features_set(&fake->script.offered, bit);
}

void fake_offer_not(struct fake_device *fake, unsigned int bit)
{
	kl_features_clear(&fake->script.offered, bit);
}

bool fake_has(const struct fake_device *fake, unsigned int bit)
{
	return kl_features_has(&fake->accepted, bit);
}

static struct fake_device *fake_of(struct kl__pci_access *access)
{
	return (struct fake_device *)(void *)((char *)access -
		offsetof(struct fake_device, access));
}

static bool is_inside(uint64_t offset, unsigned int width, uint32_t start, uint32_t length)
{
	return offset >= start && offset + width <= (uint64_t)start + length;
}

static bool check_access(struct fake_device *fake, unsigned int bar, uint64_t offset,
	unsigned int width)
{
	if (width != 1 && width != 2 && width != 4)
		fake_violation(fake, "PCI-07: access of %u bytes at 0x%llx", width,
			(unsigned long long)offset);
	else if (bar >= 6 || offset + width > fake->access.bar[bar].size)
		fake_violation(fake, "access outside of the BARs: BAR %u, 0x%llx", bar,
			(unsigned long long)offset);
	else if (offset % width != 0)
		fake_violation(fake, "PCI-06: access of %u bytes at 0x%llx is not aligned", width,
			(unsigned long long)offset);
	else
		return true;
	return false;
}

uint32_t fake_register_read(struct fake_device *fake, uint32_t offset, unsigned int width)
{
	if (is_inside(offset, width, COMMON_OFFSET, COMMON_LENGTH))
		return fake_common_read(fake, offset - COMMON_OFFSET, width);
	if (is_inside(offset, width, DEVICE_OFFSET, fake->script.config_length))
		return fake_config_read(fake, offset - DEVICE_OFFSET, width);
	if (offset == ISR_OFFSET)
		return fake_isr_read(fake, width);
	fake_violation(fake, "read of %u bytes at BAR offset 0x%x, where nothing can be read",
		width, offset);
	return 0;
}

void fake_register_write(struct fake_device *fake, uint32_t offset, unsigned int width,
	uint32_t value)
{
	if (is_inside(offset, width, COMMON_OFFSET, COMMON_LENGTH))
		fake_common_write(fake, offset - COMMON_OFFSET, width, value);
	else if (is_inside(offset, width, DEVICE_OFFSET, fake->script.config_length))
		fake_config_write(fake, offset - DEVICE_OFFSET, width, value);
	else if (is_inside(offset, width, NOTIFY_OFFSET, NOTIFY_LENGTH))
		fake_doorbell_write(fake, offset - NOTIFY_OFFSET, width, value);
	else
		fake_violation(fake,
			"write of %u bytes at BAR offset 0x%x, where nothing can be written", width,
			offset);
}

/* True if the device is gone, or memory or I/O decoding is off. */
static bool is_unreachable(const struct fake_device *fake, unsigned int bar)
{
	unsigned int bit = fake->access.bar[bar].is_io ? COMMAND_IO : COMMAND_MEMORY;

	return fake->script.is_gone || (fake->pci_config[4] & bit) == 0;
}

static uint32_t access_read(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width)
{
	struct fake_device *fake = fake_of(access);

	if (!check_access(fake, bar, offset, width))
		return 0;
	if (is_unreachable(fake, bar))
		return fake->script.gone_reads_zero ? 0 : UINT32_MAX >> (32 - 8 * width);
	if (bar != FAKE_BAR)
		return fake_legacy_read(fake, (uint32_t)offset, width);
	return fake_register_read(fake, (uint32_t)offset, width);
}

static void access_write(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width, uint32_t value)
{
	struct fake_device *fake = fake_of(access);

	if (!check_access(fake, bar, offset, width) || is_unreachable(fake, bar))
		return;
	if (width < 4 && value >> (8 * width) != 0)
		fake_violation(fake, "PCI-06: 0x%x written to %u bytes at 0x%llx", value, width,
			(unsigned long long)offset);
	if (bar == FAKE_PORT_BAR)
		fake_doorbell_port_write(fake, width, value);
	else if (bar != FAKE_BAR)
		fake_legacy_write(fake, (uint32_t)offset, width, value);
	else
		fake_register_write(fake, (uint32_t)offset, width, value);
}

static volatile void *access_pointer(struct kl__pci_access *access, unsigned int bar,
	uint64_t offset, unsigned int width)
{
	struct fake_device *fake = fake_of(access);

	if (!check_access(fake, bar, offset, width))
		return NULL;
	/* Ports can't be mapped, and it is no mistake to try. */
	if (fake->access.bar[bar].is_io)
		return NULL;
	if (!is_inside(offset, width, NOTIFY_OFFSET, NOTIFY_LENGTH)) {
		fake_violation(fake,
			"a raw pointer was requested for a register that is no doorbell: 0x%llx",
			(unsigned long long)offset);
		return NULL;
	}
	if (!fake->script.map_doorbells)
		return NULL;
	return fake_doorbell_pointer(fake, (uint32_t)offset - NOTIFY_OFFSET, width);
}

static int access_interrupts(struct kl__pci_access *access, unsigned int vectors, const int *fds)
{
	struct fake_device *fake = fake_of(access);

	if (vectors > fake->script.msix_vectors || vectors > FAKE_VECTORS ||
		fake->script.interrupts_fail)
		return -ENOTSUP;
	fake->msix_is_on = vectors != 0;
	for (unsigned int i = 0; i < FAKE_VECTORS; i++)
		fake->interrupt_fd[i] = i < vectors ? fds[i] : -1;
	return 0;
}

static int access_intx_open(struct kl__pci_access *access)
{
	struct fake_device *fake = fake_of(access);

	if (!fake->script.has_line)
		return -ENOTSUP;
	if (fake->line_fd < 0)
		fake->line_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	fake->line_is_open = true;
	return fake->line_fd;
}

static void access_intx_rearm(struct kl__pci_access *access)
{
	struct fake_device *fake = fake_of(access);
	uint64_t count;

	fake->line_rearms++;
	if (read(fake->line_fd, &count, sizeof(count)) != sizeof(count))
		count = 0;
	fake->line_is_open = true;
	fake_line_interrupt(fake, 0);
}

static bool access_removal_requested(struct kl__pci_access *access)
{
	return fake_of(access)->script.removal_requested;
}

/* Closing removes the interrupts too, as VFIO does. */
static void access_close(struct kl__pci_access *access)
{
	struct fake_device *fake = fake_of(access);

	fake->msix_is_on = false;
	fake->access_closes++;
	if (fake->access_closes > 1)
		fake_violation(fake, "the access was closed twice");
}

static const struct kl__pci_access_ops access_ops = {
	.config_read = fake_config_space_read,
	.config_write = fake_config_space_write,
	.read = access_read,
	.write = access_write,
	.pointer = access_pointer,
	.interrupts = access_interrupts,
	.intx_open = access_intx_open,
	.intx_rearm = access_intx_rearm,
	.removal_requested = access_removal_requested,
	.close = access_close,
};

struct fake_device *fake_new(uint32_t type)
{
	struct fake_device *fake = calloc(1, sizeof(*fake));

	if (fake == NULL)
		return NULL;
	fake->random = 88172645463325252u;
	fake->access.ops = &access_ops;
	fake->access.numa_node = -1;
	snprintf(fake->access.name, sizeof(fake->access.name), "fake");
	fake_init_host(fake);
	fake_init_mmio(fake, type);
	kl_features_set(&fake->script.offered, FEATURE_VERSION_1);
	fake->script.num_queues = 2;
	for (unsigned int i = 0; i < FAKE_QUEUES; i++) {
		fake->script.queue_size[i] = i < 2 ? 256 : 0;
		fake->script.notify_off[i] = (uint16_t)i;
		fake->script.notif_config_data[i] = (uint16_t)(0x4000 + 3 * i);
	}
	fake->script.notify_multiplier = 4;
	fake->script.config_length = 8;
	fake->script.msix_vectors = 2;
	fake->script.vectors_refused_from = FAKE_NEVER;
	fake->doorbell_page = malloc(NOTIFY_LENGTH);
	if (fake->doorbell_page != NULL)
		memset(fake->doorbell_page, 0xff, NOTIFY_LENGTH);
	fake->type = type;
	fake->line_fd = -1;
	fake_rebuild(fake);
	fake_reset_queues(fake);
	fake->config_vector = FAKE_NO_VECTOR;
	return fake;
}

unsigned int fake_check(struct fake_device *fake)
{
	/* Memory is abandoned on purpose only when a reset never ended. */
	if (fake->allocated != 0 && !fake->reset_is_pending)
		fake_violation(fake, "%u blocks of the host's memory were not freed",
			fake->allocated);
	if (fake->allocated_private != 0)
		fake_violation(fake, "%u blocks of private memory were not freed",
			fake->allocated_private);
	if (fake->config_vector_unread)
		fake_violation(fake, "PCI-37: config_msix_vector was not read back");
	return fake->violations;
}

void fake_free(struct fake_device *fake)
{
	for (size_t i = 0; i < fake->windows; i++)
		if (fake->window[i].is_from_host)
			free(fake->window[i].memory);
	for (unsigned int i = 0; i < FAKE_QUEUES; i++)
		fake_free_records(&fake->queue[i]);
	if (fake->line_fd >= 0)
		close(fake->line_fd);
	free(fake->window);
	free(fake->trace);
	free(fake->doorbell_page);
	free(fake);
}
