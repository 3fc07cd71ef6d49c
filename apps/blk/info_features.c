/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>

#include <kickless/bus.h>

#include "info.h"

/* By bit: virtio 1.x, 5.2.3 and 6. */
static const struct {
	unsigned int bit;
	const char *why;
} reasons[] = {
	{0, "legacy only"},
	{7, "legacy only"},
	{11, "a cache that can't be flushed is of no use"},
	{17, "this driver knows no zones, and needs none here"},
	{24, "legacy only"},
	{27, "legacy only"},
	{30, "reserved"},
	{37, "virtual functions are not driven from here"},
	{38, "only on request: with it every kick would be a full exit"},
	{41, "nothing needs an administration queue"},
};

const char *why_not_taken(const struct kl_device *device, unsigned int bit)
{
	if (kl_features_has(&kl_device_options(device)->declined, bit))
		return "declined in the device's name";
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].bit == bit)
			return reasons[i].why;
	return "not known to this version";
}

const char *kick_mode_name(enum kl_kick_mode mode)
{
	switch (mode) {
	case KL_KICK_EAGER:
		return "eager";
	case KL_KICK_LAZY:
		return "lazy";
	case KL_KICK_AUTO:
		return "auto";
	}
	return "unknown";
}
