/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A kernel with VFIO and /dev/iommu, in the place of kl__kernel_*. It keeps the rules of the real
 * one: a group is opened once, a container has an IOMMU only while it has a group, a mapping is
 * unmapped as it was made. What breaks one of ours (a container closed before its groups, a
 * descriptor closed twice) fails the test.
 */
#ifndef UNIT_PLATFORM_FAKE_VFIO_H
#define UNIT_PLATFORM_FAKE_VFIO_H

#include <stddef.h>
#include <stdint.h>

/* No descriptor is open, and nothing fails. */
void fake_vfio_reset(void);

/* Descriptors that are open, in all, and those of files whose path ends so. */
unsigned int fake_vfio_count_open(void);
unsigned int fake_vfio_count_files(const char *end);

/* Mappings in all containers and IOASes. */
unsigned int fake_vfio_count_mappings(void);

/* The n-th call from now, from 1, fails with error; 0: none does. */
void fake_vfio_fail_call(unsigned int n, int error);
/* Each request of this number fails with error, and each opening of a path that ends so. */
void fake_vfio_fail_request(unsigned long request, int error);
void fake_vfio_fail_open(const char *end, int error);

/* So many times, a group that is to join a container that has one is refused. */
void fake_vfio_refuse_second_group(unsigned int times, int error);

/* Tears off the only function of the group; its number may be given again at once. */
void fake_vfio_tear_off(int group);

/* The address spaces that are there: calls by which a group or a function joined one. */
unsigned int fake_vfio_count_joins(void);

/* The number with which the last container got its IOMMU. */
unsigned long fake_vfio_iommu_kind(void);

#endif
