/* SPDX-License-Identifier: BSD-3-Clause */
/* The reason why VFIO refused a function, which DPDK does not report. */
#ifndef KL_PLATFORM_VFIO_DIAGNOSE_H
#define KL_PLATFORM_VFIO_DIAGNOSE_H

/*
 * After DPDK failed to set up the function: goes the same way step by step to find out where it
 * ends, logs it, and returns the error of kl_device_open for it.
 */
int kl__vfio_diagnose(const char *address);

#endif
