/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line: what dpdk-devbind takes, ours takes. */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "types.h"

static struct options options;

static int parse(int argc, const char *const *words)
{
	static char *argv[16];

	for (int i = 0; i < argc; i++)
		argv[i] = (char *)(uintptr_t)words[i];
	return options_parse(argc, argv, &options);
}

#define PARSE(...) \
	parse(sizeof((const char *[]){"devbind", __VA_ARGS__}) / sizeof(char *), \
		(const char *const[]){"devbind", __VA_ARGS__})

TestSuite(options, .init = cr_redirect_stderr);

Test(options, of_dpdk_devbind)
{
	cr_expect_eq(PARSE("-s"), 0);
	cr_expect(options.status);
	cr_expect_eq(PARSE("--status-dev", "net"), 0);
	cr_expect_str_eq(options.group, "net");
	cr_expect_eq(PARSE("--status-dev=crypto"), 0);
	cr_expect_eq(PARSE("-b", "vfio-pci", "--noiommu-mode", "--force", "0000:02:00.0", "eth1"),
		0);
	cr_expect(options.noiommu_mode && options.force);
	cr_expect_eq(options.name_count, 2);
	cr_expect_eq(PARSE("--bind=virtio-pci", "-s", "02:00.0"), 0);
	cr_expect(options.status);
	cr_expect_eq(options.action, ACTION_BIND);
	cr_expect_eq(PARSE("-u", "02:00.0", "02:00.1"), 0);
	cr_expect_eq(options.action, ACTION_UNBIND);
	cr_expect_eq(PARSE("-b", "none", "02:00.0"), 0);
	cr_expect_eq(options.action, ACTION_UNBIND);
	cr_expect_str_eq(options.driver, "");
	cr_expect_eq(PARSE("--bind", "vfio-pci", "-U", "0", "-G", "0", "02:00.0"), 0);
	cr_expect_eq(options.owner, 0);
	cr_expect_eq(PARSE("--usage"), 0);
	cr_expect(options.help);
}

Test(options, refused)
{
	cr_expect_eq(PARSE("eth1"), -EINVAL);
	cr_expect_eq(PARSE("-b", "vfio-pci"), -EINVAL);
	cr_expect_eq(PARSE("-b"), -EINVAL);
	cr_expect_eq(PARSE("-u"), -EINVAL);
	cr_expect_eq(PARSE("-b", "00:05.0", "vfio-pci"), -EINVAL);
	cr_expect_eq(PARSE("-b", "../x", "00:05.0"), -EINVAL);
	cr_expect_eq(PARSE("-b", "", "00:05.0"), -EINVAL);
	cr_expect_eq(PARSE("-b", "vfio-pci", "-u", "00:05.0"), -EINVAL);
	cr_expect_eq(PARSE("--status-dev", "network"), -EINVAL);
	cr_expect_eq(PARSE("--status-dev", ""), -EINVAL);
	cr_expect_eq(PARSE("--status-dev", "dma event"), -EINVAL);
	cr_expect_eq(PARSE("-b", "virtio-pci", "--uid", "0", "00:05.0"), -EINVAL);
	cr_expect_eq(PARSE("-b", "vfio-pci", "--uid", "no-such-user", "00:05.0"), -EINVAL);
	cr_expect_eq(PARSE("-b", "vfio-pci", "--gid", "-3", "00:05.0"), -EINVAL);
}

/* A device behind --json is no file. */
Test(options, json)
{
	cr_expect_eq(PARSE("-u", "--json", "00:05.0"), 0);
	cr_expect_str_eq(options.json, "-");
	cr_expect_eq(PARSE("-u", "--json", "/dev/vdq"), 0);
	cr_expect_str_eq(options.json, "-");
	cr_expect_eq(PARSE("-u", "--json", "net@0"), 0);
	cr_expect_str_eq(options.json, "-");
	cr_expect_eq(PARSE("-u", "00:05.0", "--json", "out"), 0);
	cr_expect_str_eq(options.json, "out");
	cr_expect_eq(options.name_count, 1);
}

Test(options, groups)
{
	static const char *const known[] = {"net", "blk", "block", "crypto", "baseband", "compress",
		"dma", "event", "mempool", "misc", "regex", "ml"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		cr_expect(type_group_is_known(known[i]), "%s", known[i]);
	cr_expect(type_is_in_group(1, "net"));
	cr_expect(type_is_in_group(2, "block"));
	cr_expect(type_is_in_group(2, "blk"));
	cr_expect_not(type_is_in_group(1, "block"));
	cr_expect_not(type_is_in_group(20, "compress"));
}
