/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints the names of the features that a device offers. Usage: offered [EAL options] -- DEVICE */
#include <stdio.h>

#include <kickless/device.h>
#include <kickless/eal.h>

static int print_offer(const char *name)
{
	struct kl_device *device;
	char text[2048];
	int rc = kl_device_open(name, &device);

	if (rc != 0)
		return rc;
	printf("%s\n",
		kl_device_feature_names(device, &kl_device_info(device)->offered, text,
			sizeof(text)));
	kl_device_close(device);
	return 0;
}

int main(int argc, char **argv)
{
	int taken = kl_eal_init(argc, argv), rc;

	if (taken < 0 || argc - taken != 2)
		return 2;
	rc = print_offer(argv[taken + 1]);
	kl_eal_cleanup();
	return rc == 0 ? 0 : 1;
}
