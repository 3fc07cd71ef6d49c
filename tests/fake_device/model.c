/* SPDX-License-Identifier: BSD-3-Clause */
/* A model's creation and end, its violations, and the way from an access to the right structure. */
#include "model.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "internal.h"

void model_violation(struct model *model, const char *format, ...)
{
	unsigned int kept = sizeof(model->violation) / sizeof(model->violation[0]);
	va_list args;

	if (model->violations < kept) {
		va_start(args, format);
		vsnprintf(model->violation[model->violations], sizeof(model->violation[0]), format,
			args);
		va_end(args);
	}
	model->violations++;
}

bool model_forgive(struct model *model, const char *part)
{
	unsigned int kept = sizeof(model->violation) / sizeof(model->violation[0]);

	if (model->violations > kept)
		return false;
	for (unsigned int i = 0; i < model->violations; i++) {
		if (strstr(model->violation[i], part) == NULL)
			continue;
		memmove(model->violation[i], model->violation[i + 1],
			(model->violations - i - 1) * sizeof(model->violation[0]));
		model->violations--;
		return true;
	}
	return false;
}

uint64_t model_random(struct model *model)
{
	/* xorshift64: the same sequence in every run. */
	model->random ^= model->random << 13;
	model->random ^= model->random >> 7;
	model->random ^= model->random << 17;
	return model->random;
}

void model_offer(struct model *model, unsigned int bit)
{
	kl_features_set(&model->script.offered, bit);
}

void model_offer_not(struct model *model, unsigned int bit)
{
	kl_features_clear(&model->script.offered, bit);
}

bool model_has(const struct model *model, unsigned int bit)
{
	return kl_features_has(&model->accepted, bit);
}

static struct model *of(struct kl__pci_access *access)
{
	return (struct model *)(void *)((char *)access - offsetof(struct model, access));
}

static bool is_inside(uint64_t offset, unsigned int width, uint32_t start, uint32_t length)
{
	return offset >= start && offset + width <= (uint64_t)start + length;
}

static bool check_access(struct model *model, unsigned int bar, uint64_t offset, unsigned int width)
{
	if (width != 1 && width != 2 && width != 4)
		model_violation(model, "PCI-07: access of %u bytes at 0x%llx", width,
			(unsigned long long)offset);
	else if (bar >= 6 || offset + width > model->access.bar[bar].size)
		model_violation(model, "access outside of the BARs: BAR %u, 0x%llx", bar,
			(unsigned long long)offset);
	else if (offset % width != 0)
		model_violation(model, "PCI-06: access of %u bytes at 0x%llx is not aligned", width,
			(unsigned long long)offset);
	else
		return true;
	return false;
}

uint32_t model_register_read(struct model *model, uint32_t offset, unsigned int width)
{
	if (is_inside(offset, width, COMMON_OFFSET, COMMON_LENGTH))
		return model_common_read(model, offset - COMMON_OFFSET, width);
	if (is_inside(offset, width, DEVICE_OFFSET, model->script.config_length))
		return model_config_read(model, offset - DEVICE_OFFSET, width);
	if (offset == ISR_OFFSET)
		return model_isr_read(model, width);
	model_violation(model, "read of %u bytes at BAR offset 0x%x, where nothing can be read",
		width, offset);
	return 0;
}

void model_register_write(struct model *model, uint32_t offset, unsigned int width, uint32_t value)
{
	if (is_inside(offset, width, COMMON_OFFSET, COMMON_LENGTH))
		model_common_write(model, offset - COMMON_OFFSET, width, value);
	else if (is_inside(offset, width, DEVICE_OFFSET, model->script.config_length))
		model_config_write(model, offset - DEVICE_OFFSET, width, value);
	else if (is_inside(offset, width, NOTIFY_OFFSET, NOTIFY_LENGTH))
		model_doorbell_write(model, offset - NOTIFY_OFFSET, width, value);
	else
		model_violation(model,
			"write of %u bytes at BAR offset 0x%x, where nothing can be written", width,
			offset);
}

/* Gone, or not told to answer. */
static bool is_deaf(const struct model *model, unsigned int bar)
{
	unsigned int bit = model->access.bar[bar].is_io ? COMMAND_IO : COMMAND_MEMORY;

	return model->script.is_gone || (model->pci_config[4] & bit) == 0;
}

static uint32_t access_read(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width)
{
	struct model *model = of(access);

	if (!check_access(model, bar, offset, width))
		return 0;
	if (is_deaf(model, bar))
		return model->script.gone_reads_zero ? 0 : UINT32_MAX >> (32 - 8 * width);
	if (bar != MODEL_BAR)
		return model_legacy_read(model, (uint32_t)offset, width);
	return model_register_read(model, (uint32_t)offset, width);
}

static void access_write(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width, uint32_t value)
{
	struct model *model = of(access);

	if (!check_access(model, bar, offset, width) || is_deaf(model, bar))
		return;
	if (width < 4 && value >> (8 * width) != 0)
		model_violation(model, "PCI-06: 0x%x written to %u bytes at 0x%llx", value, width,
			(unsigned long long)offset);
	if (bar == MODEL_PORT_BAR)
		model_doorbell_port_write(model, width, value);
	else if (bar != MODEL_BAR)
		model_legacy_write(model, (uint32_t)offset, width, value);
	else
		model_register_write(model, (uint32_t)offset, width, value);
}

static volatile void *access_pointer(struct kl__pci_access *access, unsigned int bar,
	uint64_t offset, unsigned int width)
{
	struct model *model = of(access);

	if (!check_access(model, bar, offset, width))
		return NULL;
	/* Ports can't be mapped, and it is no mistake to try. */
	if (model->access.bar[bar].is_io)
		return NULL;
	if (!is_inside(offset, width, NOTIFY_OFFSET, NOTIFY_LENGTH)) {
		model_violation(model,
			"a raw pointer was asked for a register that is no doorbell: 0x%llx",
			(unsigned long long)offset);
		return NULL;
	}
	if (!model->script.map_doorbells)
		return NULL;
	return model_doorbell_pointer(model, (uint32_t)offset - NOTIFY_OFFSET, width);
}

static int access_interrupts(struct kl__pci_access *access, unsigned int vectors, const int *fds)
{
	struct model *model = of(access);

	if (vectors > model->script.msix_vectors || vectors > MODEL_VECTORS ||
		model->script.interrupts_fail)
		return -ENOTSUP;
	model->msix_is_on = vectors != 0;
	for (unsigned int i = 0; i < MODEL_VECTORS; i++)
		model->interrupt_fd[i] = i < vectors ? fds[i] : -1;
	return 0;
}

static int access_line(struct kl__pci_access *access)
{
	struct model *model = of(access);

	if (!model->script.has_line)
		return -ENOTSUP;
	if (model->line_fd < 0)
		model->line_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	model->line_is_open = true;
	return model->line_fd;
}

static void access_rearm_line(struct kl__pci_access *access)
{
	struct model *model = of(access);
	uint64_t count;

	model->line_rearms++;
	if (read(model->line_fd, &count, sizeof(count)) != sizeof(count))
		count = 0;
	model->line_is_open = true;
	model_line_interrupt(model, 0);
}

static bool access_is_wanted(struct kl__pci_access *access)
{
	return of(access)->script.removal_requested;
}

/* With it go the interrupts, as VFIO has it. */
static void access_close(struct kl__pci_access *access)
{
	struct model *model = of(access);

	model->msix_is_on = false;
	model->access_closes++;
	if (model->access_closes > 1)
		model_violation(model, "the access was closed twice");
}

static const struct kl__pci_access_ops access_ops = {
	.config_read = model_config_space_read,
	.config_write = model_config_space_write,
	.read = access_read,
	.write = access_write,
	.pointer = access_pointer,
	.interrupts = access_interrupts,
	.line = access_line,
	.rearm_line = access_rearm_line,
	.removal_requested = access_is_wanted,
	.close = access_close,
};

struct model *model_new(uint32_t type)
{
	struct model *model = calloc(1, sizeof(*model));

	if (model == NULL)
		return NULL;
	model->random = 88172645463325252u;
	model->access.ops = &access_ops;
	model->access.numa_node = -1;
	snprintf(model->access.name, sizeof(model->access.name), "model");
	model_init_host(model);
	model_init_mmio(model, type);
	kl_features_set(&model->script.offered, FEATURE_VERSION_1);
	model->script.num_queues = 2;
	for (unsigned int i = 0; i < MODEL_QUEUES; i++) {
		model->script.queue_size[i] = i < 2 ? 256 : 0;
		model->script.notify_off[i] = (uint16_t)i;
		model->script.notif_config_data[i] = (uint16_t)(0x4000 + 3 * i);
	}
	model->script.notify_multiplier = 4;
	model->script.config_length = 8;
	model->script.msix_vectors = 2;
	model->script.vectors_refused_from = MODEL_NEVER;
	model->doorbell_page = malloc(NOTIFY_LENGTH);
	if (model->doorbell_page != NULL)
		memset(model->doorbell_page, 0xff, NOTIFY_LENGTH);
	model->type = type;
	model->line_fd = -1;
	model_rebuild(model);
	model_reset_queues(model);
	model->config_vector = MODEL_NO_VECTOR;
	return model;
}

unsigned int model_check(struct model *model)
{
	/* Memory is abandoned on purpose only when a reset never ended. */
	if (model->allocated != 0 && !model->reset_is_pending)
		model_violation(model, "%u blocks of the host's memory were not given back",
			model->allocated);
	if (model->config_vector_unread)
		model_violation(model, "PCI-37: config_msix_vector was not read back");
	return model->violations;
}

void model_free(struct model *model)
{
	for (size_t i = 0; i < model->windows; i++)
		if (model->window[i].is_from_host)
			free(model->window[i].memory);
	for (unsigned int i = 0; i < MODEL_QUEUES; i++)
		model_free_records(&model->queue[i]);
	if (model->line_fd >= 0)
		close(model->line_fd);
	free(model->window);
	free(model->trace);
	free(model->doorbell_page);
	free(model);
}
