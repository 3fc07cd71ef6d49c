/* SPDX-License-Identifier: BSD-3-Clause */
/* What a VFIO device tells by eventfds: its MSI-X vectors, and that the kernel wants it back. */
#ifndef KL_PLATFORM_VFIO_IRQ_H
#define KL_PLATFORM_VFIO_IRQ_H

/* How many vectors the device has, 0 for none. */
unsigned int kl__vfio_irq_count(int fd);

/*
 * Turns MSI-X on and connects vectors, at least one, to eventfds (-1: none). It has to be off. 0 or
 * -errno.
 */
int kl__vfio_irq_on(int fd, unsigned int vectors, const int *fds);

/* Turns MSI-X off; the kernel refuses when it is not on. 0 or -errno. */
int kl__vfio_irq_off(int fd);

/* The eventfd becomes readable when the kernel wants the device back, and again until it has it. 0 or -errno. */
int kl__vfio_request_on(int fd, int eventfd);

#endif
