/* SPDX-License-Identifier: BSD-3-Clause */
/* The reason why the kernel refused a function at a step of its opening, and the remedy. */
#ifndef KL_PLATFORM_VFIO_EXPLAIN_H
#define KL_PLATFORM_VFIO_EXPLAIN_H

#include "platform/vfio_kind.h"

/*
 * Logs why arrival->step ended with error (-errno), and returns the error of kl_device_open for it.
 */
int kl__vfio_explain(const struct kl_machine *machine, const struct kl__vfio_arrival *arrival,
	int error);

#endif
