/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/devmem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kickless/log.h>

#include "platform/sigbus.h"
#include "memory/host.h"
#include "platform/obstacles.h"
#include "platform/sysfs.h"

/* "  feb00000-feb001ff : LNRO0005:00": the deeper the indent, the further inside. */
static void parse_line(const char *line, uint64_t address, struct kl__iomem *found)
{
	uint64_t first, last;
	int at = 0;

	if (sscanf(line, " %" SCNx64 "-%" SCNx64 " : %n", &first, &last, &at) < 2 || at == 0)
		return;
	if (address < first || address > last)
		return;
	found->first = first;
	found->last = last;
	snprintf(found->name, sizeof(found->name), "%.*s", (int)strcspn(line + at, "\n"),
		line + at);
}

int kl__iomem_find(const struct kl_machine *machine, uint64_t address, struct kl__iomem *found)
{
	char path[PATH_MAX], line[256];
	bool has_addresses = false;
	FILE *file;

	*found = (struct kl__iomem){0};
	snprintf(path, sizeof(path), "%s/iomem", machine->proc);
	file = fopen(path, "re");
	if (file == NULL)
		return -errno;
	while (fgets(line, sizeof(line), file) != NULL) {
		/* A user who may not see the addresses is shown zeros. */
		if (strcspn(line, "123456789abcdef") < strcspn(line, ":"))
			has_addresses = true;
		parse_line(line, address, found);
	}
	fclose(file);
	return has_addresses ? 0 : -EACCES;
}

/* Bytes to map when the kernel does not list how long the registers are. */
#define USUAL_BYTES 0x200

struct devmem {
	struct kl__mmio_access access;
	int fd;
	char *page;
	size_t mapped;
	volatile char *registers;
};

static struct devmem *devmem_of(struct kl__mmio_access *access)
{
	return (struct devmem *)access;
}

static uint32_t read_register(struct kl__mmio_access *access, uint32_t offset, unsigned int width)
{
	volatile void *at = devmem_of(access)->registers + offset;

	if (width == 4)
		return *(volatile uint32_t *)at;
	return width == 2 ? *(volatile uint16_t *)at : *(volatile uint8_t *)at;
}

static void write_register(struct kl__mmio_access *access, uint32_t offset, unsigned int width,
	uint32_t value)
{
	volatile void *at = devmem_of(access)->registers + offset;

	if (width == 4)
		*(volatile uint32_t *)at = value;
	else if (width == 2)
		*(volatile uint16_t *)at = (uint16_t)value;
	else
		*(volatile uint8_t *)at = (uint8_t)value;
}

static volatile void *register_pointer(struct kl__mmio_access *access, uint32_t offset)
{
	return devmem_of(access)->registers + offset;
}

static void close_devmem(struct kl__mmio_access *access)
{
	struct devmem *devmem = devmem_of(access);

	if (devmem->page != NULL) {
		kl__sigbus_remove(devmem->page);
		munmap(devmem->page, devmem->mapped);
	}
	if (devmem->fd >= 0)
		close(devmem->fd);
	free(devmem);
}

static const struct kl__mmio_access_ops devmem_ops = {
	.read = read_register,
	.write = write_register,
	.pointer = register_pointer,
	.close = close_devmem,
};

/* A resource's name may carry the driver's after a blank. */
static int check_driver(const char *name, const struct kl__iomem *place)
{
	char device[64];

	snprintf(device, sizeof(device), "%.*s", (int)strcspn(place->name, " "), place->name);
	if (!kl__file_exists("%s/bus/platform/drivers/virtio-mmio/%s", kl_machine_current.sysfs,
		    device))
		return 0;
	kl_error(
		"%s: the kernel's driver has it; unbind it first, and what uses it with it: echo %s > "
		"%s/bus/platform/drivers/virtio-mmio/unbind",
		name, device, kl_machine_current.sysfs);
	return -EBUSY;
}

/* Memory, and what belongs to a PCI function, is never a virtio MMIO device. */
static bool is_other_resource(const struct kl__iomem *place)
{
	static const char *const others[] = {"System RAM", "Kernel ", "Reserved", "ACPI ", "PCI ",
		"0000:", "APIC", "IOAPIC", "HPET"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strncmp(place->name, others[i], strlen(others[i])) == 0)
			return true;
	return false;
}

static int find_place(const char *name, uint64_t address, size_t *bytes)
{
	struct kl__iomem place;
	int rc = kl__iomem_find(&kl_machine_current, address, &place);

	if (rc != 0) {
		kl_error("%s: what lies there can't be read from %s/iomem: %s; run as root", name,
			kl_machine_current.proc, strerror(-rc));
		return rc;
	}
	*bytes = USUAL_BYTES;
	if (place.last == 0)
		return 0;
	if (is_other_resource(&place)) {
		kl_error("%s: no device's own registers: \"%s\" lies at 0x%" PRIx64 " to 0x%" PRIx64
			 "; name the address that the machine gives a virtio-mmio device",
			name, place.name, place.first, place.last);
		return -EINVAL;
	}
	if (place.first == address)
		*bytes = place.last - place.first + 1;
	return check_driver(name, &place);
}

/* One process for each device; the lock is on the device's place in the file. */
static int lock_place(const struct devmem *devmem, uint64_t address)
{
	struct flock lock = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = (off_t)address,
		.l_len = (off_t)devmem->access.size,
	};

	if (fcntl(devmem->fd, F_OFD_SETLK, &lock) == 0)
		return 0;
	kl_error("%s: it is open already, here or in another process", devmem->access.name);
	return -EBUSY;
}

static int map_registers(struct devmem *devmem, uint64_t address)
{
	uint64_t offset = address % (uint64_t)sysconf(_SC_PAGESIZE);
	void *page;

	devmem->mapped = offset + devmem->access.size;
	page = mmap(NULL, devmem->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, devmem->fd,
		(off_t)(address - offset));
	if (page == MAP_FAILED) {
		kl_error(
			"%s: its page can't be mapped: %s; the kernel refuses pages where a bound driver has "
			"registers (IO_STRICT_DEVMEM), so unbind its neighbours on the page too",
			devmem->access.name, strerror(errno));
		return -EACCES;
	}
	kl__sigbus_add(page, devmem->mapped);
	devmem->page = page;
	devmem->registers = devmem->page + offset;
	return 0;
}

static int open_registers(const char *name, uint64_t address, size_t bytes, struct devmem **result)
{
	struct devmem *devmem = calloc(1, sizeof(*devmem));
	char path[PATH_MAX];
	int rc;

	if (devmem == NULL)
		return kl_no_memory(name, sizeof(*devmem));
	devmem->access = (struct kl__mmio_access){&devmem_ops, "", -1, bytes};
	snprintf(devmem->access.name, sizeof(devmem->access.name), "%s", name);
	snprintf(path, sizeof(path), "%s/mem", kl_machine_current.dev);
	devmem->fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
	if (devmem->fd < 0) {
		rc = kl__open_explain(name, path, errno);
	} else {
		rc = lock_place(devmem, address);
	}
	if (rc == 0)
		rc = map_registers(devmem, address);
	if (rc != 0) {
		close_devmem(&devmem->access);
		return rc;
	}
	*result = devmem;
	return 0;
}

static void warn_of_limits(const char *name)
{
	static bool has_warned;

	kl__host_warn_once(&has_warned, name,
		"through /dev/mem no IOMMU stands between it and memory: a bug in this program or a "
		"hostile device can overwrite anything; and no interrupt reaches us, so queues are polled "
		"and changes of the configuration are not seen by themselves");
}

int kl__devmem_open(uint64_t address, struct kl__mmio_access **access, struct kl__host **host)
{
	struct devmem *devmem;
	char name[64];
	size_t bytes;
	int rc;

	snprintf(name, sizeof(name), "mmio:0x%" PRIx64, address);
	if (address % 4 != 0) {
		kl_error("%s: registers start at a multiple of 4", name);
		return -EINVAL;
	}
	rc = find_place(name, address, &bytes);
	if (rc == 0)
		rc = kl__host_require_physical(name, "/dev/mem");
	if (rc == 0)
		rc = open_registers(name, address, bytes, &devmem);
	if (rc != 0)
		return rc;
	rc = kl__host_create(&(struct kl__host_conf){.name = name,
				     .access = "mmio",
				     .numa_node = -1},
		host);
	if (rc != 0) {
		close_devmem(&devmem->access);
		return rc;
	}
	warn_of_limits(name);
	*access = &devmem->access;
	return 0;
}
