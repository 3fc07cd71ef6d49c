/* SPDX-License-Identifier: BSD-3-Clause */
#include "types.h"

#include <stdio.h>
#include <string.h>

struct type {
	const char *name;
	const char *title;
};

static const struct type types[] = {
	[0] = {"none", "reserved (invalid)"},
	[1] = {"net", "network device"},
	[2] = {"blk", "block device"},
	[3] = {"console", "console"},
	[4] = {"rng", "entropy source"},
	[5] = {"balloon", "memory ballooning (traditional)"},
	[6] = {"iomem", "ioMemory"},
	[7] = {"rpmsg", "rpmsg"},
	[8] = {"scsi", "SCSI host"},
	[9] = {"9p", "9P transport"},
	[10] = {"wlan", "mac80211 wlan"},
	[11] = {"rproc-serial", "rproc serial"},
	[12] = {"caif", "virtio CAIF"},
	[13] = {"memory-balloon", "memory balloon"},
	[16] = {"gpu", "GPU device"},
	[17] = {"clock", "Timer/Clock device"},
	[18] = {"input", "Input device"},
	[19] = {"vsock", "Socket device"},
	[20] = {"crypto", "Crypto device"},
	[21] = {"signal", "Signal Distribution Module"},
	[22] = {"pstore", "pstore device"},
	[23] = {"iommu", "IOMMU device"},
	[24] = {"mem", "Memory device"},
	[25] = {"sound", "Sound device"},
	[26] = {"fs", "file system device"},
	[27] = {"pmem", "PMEM device"},
	[28] = {"rpmb", "RPMB device"},
	[29] = {"wlan-sim", "mac80211 hwsim wireless simulation device"},
	[30] = {"video-encoder", "Video encoder device"},
	[31] = {"video-decoder", "Video decoder device"},
	[32] = {"scmi", "SCMI device"},
	[33] = {"nitro", "NitroSecureModule"},
	[34] = {"i2c", "I2C adapter"},
	[35] = {"watchdog", "Watchdog"},
	[36] = {"can", "CAN device"},
	[38] = {"parameters", "Parameter Server"},
	[39] = {"audio-policy", "Audio policy device"},
	[40] = {"bluetooth", "Bluetooth device"},
	[41] = {"gpio", "GPIO device"},
	[42] = {"rdma", "RDMA device"},
	[43] = {"camera", "Camera device"},
	[44] = {"ism", "ISM device"},
	[45] = {"spi", "SPI controller"},
	[46] = {"tee", "TEE device"},
	[47] = {"cpu-balloon", "CPU balloon device"},
	[48] = {"media", "Media device"},
	[49] = {"usb", "USB controller"},
};

static const struct type *find_type(uint32_t type)
{
	if (type < sizeof(types) / sizeof(types[0]) && types[type].name != NULL)
		return &types[type];
	return NULL;
}

const char *type_name(uint32_t type)
{
	static char unknown[24];
	const struct type *known = find_type(type);

	if (known != NULL)
		return known->name;
	snprintf(unknown, sizeof(unknown), "type-%u", type);
	return unknown;
}

const char *type_title(uint32_t type)
{
	const struct type *known = find_type(type);

	return known != NULL ? known->title : "not in the specification";
}

static const char groups_without_virtio[] = "baseband compress dma event mempool misc ml regex";

const char *type_groups_without_virtio(void)
{
	return groups_without_virtio;
}

static bool is_without_virtio(const char *group)
{
	const char *found = strstr(groups_without_virtio, group);
	const char *end = found != NULL ? found + strlen(group) : NULL;

	return group[0] != '\0' && strchr(group, ' ') == NULL && found != NULL &&
		(found == groups_without_virtio || found[-1] == ' ') &&
		(*end == ' ' || *end == '\0');
}

bool type_group_is_known(const char *group)
{
	for (uint32_t type = 1; type < sizeof(types) / sizeof(types[0]); type++)
		if (type_is_in_group(type, group))
			return true;
	return is_without_virtio(group);
}

bool type_is_in_group(uint32_t type, const char *group)
{
	return strcmp(type_name(type), strcmp(group, "block") == 0 ? "blk" : group) == 0;
}
