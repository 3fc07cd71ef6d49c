/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Usage: vhost_config [EAL options] -- SOCKET net|disk
 *
 * A vhost-user back end by DPDK's own library whose configuration changes by each line that it
 * reads: the link of a NIC, "down" or "up", or the size of a disk, in sectors. It reports the
 * change on its own channel, waits for the answer, and prints the result. The NIC carries no
 * packets.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_version.h>
#include <rte_vhost.h>

#include "vhost_disk.h"

#define GET_CONFIG 24
#define PROTOCOL_F_CONFIG 9
#define VIRTIO_NET_F_STATUS 16
#define CONFIG_BYTES 256
#define STATUS_AT 6
#define MTU_AT 10

#if RTE_VERSION < RTE_VERSION_NUM(23, 7, 0, 0)
#define rte_vhost_backend_config_change rte_vhost_slave_config_change
#endif

/* virtio 1.x, 5.1.4; little-endian, as this machine is. */
static uint8_t config[CONFIG_BYTES];
static atomic_int device = -1;
static bool is_disk;

/* The beginning of a message as DPDK hands it to a handler: that of the wire. */
struct message {
	uint32_t request;
	uint32_t flags;
	uint32_t size;
	struct {
		uint32_t offset;
		uint32_t size;
		uint32_t flags;
		uint8_t bytes[CONFIG_BYTES];
	} config;
};

static enum rte_vhost_msg_result handle_message(int vid, void *data)
{
	struct message *message = data;

	(void)vid;
	if (message->request != GET_CONFIG)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	if (message->config.offset > CONFIG_BYTES ||
		message->config.size > CONFIG_BYTES - message->config.offset)
		return RTE_VHOST_MSG_RESULT_ERR;
	memcpy(message->config.bytes, config + message->config.offset, message->config.size);
	return RTE_VHOST_MSG_RESULT_REPLY;
}

static struct rte_vhost_user_extern_ops handlers = {.pre_msg_handle = handle_message};

static int on_connection(int vid)
{
	return rte_vhost_extern_callback_register(vid, &handlers, NULL);
}

static int on_new_device(int vid)
{
	if (is_disk && disk_begin(vid) != 0)
		return -1;
	atomic_store(&device, vid);
	return 0;
}

static void on_lost_device(int vid)
{
	(void)vid;
	atomic_store(&device, -1);
	if (is_disk)
		disk_end();
}

static const struct rte_vhost_device_ops callbacks = {
	.new_connection = on_connection,
	.new_device = on_new_device,
	.destroy_device = on_lost_device,
};

static int serve(const char *path)
{
	uint64_t features, protocol;

	/* Whoever sets features makes a device of his own: of any type, and with any of them. */
	if (rte_vhost_driver_register(path, 0) != 0 ||
		rte_vhost_driver_get_features(path, &features) != 0 ||
		rte_vhost_driver_set_features(path,
			is_disk ? DISK_FEATURES : features | UINT64_C(1) << VIRTIO_NET_F_STATUS) !=
			0 ||
		rte_vhost_driver_get_protocol_features(path, &protocol) != 0 ||
		rte_vhost_driver_set_protocol_features(path,
			protocol | UINT64_C(1) << PROTOCOL_F_CONFIG) != 0 ||
		rte_vhost_driver_callback_register(path, &callbacks) != 0)
		return -1;
	return rte_vhost_driver_start(path);
}

/* Both fields are little-endian, as this machine is. */
static void change_config(const char *line)
{
	const uint64_t sectors = strtoull(line, NULL, 10);

	if (is_disk)
		memcpy(config, &sectors, sizeof(sectors));
	else
		config[STATUS_AT] = strcmp(line, "up") == 0;
}

int main(int argc, char **argv)
{
	const int taken = rte_eal_init(argc, argv);
	const uint16_t mtu = 1500;
	char line[16];

	if (taken < 0 || argc - taken != 3)
		return 2;
	is_disk = strcmp(argv[taken + 2], "disk") == 0;
	if (!is_disk)
		memcpy(config + MTU_AT, &mtu, sizeof(mtu));
	change_config(is_disk ? "2048" : "up");
	if (serve(argv[taken + 1]) != 0)
		return 1;
	while (fgets(line, sizeof(line), stdin) != NULL) {
		const uint64_t begin = rte_rdtsc();
		int rc;

		line[strcspn(line, "\n")] = '\0';
		change_config(line);
		rc = rte_vhost_backend_config_change(atomic_load(&device), true);
		printf("%s: %d within %u ms\n", line, rc,
			(unsigned int)((rte_rdtsc() - begin) * 1000 / rte_get_tsc_hz()));
		fflush(stdout);
	}
	rte_vhost_driver_unregister(argv[taken + 1]);
	return 0;
}
