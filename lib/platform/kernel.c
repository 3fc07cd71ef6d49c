/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* No child of this program gets the descriptor: it would keep the device when we have ended. */
int kl__kernel_open(const char *path)
{
	int fd;

	do {
		fd = open(path, O_RDWR | O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);
	return fd >= 0 ? fd : -errno;
}

int kl__kernel_ioctl(int fd, unsigned long request, void *argument)
{
	int rc;

	/* What waits for pages may be interrupted by the handler of any signal. */
	do {
		rc = ioctl(fd, request, argument);
	} while (rc < 0 && errno == EINTR);

	return rc >= 0 ? rc : -errno;
}

int kl__kernel_ioctl_number(int fd, unsigned long request, unsigned long number)
{
	int rc = ioctl(fd, request, number);

	return rc >= 0 ? rc : -errno;
}

void kl__kernel_close(int fd)
{
	close(fd);
}
