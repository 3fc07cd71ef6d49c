/* SPDX-License-Identifier: BSD-3-Clause */
#include "signature.h"

#include <string.h>

struct signature {
	const char *what;
	uint32_t offset;
	uint8_t length;
	const char *magic;
};

/*
 * Checked before the partition tables: a file system on the whole device may have the mark of
 * an MBR too.
 */
static const struct signature signatures[] = {
	{"an ext file system", 1024 + 56, 2, "\x53\xef"},
	{"an XFS file system", 0, 4, "XFSB"},
	{"a btrfs file system", 65536 + 64, 8, "_BHRfS_M"},
	{"an LVM physical volume", 512 + 24, 8, "LVM2 001"},
	{"an LVM physical volume", 24, 8, "LVM2 001"},
	{"an LVM physical volume", 1024 + 24, 8, "LVM2 001"},
	{"an LVM physical volume", 1536 + 24, 8, "LVM2 001"},
	{"swap space", 4096 - 10, 10, "SWAPSPACE2"},
	{"swap space", 4096 - 10, 10, "SWAP-SPACE"},
	{"swap space", 65536 - 10, 10, "SWAPSPACE2"},
	{"a LUKS volume", 0, 6, "LUKS\xba\xbe"},
	{"a LUKS volume", 16384, 6, "SKUL\xba\xbe"},
	{"a member of a RAID", 0, 4, "\xfc\x4e\x2b\xa9"},
	{"a member of a RAID", 4096, 4, "\xfc\x4e\x2b\xa9"},
	{"an F2FS file system", 1024, 4, "\x10\x20\xf5\xf2"},
	{"an NTFS file system", 3, 8, "NTFS    "},
	{"an exFAT file system", 3, 8, "EXFAT   "},
	{"a FAT file system", 54, 3, "FAT"},
	{"a FAT file system", 82, 5, "FAT32"},
	{"a SquashFS file system", 0, 4, "hsqs"},
	{"an ISO 9660 file system", 32769, 5, "CD001"},
	{"a bcache or bcachefs device", 4096 + 24, 4, "\xc6\x85\x73\xf6"},
	{"a qcow2 image", 0, 4, "QFI\xfb"},
};

static int has_signature(const uint8_t *start, size_t bytes, const struct signature *signature)
{
	return signature->offset + signature->length <= bytes &&
		memcmp(start + signature->offset, signature->magic, signature->length) == 0;
}

/*
 * The header is in the second block, whose size may have been another one when the table was made.
 */
static int has_gpt(const uint8_t *start, size_t bytes, uint32_t block_size)
{
	const struct signature at_block = {"", block_size, 8, "EFI PART"};
	const struct signature at_512 = {"", 512, 8, "EFI PART"};
	const struct signature at_4096 = {"", 4096, 8, "EFI PART"};

	return has_signature(start, bytes, &at_block) || has_signature(start, bytes, &at_512) ||
		has_signature(start, bytes, &at_4096);
}

const char *signature_find(const uint8_t *start, size_t bytes, uint32_t block_size)
{
	const struct signature mbr = {"", 510, 2, "\x55\xaa"};

	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++)
		if (has_signature(start, bytes, &signatures[i]))
			return signatures[i].what;
	if (has_gpt(start, bytes, block_size))
		return "a partition table (GPT)";
	return has_signature(start, bytes, &mbr) ? "a partition table or boot sector (MBR)" : NULL;
}
