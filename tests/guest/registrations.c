/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory of the application's own that is registered for a disk of tests/guest/known_disk.h: one
 * case a run. Each word that is read is compared.
 *
 * Usage: registrations [EAL options] -- DEVICE CASE
 */
#include <errno.h>

#include <rte_errno.h>
#include <rte_memory.h>

#include <kickless/eal.h>
#include <kickless/memory.h>

#include "known_disk.h"
#include "own_memory.h"

#define SIZE ((size_t)1 << 20)
#define PAGE 4096
/* More than EAL has free, so that it takes more pages. */
#define LARGE ((size_t)32 << 20)

static int read_into(struct known_disk *disk, void *memory)
{
	return known_disk_read(disk, memory, 5 * SIZE, SIZE);
}

/* Memory that EAL takes from the system now is reachable too. */
static bool new_memory_is_reached(struct known_disk *disk)
{
	void *memory = kl_memory_alloc(LARGE, PAGE, -1);
	bool is_good;

	if (memory == NULL)
		return expect("kl_memory_alloc", -ENOMEM, 0);
	is_good = expect("a read into new memory of EAL's", read_into(disk, memory), 0);
	kl_memory_free(memory);
	return is_good;
}

static bool beyond_the_aperture(const char *name)
{
	void *memory = own_memory_map(OWN_MEMORY_BEYOND, SIZE);
	struct known_disk disk;
	bool is_good;

	if (!expect("open", known_disk_open(&disk, name), 0))
		return false;
	is_good = expect("registration", kl_memory_register(memory, SIZE), -ENOMEM) &&
		expect("a read into it", read_into(&disk, memory), -EFAULT) &&
		new_memory_is_reached(&disk);
	known_disk_close(&disk);
	return is_good;
}

/* It may be refused then, or when the device is opened, or be out of reach. */
static bool beyond_the_aperture_early(const char *name)
{
	void *memory = own_memory_map(OWN_MEMORY_BEYOND, SIZE);
	struct known_disk disk;
	bool is_good = true;

	if (kl_memory_register(memory, SIZE) == 0) {
		if (known_disk_open(&disk, name) == 0) {
			is_good = expect("a read into it", read_into(&disk, memory), -EFAULT);
			known_disk_close(&disk);
		}
		is_good &= expect("its end", kl_memory_unregister(memory, SIZE), 0);
	}
	if (!is_good || !expect("open", known_disk_open(&disk, name), 0))
		return false;
	is_good = new_memory_is_reached(&disk);
	known_disk_close(&disk);
	return is_good;
}

static bool before_the_first_device(const char *name)
{
	void *memory = own_memory_map(OWN_MEMORY, SIZE);
	struct known_disk disk;
	bool is_good;

	if (!expect("registration", kl_memory_register(memory, SIZE), 0) ||
		!expect("open", known_disk_open(&disk, name), 0))
		return false;
	is_good = expect("a read into it", read_into(&disk, memory), 0) &&
		expect("its end", kl_memory_unregister(memory, SIZE), 0) &&
		expect("a read after that", read_into(&disk, memory), -EFAULT);
	known_disk_close(&disk);
	return is_good;
}

/* The end of a registration after the last device was closed leaves nothing behind. */
static bool after_the_last_device(const char *name)
{
	void *memory = own_memory_map(OWN_MEMORY, SIZE);
	struct known_disk disk;
	bool is_good;

	if (!expect("registration", kl_memory_register(memory, SIZE), 0) ||
		!expect("open", known_disk_open(&disk, name), 0))
		return false;
	is_good = expect("a read into it", read_into(&disk, memory), 0);
	known_disk_close(&disk);
	is_good &= expect("its end", kl_memory_unregister(memory, SIZE), 0);
	own_memory_renew(memory, SIZE, SIZE);
	if (!expect("the next open", known_disk_open(&disk, name), 0))
		return false;
	is_good &= new_memory_is_reached(&disk) &&
		expect("a read into other memory there", read_into(&disk, memory), -EFAULT);
	known_disk_close(&disk);
	return is_good;
}

static bool between_two_devices(const char *name)
{
	void *memory = own_memory_map(OWN_MEMORY, SIZE);
	struct known_disk disk;
	bool is_good;

	if (!expect("open", known_disk_open(&disk, name), 0))
		return false;
	known_disk_close(&disk);
	if (!expect("registration", kl_memory_register(memory, SIZE), 0) ||
		!expect("the next open", known_disk_open(&disk, name), 0))
		return false;
	is_good = expect("a read into it", read_into(&disk, memory), 0);
	known_disk_close(&disk);
	return is_good;
}

static bool twice_and_overlapping(const char *name)
{
	uint8_t *memory = own_memory_map(OWN_MEMORY, 2 * SIZE);
	struct known_disk disk;
	bool is_good;

	if (!expect("open", known_disk_open(&disk, name), 0))
		return false;
	is_good = expect("registration", kl_memory_register(memory, SIZE), 0) &&
		expect("the same again", kl_memory_register(memory, SIZE), -EINVAL) &&
		expect("more than it", kl_memory_register(memory, 2 * SIZE), -EINVAL) &&
		expect("a page of it", kl_memory_register(memory + PAGE, PAGE), -EINVAL) &&
		expect("what follows it", kl_memory_register(memory + SIZE, SIZE), 0) &&
		expect("half a page", kl_memory_register(memory + 2 * SIZE, 2048), -EINVAL) &&
		expect("the end of both", kl_memory_unregister(memory, 2 * SIZE), -EINVAL) &&
		expect("the end of a page", kl_memory_unregister(memory, PAGE), -EINVAL) &&
		expect("a read across both", read_into(&disk, memory + SIZE / 2), 0) &&
		expect("its end", kl_memory_unregister(memory, SIZE), 0) &&
		expect("its end again", kl_memory_unregister(memory, SIZE), -EINVAL) &&
		expect("a read into what follows", read_into(&disk, memory + SIZE), 0) &&
		expect("a read across both", read_into(&disk, memory + SIZE / 2), -EFAULT);
	known_disk_close(&disk);
	return is_good;
}

static bool in_flight(const char *name)
{
	void *memory = own_memory_map(OWN_MEMORY, SIZE);
	struct known_disk disk;
	bool is_good;

	if (!expect("registration", kl_memory_register(memory, SIZE), 0) ||
		!expect("open", known_disk_open(&disk, name), 0))
		return false;
	known_disk_submit(&disk, memory, 0, SIZE);
	is_good = expect("its end meanwhile", kl_memory_unregister(memory, SIZE), -EBUSY) &&
		expect("the read", known_disk_finish(&disk), 0) &&
		expect("its end afterwards", kl_memory_unregister(memory, SIZE), 0);
	known_disk_close(&disk);
	return is_good;
}

/* EAL knows of this memory and maps it for nobody. */
static bool external_memory(const char *name)
{
	void *memory = own_memory_map(OWN_MEMORY, SIZE);
	struct known_disk disk;
	bool is_good;

	if (!expect("rte_extmem_register", rte_extmem_register(memory, SIZE, NULL, 0, PAGE), 0) ||
		!expect("open", known_disk_open(&disk, name), 0))
		return false;
	is_good = expect("a read into it", read_into(&disk, memory), -EFAULT) &&
		expect("registration", kl_memory_register(memory, SIZE), 0) &&
		expect("a read into it then", read_into(&disk, memory), 0) &&
		expect("its end", kl_memory_unregister(memory, SIZE), 0) &&
		expect("a read after that", read_into(&disk, memory), -EFAULT);
	known_disk_close(&disk);
	return expect("rte_extmem_unregister", rte_extmem_unregister(memory, SIZE), 0) && is_good;
}

/* An error of one request, and not of the device. */
static bool out_of_reach(const char *name)
{
	void *memory = own_memory_map(OWN_MEMORY, SIZE);
	struct known_disk disk;
	bool is_good;

	if (!expect("open", known_disk_open(&disk, name), 0))
		return false;
	is_good = expect("a read", read_into(&disk, memory), -EFAULT) &&
		expect("the disk's state", (int)kl_blk_state(disk.blk), KL_DEVICE_RUNNING) &&
		new_memory_is_reached(&disk);
	known_disk_close(&disk);
	return is_good;
}

/* Up to the limit of memlock; what EAL gives out is always reachable. */
static bool growth(const char *name)
{
	struct known_disk disk;
	unsigned int count = 0;
	bool is_good = true;
	void *memory;

	if (!expect("open", known_disk_open(&disk, name), 0))
		return false;
	while (is_good && (memory = kl_memory_alloc(LARGE, PAGE, -1)) != NULL) {
		count++;
		is_good = expect("a read into it", read_into(&disk, memory), 0);
	}
	printf("%u times %zu MiB\n", count, LARGE >> 20);
	known_disk_close(&disk);
	return is_good && count > 0;
}

/* Prints the step that is done, and waits for a line before the next. */
static void wait_after(const char *step)
{
	char line[80];

	puts(step);
	fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL)
		exit(2);
}

/* The only device is torn off and plugged in again. */
static bool plugged_in_again(const char *name)
{
	void *memory = own_memory_map(OWN_MEMORY, SIZE);
	struct known_disk disk;
	bool is_good;

	if (!expect("registration", kl_memory_register(memory, SIZE), 0) ||
		!expect("open", known_disk_open(&disk, name), 0))
		return false;
	is_good = expect("a read into it", read_into(&disk, memory), 0);
	wait_after("opened");
	known_disk_close(&disk);
	wait_after("closed");
	if (!expect("the next open", known_disk_open(&disk, name), 0))
		return false;
	is_good &= expect("a read into it", read_into(&disk, memory), 0) &&
		new_memory_is_reached(&disk) &&
		expect("its end", kl_memory_unregister(memory, SIZE), 0);
	known_disk_close(&disk);
	return is_good;
}

static const struct {
	const char *name;
	bool (*run)(const char *device);
} cases[] = {
	{"beyond-the-aperture", beyond_the_aperture},
	{"beyond-the-aperture-early", beyond_the_aperture_early},
	{"before-the-first-device", before_the_first_device},
	{"after-the-last-device", after_the_last_device},
	{"between-two-devices", between_two_devices},
	{"twice-and-overlapping", twice_and_overlapping},
	{"in-flight", in_flight},
	{"external-memory", external_memory},
	{"out-of-reach", out_of_reach},
	{"growth", growth},
	{"plugged-in-again", plugged_in_again},
};

int main(int argc, char **argv)
{
	int taken = kl_eal_init(argc, argv), status = 2;

	if (taken < 0 || argc - taken != 3 || kl_sigbus_catch() != 0)
		return 2;
	argv += taken;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++)
		if (strcmp(argv[2], cases[i].name) == 0)
			status = cases[i].run(argv[1]) ? 0 : 1;
	kl_eal_cleanup();
	return status;
}
