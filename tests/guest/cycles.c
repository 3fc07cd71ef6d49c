/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A disk of tests/guest/known_disk.h is opened, read and closed again and again, while in random
 * phases memory is registered, registrations end, and EAL's memory grows and shrinks. Each word
 * that is read is compared; what is not registered must be refused.
 *
 * Usage: cycles [EAL options] -- DEVICE COUNT SEED
 */
#include <errno.h>

#include <rte_common.h>

#include <kickless/eal.h>
#include <kickless/memory.h>

#include "known_disk.h"
#include "own_memory.h"

#define PAGE 4096
#define SECTOR 512
#define DISK_BYTES ((uint64_t)16 << 20)
#define STRIDE ((uint64_t)1 << 30)
#define PAGES_MAX 300
#define BLOCK_MAX ((size_t)8 << 20)

/* Memory of our own. It is another at the same address after each registration. */
static struct region {
	uint8_t *memory;
	size_t size;
	bool is_registered;
} regions[6];

/* Memory of EAL's; NULL when there is none. */
static struct block {
	uint8_t *memory;
	size_t size;
} blocks[3];

static uint64_t state;
static unsigned int reads, refusals, busy;

/* A number below limit. */
static uint64_t draw(uint64_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % limit;
}

static bool register_region(struct region *region)
{
	bool is_good = expect("registration", kl_memory_register(region->memory, region->size), 0);

	region->is_registered = true;
	if (is_good && draw(2) == 0)
		is_good = expect("the same again", kl_memory_register(region->memory, region->size),
			-EINVAL);
	if (is_good && draw(2) == 0)
		is_good = expect("its first page", kl_memory_register(region->memory, PAGE),
			-EINVAL);
	return is_good;
}

static bool unregister_region(struct region *region)
{
	const size_t size = region->size;
	bool is_good = true;

	if (size > PAGE && draw(2) == 0)
		is_good = expect("the end of a page", kl_memory_unregister(region->memory, PAGE),
			-EINVAL);
	is_good = is_good &&
		expect("the end of a registration", kl_memory_unregister(region->memory, size), 0);
	region->is_registered = false;
	region->size = (1 + draw(PAGES_MAX)) * PAGE;
	own_memory_renew(region->memory, size, region->size);
	return is_good;
}

static bool toggle_block(struct block *block)
{
	if (block->memory != NULL) {
		kl_memory_free(block->memory);
		block->memory = NULL;
		return true;
	}
	block->size = (1 + draw(BLOCK_MAX / SECTOR)) * SECTOR;
	block->memory = kl_memory_alloc(block->size, PAGE, -1);
	return expect("kl_memory_alloc", block->memory != NULL ? 0 : -ENOMEM, 0);
}

/* Changes of memory, which may come between any two calls. */
static bool change_memory(void)
{
	bool is_good = true;

	for (unsigned int i = 0; i < RTE_DIM(regions) && is_good; i++)
		if (draw(3) == 0)
			is_good = regions[i].is_registered ? unregister_region(&regions[i]) :
							     register_region(&regions[i]);
	for (unsigned int i = 0; i < RTE_DIM(blocks) && is_good; i++)
		if (draw(4) == 0)
			is_good = toggle_block(&blocks[i]);
	return is_good;
}

/* Some sectors into some place of the memory. */
static int read_some(struct known_disk *disk, uint8_t *memory, size_t size)
{
	size_t at = draw(size / SECTOR) * SECTOR;
	size_t length = (1 + draw((size - at) / SECTOR)) * SECTOR;
	uint64_t offset = draw((DISK_BYTES - length) / SECTOR) * SECTOR;

	return known_disk_read(disk, memory + at, offset, length);
}

static bool read_all(struct known_disk *disk)
{
	bool is_good = true;

	for (unsigned int i = 0; i < RTE_DIM(regions) && is_good; i++) {
		is_good = expect("a read into a region",
			read_some(disk, regions[i].memory, regions[i].size),
			regions[i].is_registered ? 0 : -EFAULT);
		*(regions[i].is_registered ? &reads : &refusals) += 1;
	}
	for (unsigned int i = 0; i < RTE_DIM(blocks) && is_good; i++) {
		if (blocks[i].memory == NULL)
			continue;
		is_good = expect("a read into EAL's memory",
			read_some(disk, blocks[i].memory, blocks[i].size), 0);
		reads++;
	}
	return is_good;
}

/* A registration does not end while a request to its memory is in flight. */
static bool unregister_in_flight(struct known_disk *disk)
{
	struct region *region = &regions[draw(RTE_DIM(regions))];

	if (!region->is_registered)
		return true;
	busy++;
	known_disk_submit(disk, region->memory, 0, region->size);
	return expect("the end of a region in flight",
		       kl_memory_unregister(region->memory, region->size), -EBUSY) &&
		expect("the read into it", known_disk_finish(disk), 0);
}

static bool cycle(const char *name)
{
	struct known_disk disk;
	bool is_good;

	if (!change_memory() || !expect("open", known_disk_open(&disk, name), 0))
		return false;
	is_good = read_all(&disk) && change_memory() && read_all(&disk) &&
		unregister_in_flight(&disk) && expect("stop", kl_blk_stop(disk.blk), 0) &&
		change_memory() &&
		expect("start", kl_blk_start(disk.blk, &(struct kl_blk_conf){0}), 0) &&
		read_all(&disk);
	known_disk_close(&disk);
	return is_good;
}

static bool run(const char *name, unsigned int count)
{
	for (unsigned int i = 0; i < RTE_DIM(regions); i++) {
		regions[i].size = (1 + draw(PAGES_MAX)) * PAGE;
		regions[i].memory = own_memory_map(OWN_MEMORY + i * STRIDE, regions[i].size);
	}
	for (unsigned int i = 0; i < count; i++) {
		if (!cycle(name)) {
			printf("in cycle %u\n", i);
			return false;
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	int taken = kl_eal_init(argc, argv);
	bool is_good;

	if (taken < 0 || argc - taken != 4)
		return 2;
	argv += taken;
	state = strtoull(argv[3], NULL, 10) * 2 + 1;
	is_good = run(argv[1], (unsigned int)strtoul(argv[2], NULL, 10));
	printf("%u reads compared, %u refused, %u registrations in flight\n", reads, refusals,
		busy);
	kl_eal_cleanup();
	return is_good && reads > 0 && refusals > 0 && busy > 0 ? 0 : 1;
}
