/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory of a QEMU without a guest is a file, and EAL's memory becomes a part of it. Each
 * of its pages lies at the same offset of the file as it has in our address space. So bus
 * addresses equal virtual ones, and all memory that EAL allocates, packets too, is memory that
 * QEMU's devices reach.
 */
#ifndef QTEST_RAM_H
#define QTEST_RAM_H

/*
 * Moves EAL's memory into the file at path. EAL has to run without hugepages and below the file's
 * end (--no-huge --base-virtaddr=0x40000000). Once per process. 0 or -errno after a message.
 */
int qtest_ram_share(const char *path);

#endif
