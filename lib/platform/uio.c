/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/uio.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <kickless/log.h>

#include "memory/host.h"
#include "platform/pci.h"
#include "platform/obstacles.h"
#include "pci/pci_command.h"
#include "platform/pci_bars.h"
#include "platform/sysfs.h"
#include "platform/uio_sysfs.h"

/* Of the kernel's flags of a resource. */
#define RESOURCE_IO 0x100
#define RESOURCE_MEMORY 0x200

#define PAGE 4096

struct resource {
	uint64_t start;
	uint64_t size; /* 0: none */
	uint64_t flags;
};

/* The n-th line of the function's table: first and last address, and flags. */
static struct resource find_resource(const struct kl_machine *machine, const char *address,
	unsigned int n)
{
	struct resource resource = {0};
	uint64_t start, end, flags;
	char path[PATH_MAX];
	FILE *table;

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/resource", machine->sysfs, address);
	table = fopen(path, "re");
	if (table == NULL)
		return resource;
	for (unsigned int line = 0; line <= n; line++)
		if (fscanf(table, "%" SCNx64 " %" SCNx64 " %" SCNx64, &start, &end, &flags) != 3)
			goto close_table;
	if (end > start)
		resource = (struct resource){start, end - start + 1, flags};
close_table:
	fclose(table);
	return resource;
}

void kl__uio_bar_open(const struct kl_machine *machine, const char *address, unsigned int bar,
	struct kl__region *region)
{
	struct resource resource = find_resource(machine, address, bar);
	char path[PATH_MAX];

	*region = (struct kl__region){.fd = -1};
	if ((resource.flags & (RESOURCE_IO | RESOURCE_MEMORY)) == 0 || resource.size == 0)
		return;
	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/resource%u", machine->sysfs, address,
		bar);
	region->fd = open(path, O_RDWR | O_CLOEXEC);
	if (region->fd < 0) {
		kl_debug("%s: BAR %u is out of reach: %s: %s", address, bar, path, strerror(errno));
		return;
	}
	region->size = resource.size;
	if ((resource.flags & RESOURCE_IO) != 0)
		return;
	/* A mapping starts with the page, and a BAR that does not would bring others' registers. */
	if (resource.start % PAGE == 0)
		kl__region_map(region, 0, region->size);
	if (region->area_count != 0)
		return;
	kl_debug("%s: BAR %u is out of reach: it can't be mapped", address, bar);
	region->size = 0;
}

struct uio {
	struct kl__pci_bars regions;
	int fd; /* /dev/uioN */
	bool has_line;
};

static struct uio *uio_of(struct kl__pci_access *access)
{
	return (struct uio *)access;
}

/* The kernel does not hand out MSI-X this way. */
static int set_vectors(struct kl__pci_access *access, unsigned int vectors, const int *fds)
{
	(void)access;
	(void)fds;
	return vectors == 0 ? 0 : -ENOTSUP;
}

static int intx_open(struct kl__pci_access *access)
{
	struct uio *uio = uio_of(access);
	int rc;

	if (!uio->has_line)
		return -ENOTSUP;
	rc = kl__pci_command_change(access, 0, PCI_CFG_COMMAND_INTX_DISABLE);
	return rc == 0 ? uio->fd : rc;
}

/* The kernel's handler disables the line until it is enabled again, once the device is quiet. */
static void intx_rearm(struct kl__pci_access *access)
{
	uint32_t count;

	if (read(uio_of(access)->fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		kl_warning("%s: its interrupt can't be read: %s", access->name, strerror(errno));
	kl__pci_command_change(access, 0, PCI_CFG_COMMAND_INTX_DISABLE);
}

static void close_files(struct uio *uio)
{
	for (unsigned int i = 0; i < PCI_BARS; i++)
		if (uio->regions.bars[i].fd >= 0)
			close(uio->regions.bars[i].fd);
	if (uio->fd >= 0)
		close(uio->fd);
	if (uio->regions.config.fd >= 0)
		close(uio->regions.config.fd);
}

static void close_uio(struct kl__pci_access *access)
{
	struct uio *uio = uio_of(access);

	kl__pci_command_change(access, PCI_CFG_COMMAND_INTX_DISABLE, 0);
	kl__pci_bars_close(&uio->regions);
	close_files(uio);
	free(uio);
}

/* The kernel takes it without a request; what we have mapped stays so. */
static bool removal_requested(struct kl__pci_access *access)
{
	return !kl__uio_is_bound(&kl_machine_current, access->name);
}

static const struct kl__pci_access_ops uio_ops = {
	.config_read = kl__pci_bars_config_read,
	.config_write = kl__pci_bars_config_write,
	.read = kl__pci_bars_read,
	.write = kl__pci_bars_write,
	.pointer = kl__pci_bars_pointer,
	.interrupts = set_vectors,
	.intx_open = intx_open,
	.intx_rearm = intx_rearm,
	.removal_requested = removal_requested,
	.close = close_uio,
};

/*
 * A process that opens and closes /dev/uioN switches bus mastering off, also for another process
 * that has it open. So the lock that keeps a second one of us away is on another file.
 */
static int open_config(const char *address, struct kl__region *config)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/config", kl_machine_current.sysfs,
		address);
	config->fd = open(path, O_RDWR | O_CLOEXEC);
	if (config->fd < 0)
		return kl__open_explain(address, path, errno);
	config->size = PCI_CFG_SIZE;
	if (flock(config->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	kl_error("%s: another process is using it", address);
	return -EBUSY;
}

static int open_file(const char *address, struct uio *uio)
{
	char path[PATH_MAX];
	long long irq = 0;

	snprintf(path, sizeof(path), "%s/uio%d", kl_machine_current.dev,
		kl__uio_number(&kl_machine_current, address));
	uio->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (uio->fd < 0)
		return kl__open_explain(address, path, errno);
	kl__read_number(&irq, "%s/bus/pci/devices/%s/irq", kl_machine_current.sysfs, address);
	uio->has_line = irq != 0;
	return 0;
}

static int open_function(const char *address, struct uio **result)
{
	struct uio *uio = calloc(1, sizeof(*uio));
	int rc;

	if (uio == NULL)
		return kl_no_memory(address, sizeof(*uio));
	uio->fd = -1;
	uio->regions.config.fd = -1;
	for (unsigned int i = 0; i < PCI_BARS; i++)
		uio->regions.bars[i].fd = -1;
	uio->regions.access.ops = &uio_ops;
	uio->regions.access.numa_node = kl__numa_from_function(&kl_machine_current, address);
	snprintf(uio->regions.access.name, sizeof(uio->regions.access.name), "%s", address);
	snprintf(uio->regions.access.way, sizeof(uio->regions.access.way), "uio");
	rc = open_config(address, &uio->regions.config);
	if (rc == 0)
		rc = open_file(address, uio);
	for (unsigned int i = 0; i < PCI_BARS && rc == 0; i++)
		kl__uio_bar_open(&kl_machine_current, address, i, &uio->regions.bars[i]);
	if (rc == 0)
		rc = kl__pci_bars_enable(&uio->regions);
	if (rc == 0) {
		*result = uio;
		return 0;
	}
	if (rc == -EIO)
		kl_error(
			"%s: its registers can't be reached through sysfs; is the device still there?",
			address);
	kl__pci_bars_close(&uio->regions);
	close_files(uio);
	free(uio);
	return rc;
}

static void warn_of_limits(const char *address)
{
	static bool has_warned;

	kl__host_warn_once(&has_warned, address,
		"through " KL__UIO_DRIVER " no IOMMU stands between it and memory: a bug in this "
		"program or a hostile device can overwrite anything; and there is one interrupt, no MSI-X, "
		"so queues are polled. Where vfio-pci works, it is the better way");
}

int kl__uio_open(const char *address, struct kl__pci_access **access, struct kl__host **host)
{
	struct uio *uio;
	int rc;

	rc = kl__obstacles_log(address, KL__VFIO_AUTO, 0);
	if (rc == 0)
		rc = kl__host_require_physical(address, KL__UIO_DRIVER);
	if (rc == 0)
		rc = open_function(address, &uio);
	if (rc != 0)
		return rc;
	rc = kl__host_create(&(struct kl__host_conf){.name = address,
				     .access = "uio",
				     .numa_node = uio->regions.access.numa_node},
		host);
	if (rc != 0) {
		close_uio(&uio->regions.access);
		return rc;
	}
	warn_of_limits(address);
	*access = &uio->regions.access;
	return 0;
}
