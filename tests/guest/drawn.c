/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Draws random bytes in reads of many sizes and writes them to a file, for a check against
 * the bytes that the device supplied. A read that is not answered within TIMEOUT is tried
 * again, and counted.
 *
 * Usage: drawn [EAL options] -- DEVICE BYTES FILE TIMEOUT (ms)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <kickless/eal.h>
#include <kickless/rng.h>

#define TRIES 200
#define READ_MAX 6000

static uint64_t timeout_ns;
static unsigned int late;

static int draw(struct kl_rng *rng, uint8_t *data, size_t size)
{
	int rc = -ETIMEDOUT;

	for (unsigned int i = 0; i < TRIES && rc == -ETIMEDOUT; i++) {
		rc = kl_rng_read(rng, data, size, timeout_ns);
		late += rc == -ETIMEDOUT;
	}
	return rc;
}

static int draw_all(struct kl_rng *rng, size_t bytes, FILE *file)
{
	static uint8_t data[READ_MAX];
	int rc = 0;

	for (size_t at = 0, size = 1; at < bytes && rc == 0; at += size) {
		size = (size * 5 + 7) % READ_MAX + 1;
		if (size > bytes - at)
			size = bytes - at;
		rc = draw(rng, data, size);
		if (rc == 0 && fwrite(data, 1, size, file) != size)
			rc = -EIO;
	}
	return rc;
}

static int run(const char *name, size_t bytes, const char *path)
{
	struct kl_device *device;
	struct kl_rng *rng;
	FILE *file;
	int rc = kl_device_open(name, &device);

	if (rc != 0)
		return rc;
	rng = kl_rng_from_device(device);
	rc = rng != NULL ? kl_rng_start(rng) : -ENODEV;
	file = fopen(path, "w");
	if (rc == 0)
		rc = file != NULL ? draw_all(rng, bytes, file) : -errno;
	if (file != NULL && fclose(file) != 0)
		rc = -EIO;
	kl_device_close(device);
	return rc;
}

int main(int argc, char **argv)
{
	int taken = kl_eal_init(argc, argv), rc;

	if (taken < 0 || argc - taken != 5)
		return 2;
	argv += taken;
	timeout_ns = strtoull(argv[4], NULL, 10) * 1000000;
	rc = run(argv[1], strtoul(argv[2], NULL, 10), argv[3]);
	printf("result %d, %u reads were late\n", rc, late);
	kl_eal_cleanup();
	return rc == 0 ? 0 : 1;
}
