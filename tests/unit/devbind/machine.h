/* SPDX-License-Identifier: BSD-3-Clause */
/* Functions of a machine of folders, with what a kernel makes of them. */
#ifndef UNIT_DEVBIND_MACHINE_H
#define UNIT_DEVBIND_MACHINE_H

#include "folders.h"
#include "inventory.h"
#include "options.h"

#define NIC "0000:00:05.0"
#define OTHER_NIC "0000:00:06.0"
#define DISK "0000:00:10.0"
#define FAR_NIC "0001:00:05.0"

/* NICs eth5 and eth6 (both down), a disk vdq with one partition, and a NIC in another domain. */
void machine_make(void);
void machine_remove(void);

/* A file of a line, where format makes the path. */
void machine_file(const char *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
void machine_link(const char *target, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The first line of a file, "" when there is none; valid until the next call. */
const char *machine_text(const char *path);

/* Reads the machine into inventory, and frees what was there. */
extern struct inventory inventory;
void machine_read(void);

#endif
