/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/dpdk_devices.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/redirect.h>

Test(dpdk_devices, virtual_devices)
{
	static const struct {
		const char *device;
		const char *instead;
	} rows[] = {
		{"net_virtio_user0,path=/tmp/s,server=1,queues=2",
			"use --dev vhost-user:/tmp/s,server=1,queues=2"},
		{"net_virtio_user0,path=/tmp/s", "use --dev vhost-user:/tmp/s"},
		{"net_virtio_user", "use --dev vhost-user:PATH"},
		{"eth_virtio_user0,queue_size=512,mac=02:00:00:00:00:01,path=/s,packed_vq=1",
			"use --dev vhost-user:/s,mac=02:00:00:00:00:01,queue_size=512,packed=1"},
		{"virtio_user0,path=/s,in_order=0,mrg_rxbuf=0",
			"use --dev vhost-user:/s,mrg_rxbuf=0,in_order=0"},
		{"virtio-user0,path=/s,cq=1,vectorized=1",
			"use --dev vhost-user:/s (without effect here: cq=1, vectorized=1)"},
		{"net_virtio_user0,path=/dev/vhost-net,iface=tap3",
			"use --dev tap:tap3 behind the --dev of the port that it joins"},
		{"net_virtio_user0,path=/dev/vhost-net",
			"use --dev tap:NAME behind the --dev of the port that it joins"},
		{"net_virtio_user0,path=/dev/vhost-vdpa-0",
			"/dev/vhost-vdpa-0 is not opened here; bind the function behind it by "
			"kickless-devbind -b vfio-pci ADDRESS, and use --dev ADDRESS"},
		{"net_vhost0,iface=/s,client=1,queues=4",
			"this program is the driver, and the back end another one; to connect with it use "
			"--dev vhost-user:/s,server=1,queues=4"},
		{"eth_vhost0,iface=/s,client=0",
			"this program is the driver, and the back end another one; to connect with it use "
			"--dev vhost-user:/s"},
		{"net_tap0,iface=kick0",
			"use --dev tap:kick0 behind the --dev of the port that it joins"},
		{"net_null0",
			"this program opens virtio devices only, which --dev names; --help has the forms"},
		{"net_pcap0,rx_pcap=a.pcap",
			"this program opens virtio devices only, which --dev names; --help has the forms"},
	};
	char text[512];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_expect(dpdk_vdev_explain(rows[i].device, text, sizeof(text)), "%s",
			rows[i].device);
		cr_expect_str_eq(text, rows[i].instead, "%s", rows[i].device);
	}
}

Test(dpdk_devices, names_of_ours)
{
	static const char *const names[] = {"0000:00:05.0", "net@0", "net:mac=02:00:00:00:00:01",
		"vhost-user:/tmp/net_virtio_user0", "mmio:0xfeb02e00", "tap:net_tap0", ""};
	char text[512];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		cr_expect_not(dpdk_vdev_explain(names[i], text, sizeof(text)), "%s", names[i]);
}

Test(dpdk_devices, a_text_that_does_not_fit)
{
	char text[16];

	cr_expect(dpdk_vdev_explain("net_virtio_user0,path=/a/long/path", text, sizeof(text)));
	cr_expect_str_eq(text, "use --dev vhost");
}

/* Each line of what was printed has one of the texts, in their order. */
static void expect_refusals(const char *const *words, int count, const char *const *texts)
{
	char *argv[8];
	char printed[2048] = "";
	FILE *output;
	const char *at = printed;

	for (int i = 0; i < count; i++)
		argv[i] = (char *)(uintptr_t)words[i];
	cr_expect_eq(dpdk_devices_refuse(count, argv), -EINVAL);
	fflush(stderr);
	output = cr_get_redirected_stderr();
	printed[fread(printed, 1, sizeof(printed) - 1, output)] = '\0';
	for (; *texts != NULL; texts++) {
		at = strstr(at, *texts);
		cr_assert_not_null(at, "no '%s' in: %s", *texts, printed);
	}
}

Test(dpdk_devices, options, .init = cr_redirect_stderr)
{
	expect_refusals((const char *[]){"-l", "0", "--vdev", "net_virtio_user0,path=/s",
				"--vdev=net_null0", "-a", "0000:00:05.0,vectorized=1", "-w00:06.0"},
		8,
		(const char *[]){"--vdev net_virtio_user0,path=/s: ", ": use --dev vhost-user:/s\n",
			"--vdev net_null0: ", "-a 0000:00:05.0,vectorized=1: ",
			": use --dev 0000:00:05.0 (without effect here: vectorized=1)\n",
			"-w 00:06.0: ", ": use --dev 00:06.0\n", NULL});
}

Test(dpdk_devices, other_options_that_choose, .init = cr_redirect_stderr)
{
	expect_refusals((const char *[]){"--allow=pci:0000:00:05.0", "--block", "0000:00:06.0",
				"-a", "net_virtio_user0,path=/s", "--vdev"},
		6,
		(const char *[]){"--allow pci:0000:00:05.0: ", ": use --dev 0000:00:05.0\n",
			"--block 0000:00:06.0: ", ": leave it out: ", ": use --dev vhost-user:/s\n",
			"--vdev : ", NULL});
}

Test(dpdk_devices, options_that_choose_none)
{
	char *words[] = {(char *)"--no-pci", (char *)"-c", (char *)"0x3", (char *)"-n", (char *)"4",
		(char *)"--base-virtaddr=1", (char *)"--vdevs", (char *)"--no-huge"};

	cr_expect_eq(dpdk_devices_refuse(8, words), 0);
}
