/* SPDX-License-Identifier: BSD-3-Clause */
#include "ram.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_memory.h>

#include <kickless/log.h>

/* The file that EAL's memory is to become a part of. */
struct ram {
	int fd;
	uint64_t size;
	int rc;
};

static int copy_out(const struct ram *ram, const char *from, size_t length)
{
	off_t at = (off_t)(uintptr_t)from;

	while (length > 0) {
		ssize_t done = pwrite(ram->fd, from, length, at);

		if (done <= 0)
			return done < 0 ? -errno : -EIO;
		from += done;
		at += done;
		length -= (size_t)done;
	}
	return 0;
}

/* EAL's other threads sleep until they get a request, so nothing changes in between. */
static int move(const struct rte_memseg_list *list, void *context)
{
	struct ram *ram = context;

	if (list->external)
		return 0;
	if ((uintptr_t)list->base_va + list->len > ram->size) {
		kl_error(
			"DPDK's memory lies at %p, beyond QEMU's %llu bytes; start with the EAL options "
			"--no-huge --base-virtaddr=0x40000000",
			list->base_va, (unsigned long long)ram->size);
		ram->rc = -EINVAL;
		return -1;
	}
	ram->rc = copy_out(ram, list->base_va, list->len);
	if (ram->rc == 0 &&
		mmap(list->base_va, list->len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			ram->fd, (off_t)(uintptr_t)list->base_va) == MAP_FAILED)
		ram->rc = -errno;
	return ram->rc;
}

int qtest_ram_share(const char *path)
{
	struct ram ram = {.fd = open(path, O_RDWR | O_CLOEXEC)};
	struct stat status;

	if (rte_eal_has_hugepages() || rte_eal_iova_mode() != RTE_IOVA_VA) {
		kl_error(
			"QEMU's memory can be shared with the EAL options --no-huge --iova-mode=va only");
		ram.rc = -EINVAL;
	} else if (ram.fd < 0 || fstat(ram.fd, &status) != 0) {
		ram.rc = -errno;
		kl_error("%s: QEMU's memory can't be shared: %s", path, strerror(errno));
	} else {
		ram.size = (uint64_t)status.st_size;
		rte_memseg_list_walk(move, &ram);
	}
	if (ram.fd >= 0)
		close(ram.fd);
	return ram.rc;
}
