/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A read into memory that the IOMMU does not map: the mapping of a registered region is taken away
 * behind the library's back, by the file that it holds. The witnesses of other tests must see the
 * fault. Prints the region's address as the last line.
 *
 * Usage: bad_dma [EAL options] -- DEVICE
 */
#include <dirent.h>
#include <errno.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <kickless/eal.h>
#include <kickless/memory.h>

#include "known_disk.h"
#include "own_memory.h"

#define SIZE 65536

/* Debian 12's headers have no iommufd. */
struct ioas_unmap {
	uint32_t size;
	uint32_t ioas_id;
	uint64_t iova;
	uint64_t length;
};
#define IOMMU_IOAS_UNMAP _IO(';', 0x86)
/* More than the objects that a process with one device makes. */
#define OBJECTS 64

static bool unmap_from_container(int fd, uint64_t iova)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = SIZE,
	};

	return ioctl(fd, VFIO_IOMMU_UNMAP_DMA, &unmap) == 0 && unmap.size == SIZE;
}

static bool unmap_from_iommufd(int fd, uint64_t iova)
{
	for (uint32_t id = 1; id < OBJECTS; id++) {
		struct ioas_unmap unmap = {
			.size = sizeof(unmap),
			.ioas_id = id,
			.iova = iova,
			.length = SIZE,
		};

		if (ioctl(fd, IOMMU_IOAS_UNMAP, &unmap) == 0 && unmap.length == SIZE)
			return true;
	}
	return false;
}

/* By whichever of this process's files maps it. */
static bool unmap(uint64_t iova)
{
	DIR *fds = opendir("/proc/self/fd");
	const struct dirent *entry;
	bool is_done = false;

	while (!is_done && fds != NULL && (entry = readdir(fds)) != NULL) {
		char target[32] = "";

		if (readlinkat(dirfd(fds), entry->d_name, target, sizeof(target) - 1) < 0)
			continue;
		if (strcmp(target, "/dev/vfio/vfio") == 0)
			is_done = unmap_from_container(atoi(entry->d_name), iova);
		else if (strcmp(target, "/dev/iommu") == 0)
			is_done = unmap_from_iommufd(atoi(entry->d_name), iova);
	}
	closedir(fds);
	return is_done;
}

static bool run(const char *name)
{
	void *memory = own_memory_map(OWN_MEMORY, SIZE);
	struct known_disk disk;
	int rc;

	if (!expect("open", known_disk_open(&disk, name), 0) ||
		!expect("registration", kl_memory_register(memory, SIZE), 0) ||
		!expect("a read into it", known_disk_read(&disk, memory, 0, SIZE), 0))
		return false;
	if (!unmap((uintptr_t)memory)) {
		puts("no file of this process maps it");
		return false;
	}
	rc = known_disk_read(&disk, memory, 0, SIZE);
	printf("a read without the mapping: %d (%s)\n", rc, strerror(-rc));
	known_disk_close(&disk);
	printf("%p\n", memory);
	return rc != 0;
}

int main(int argc, char **argv)
{
	int taken = kl_eal_init(argc, argv);
	bool is_good;

	if (taken < 0 || argc - taken != 2)
		return 2;
	is_good = run(argv[taken + 1]);
	kl_eal_cleanup();
	return is_good ? 0 : 1;
}
