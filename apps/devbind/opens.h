/* SPDX-License-Identifier: BSD-3-Clause */
/* Device files that processes have open, read once for all functions. */
#ifndef DEVBIND_OPENS_H
#define DEVBIND_OPENS_H

#include <stddef.h>
#include <sys/types.h>

#include <kickless/discover.h>

struct open_file {
	pid_t pid;
	char file[64]; /* below /dev, "" when it was opened elsewhere */
	char command[32];
	mode_t kind; /* S_IFCHR, S_IFBLK, or 0 when it is neither */
	dev_t number;
};

struct opens {
	struct open_file *list;
	size_t count;
};

/*
 * Reads the open files of other processes; without root, only of those of the same user. Returns
 * 0 or -ENOMEM.
 */
int opens_read(const struct kl_machine *machine, struct opens *opens);
void opens_free(struct opens *opens);

/*
 * A process that has the file below /dev open, or the same device by another file: that of a
 * container or a chroot has another path. NULL when there is none.
 */
const struct open_file *opens_find(const struct kl_machine *machine, const struct opens *opens,
	const char *file);

#endif
