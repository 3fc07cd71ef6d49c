/* SPDX-License-Identifier: BSD-3-Clause */
#include <kickless/discover.h>

const struct kl_machine kl_machine_current = {
	.sysfs = "/sys",
	.proc = "/proc",
	.dev = "/dev",
};
