/* SPDX-License-Identifier: BSD-3-Clause */
#include "types.h"

#include <stdio.h>

static const char *const names[] = {
	[1] = "net",
	[2] = "blk",
	[3] = "console",
	[4] = "rng",
	[5] = "balloon",
	[6] = "iomem",
	[7] = "rpmsg",
	[8] = "scsi",
	[9] = "9p",
	[10] = "wlan",
	[11] = "rproc-serial",
	[12] = "caif",
	[13] = "memory-balloon",
	[16] = "gpu",
	[17] = "clock",
	[18] = "input",
	[19] = "vsock",
	[20] = "crypto",
	[21] = "signal",
	[22] = "pstore",
	[23] = "iommu",
	[24] = "mem",
	[25] = "sound",
	[26] = "fs",
	[27] = "pmem",
	[28] = "rpmb",
	[29] = "wlan-sim",
	[30] = "video-encoder",
	[31] = "video-decoder",
	[32] = "scmi",
	[33] = "nitro",
	[34] = "i2c",
	[35] = "watchdog",
	[36] = "can",
	[37] = "dmabuf",
	[38] = "parameters",
	[39] = "audio-policy",
	[40] = "bluetooth",
	[41] = "gpio",
	[42] = "rdma",
	[43] = "camera",
	[44] = "ism",
	[45] = "spi",
	[46] = "tee",
	[47] = "cpu-balloon",
	[48] = "media",
	[49] = "usb",
};

const char *type_name(uint32_t type)
{
	static char unknown[24];

	if (type < sizeof(names) / sizeof(names[0]) && names[type] != NULL)
		return names[type];
	snprintf(unknown, sizeof(unknown), "type-%u", type);
	return unknown;
}
