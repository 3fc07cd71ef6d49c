/* SPDX-License-Identifier: BSD-3-Clause */
#include "machine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <kickless/log.h>

#include "ram.h"

/* Memory stays shared when the last user has gone: QEMU is there still. */
static struct {
	char folder[256];
	struct qtest_wire *wire;
	unsigned int users;
} machine;

static int share_memory(const char *folder)
{
	char path[300];
	int rc;

	if (strcmp(folder, machine.folder) == 0)
		return 0;
	if (machine.folder[0] != '\0' || strlen(folder) >= sizeof(machine.folder)) {
		kl_error("%s: this process shares its memory with the QEMU in %s already", folder,
			machine.folder);
		return -EBUSY;
	}
	snprintf(path, sizeof(path), "%s/ram", folder);
	rc = qtest_ram_share(path);
	if (rc == 0)
		strcpy(machine.folder, folder);
	return rc;
}

static int plug_in(const char *folder)
{
	char path[300];
	int rc = share_memory(folder);

	if (rc != 0)
		return rc;
	snprintf(path, sizeof(path), "%s/qtest", folder);
	rc = qtest_wire_open(path, &machine.wire);
	if (rc != 0)
		kl_error("%s: no QEMU listens there: %s; start one with tests/qtest/machine.sh",
			path, strerror(-rc));
	return rc;
}

int qtest_machine_get(const char *folder, struct qtest_wire **wire)
{
	int rc = machine.users == 0 ? plug_in(folder) : share_memory(folder);

	if (rc != 0)
		return rc;
	machine.users++;
	*wire = machine.wire;
	return 0;
}

void qtest_machine_put(void)
{
	if (--machine.users == 0)
		qtest_wire_close(machine.wire);
}
