/* SPDX-License-Identifier: BSD-3-Clause */
#include <kickless/discover.h>

const struct kl_machine kl_this_machine = {
	.sysfs = "/sys",
	.proc = "/proc",
	.dev = "/dev",
};
