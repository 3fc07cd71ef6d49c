/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The calls by which VFIO and /dev/iommu are used, with errors as return values. A test puts a
 * kernel of its own in their place.
 */
#ifndef KL_PLATFORM_KERNEL_H
#define KL_PLATFORM_KERNEL_H

/* A descriptor for reading and writing the file at path, or -errno. */
int kl__kernel_open(const char *path);

/* The answer to the request, 0 or more, or -errno. */
int kl__kernel_ioctl(int fd, unsigned long request, void *argument);

/* The same for requests whose argument is a number. */
int kl__kernel_ioctl_number(int fd, unsigned long request, unsigned long number);

void kl__kernel_close(int fd);

#endif
