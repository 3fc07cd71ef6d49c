/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * F1 of the fault catalogue: a PCI function whose configuration space is the input's first bytes
 * and whose registers answer with the rest. Opens it by whichever interface it seems to have and
 * starts a queue.
 *
 * Invariants: every register access is aligned, of 1, 2 or 4 bytes, and inside a BAR that can be
 * reached. Every open is closed once.
 */
#include <string.h>

#include <kickless/log.h>

#include "input.h"
#include "transport/pci.h"

#define CONFIG_BYTES 256
#define MOST_QUEUES 4

struct function {
	struct kl__pci_access access;
	struct input registers;
	uint8_t config[CONFIG_BYTES];
	unsigned int config_bytes;
	unsigned int closes;
	uint32_t doorbells[16];
};

static struct function *of(struct kl__pci_access *access)
{
	return (struct function *)(void *)((char *)access - offsetof(struct function, access));
}

static void check(const struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width)
{
	MUST(width == 1 || width == 2 || width == 4);
	MUST(bar < PCI_BARS && offset % width == 0);
	MUST(offset < access->bar[bar].size && width <= access->bar[bar].size - offset);
}

static int config_read(struct kl__pci_access *access, uint32_t offset, void *data, size_t size)
{
	struct function *function = of(access);

	if (offset > function->config_bytes || size > function->config_bytes - offset)
		return -1;
	memcpy(data, function->config + offset, size);
	return 0;
}

static int config_write(struct kl__pci_access *access, uint32_t offset, const void *data,
	size_t size)
{
	struct function *function = of(access);

	if (offset > function->config_bytes || size > function->config_bytes - offset)
		return -1;
	memcpy(function->config + offset, data, size);
	return 0;
}

static uint32_t read_register(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width)
{
	check(access, bar, offset, width);
	return take32(&of(access)->registers) & (uint32_t)((UINT64_C(1) << 8 * width) - 1);
}

static void write_register(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width, uint32_t value)
{
	check(access, bar, offset, width);
	MUST(width == 4 || value >> 8 * width == 0);
}

static volatile void *pointer(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width)
{
	check(access, bar, offset, width);
	return take8(&of(access)->registers) % 2 == 0 ? NULL : of(access)->doorbells;
}

static int interrupts(struct kl__pci_access *access, unsigned int vectors, const int *fds)
{
	(void)fds;
	return vectors > access->msix_vectors ? -1 : 0;
}

static void close_function(struct kl__pci_access *access)
{
	of(access)->closes++;
}

static const struct kl__pci_access_ops ops = {
	.config_read = config_read,
	.config_write = config_write,
	.read = read_register,
	.write = write_register,
	.pointer = pointer,
	.interrupts = interrupts,
	.close = close_function,
};

/* 4.1.4: a modern function whose structures lie in any BAR, at places that mostly fit. */
static void make_capabilities(struct function *function, struct input *input)
{
	static const uint8_t bytes[] = {0, 0x38, 0x40, 1, 0x40};
	uint8_t at = 0x40, *config = function->config;

	memcpy(config, (uint8_t[]){0xf4, 0x1a, 0x41, 0x10}, 4);
	config[6] = 0x10;
	config[0x34] = at;
	for (uint8_t type = 1; type <= 4; type++, at += 20) {
		uint8_t place = take8(input);

		memcpy(config + at, (uint8_t[]){9, at + 20, 20, type, place % 8}, 5);
		config[at + 9] = place / 8;
		config[at + 12] = bytes[type];
		config[at + 16] = type == 2 ? take8(input) : 0;
	}
	config[at - 20 + 1] = 0;
}

static void make_function(struct function *function, struct input *input)
{
	*function = (struct function){.access = {.ops = &ops, .name = "fuzzed", .numa_node = -1}};
	function->config_bytes = take8(input) % 2 == 0 ? CONFIG_BYTES : 64;
	function->access.msix_vectors = take8(input) % 8;
	for (unsigned int bar = 0; bar < PCI_BARS; bar++) {
		uint8_t shape = take8(input);

		/* 0, or anything, or a power of two up to 16 MiB. */
		function->access.bar[bar].is_io = shape % 2;
		if (shape / 2 % 4 != 0)
			function->access.bar[bar].size = shape / 2 % 4 == 1 ?
				take32(input) :
				UINT64_C(1) << shape / 8 % 25;
	}
	if (take8(input) % 4 == 0)
		for (unsigned int i = 0; i < CONFIG_BYTES; i++)
			function->config[i] = take8(input);
	else
		make_capabilities(function, input);
	for (unsigned int i = take8(input) % 8; i > 0; i--)
		function->config[take8(input)] = take8(input);
	function->registers = *input;
}

static void use(struct kl__transport *transport)
{
	const struct kl__transport_ops *with = transport->ops;
	static const int fds[8] = {-1, -1, -1, -1, -1, -1, -1, -1};
	struct kl_features offered, accepted = {{UINT64_MAX, UINT64_MAX}};

	with->set_status(transport, 0);
	(void)with->get_status(transport);
	with->get_features(transport, &offered);
	with->set_features(transport, &accepted);
	if (with->config_generation != NULL)
		(void)with->config_generation(transport);
	for (uint32_t at = 0; at + 4 <= transport->config_size && at < 64; at += 4)
		(void)with->config_read(transport, at, 4);
	if (with->set_interrupts != NULL && with->set_interrupts(transport, 2, fds) == 0)
		(void)with->set_config_vector(transport, 0);
	for (uint16_t i = 0; i < MOST_QUEUES && i < with->queue_count(transport); i++) {
		uint16_t size = with->queue_max_size(transport, i);
		struct kl__queue_setup setup = {.index = i,
			.size = size,
			.desc = 0x1000,
			.driver = 0x2000,
			.device = 0x3000,
			.vector = i % 2 == 0 ? -1 : 1};
		struct kl_notifier notifier = {0};

		if (size == 0 || with->queue_is_enabled(transport, i) ||
			with->queue_enable(transport, &setup, &notifier) != 0)
			continue;
		MUST(notifier.width == 2 || notifier.width == 4 || notifier.doorbell == NULL);
		if (notifier.doorbell == NULL)
			notifier.notify(&notifier, i);
	}
}

static void discard_message(enum kl_log_level level, const char *message, void *context)
{
	(void)level;
	(void)message;
	(void)context;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	enum kl__interface interface = take8(&input) % 3;
	struct kl__transport *transport;
	struct function function;

	kl_log_set(KL_LOG_ERROR, discard_message, NULL);
	make_function(&function, &input);
	if (kl__pci_open(&function.access, interface, &transport) != 0) {
		MUST(function.closes == 0);
		return 0;
	}
	use(transport);
	transport->ops->close(transport);
	MUST(function.closes == 1);
	return 0;
}
